"""The proof of capacity: Auto Scaling is a double that launches an instance, or fails to."""

from typing import Any

import boto3
import pytest

from reinventure.aws.doctor import capacity_proof
from reinventure.errors import CheckFailedError
from tests.unit.aws.doctor.conftest import Session, Waits, interrupt

KEY = "Instance became unhealthy. Termination Reason: Client.InternalError: Client error on launch"


class AutoScaling:
    """A group with a `desired` capacity. At the third look the launch ends as `launch` says."""

    def __init__(self, desired: int = 0, launch: str = "Successful") -> None:
        self.desired = desired
        self.set: list[int] = []
        self.running = desired
        self._launch = launch
        self._looks = 0
        self.activities = [{"ActivityId": "old", "StatusCode": "Failed", "StatusMessage": "old"}]

    # The parameters are named as in AWS.
    def set_desired_capacity(self, *, AutoScalingGroupName: str, DesiredCapacity: int) -> None:  # noqa: N803
        assert AutoScalingGroupName == "group"
        self.desired = DesiredCapacity
        self.set.append(DesiredCapacity)

    def describe_auto_scaling_groups(self, *, AutoScalingGroupNames: list[str]) -> dict[str, Any]:  # noqa: N803
        if AutoScalingGroupNames != ["group"]:
            return {"AutoScalingGroups": []}
        self._looks += 1
        if self.desired > self.running and self._looks > 3:
            if self._launch == "Successful":
                self.running = self.desired
            else:
                activity = {"ActivityId": "new", "StatusCode": self._launch, "StatusMessage": KEY}
                self.activities.insert(0, activity)
        instances = [
            {"InstanceId": f"i-{number}", "LifecycleState": "InService"}
            for number in range(self.running)
        ]
        pending = {"InstanceId": "i-9", "LifecycleState": "Pending"}
        return {
            "AutoScalingGroups": [
                {"DesiredCapacity": self.desired, "Instances": [pending, *instances]}
            ]
        }

    def describe_scaling_activities(self, **_: object) -> dict[str, Any]:
        return {"Activities": list(self.activities)}


def prove(session: boto3.Session, autoscaling: AutoScaling, group: str = "group") -> str:
    return capacity_proof.prove(Session(session, autoscaling=autoscaling), group)  # type: ignore[arg-type]


def test_an_instance_comes_and_the_capacity_is_as_before(session: boto3.Session) -> None:
    autoscaling = AutoScaling()
    assert prove(session, autoscaling) == "instance i-0 is in service"
    assert autoscaling.set == [1, 0]


def test_a_running_instance_is_enough(session: boto3.Session) -> None:
    autoscaling = AutoScaling(desired=2)
    assert prove(session, autoscaling) == "instance i-0 is in service"
    assert autoscaling.set == []


@pytest.mark.parametrize("status", ["Failed", "Cancelled"])
def test_the_reason_is_that_of_the_new_launch(session: boto3.Session, status: str) -> None:
    autoscaling = AutoScaling(launch=status)
    with pytest.raises(CheckFailedError, match=f"^{KEY}$"):
        prove(session, autoscaling)
    assert autoscaling.set == [1, 0]


def test_a_launch_without_an_end_does_not_work(session: boto3.Session, waits: Waits) -> None:
    autoscaling = AutoScaling(launch="InProgress")
    with pytest.raises(CheckFailedError, match=r"^no instance was in service after 300 s$"):
        prove(session, autoscaling)
    assert 300 <= waits.now < 310
    assert autoscaling.set == [1, 0]


def test_an_interruption_sets_the_capacity_back(session: boto3.Session, waits: Waits) -> None:
    autoscaling = AutoScaling()
    waits.at_first = interrupt
    with pytest.raises(SystemExit):
        prove(session, autoscaling)
    assert autoscaling.set == [1, 0]


def test_a_capacity_that_work_raised_meanwhile_stays(session: boto3.Session, waits: Waits) -> None:
    autoscaling = AutoScaling()

    def raise_capacity() -> None:
        autoscaling.desired = 3

    waits.at_first = raise_capacity
    assert prove(session, autoscaling) == "instance i-0 is in service"
    assert autoscaling.set == [1]
    assert autoscaling.desired == 3


def test_a_group_that_is_gone_does_not_work(session: boto3.Session) -> None:
    with pytest.raises(CheckFailedError, match=r"^there is no Auto Scaling group other$"):
        prove(session, AutoScaling(), "other")
