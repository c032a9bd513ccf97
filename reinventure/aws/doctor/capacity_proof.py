"""The proof that Auto Scaling can launch an instance whose volumes are under the DATA key."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from reinventure.aws.connection import config
from reinventure.aws.doctor import polling
from reinventure.errors import CheckFailedError

if TYPE_CHECKING:
    import boto3

PATIENCE_SECONDS = 300

_FAILED = ("Failed", "Cancelled")
"""Status codes of an activity that did not succeed (`ScalingActivityStatusCode`)."""


def prove(session: "boto3.Session", group: str) -> str:
    """Have an instance of the Auto Scaling group `group` in service, and return which one.

    If the desired capacity is 0, it is 1 meanwhile. Raises CheckFailedError when a launch fails or
    takes longer than `PATIENCE_SECONDS`, and botocore's ClientError or BotoCoreError.
    """
    autoscaling = session.client("autoscaling", config=config())
    earlier = {each["ActivityId"] for each in _activities(autoscaling, group)}
    with _at_least_one(autoscaling, group):

        def look() -> str | None:
            for instance in _described(autoscaling, group)["Instances"]:
                if instance["LifecycleState"] == "InService":
                    return f"instance {instance['InstanceId']} is in service"
            for each in _activities(autoscaling, group):
                if each["ActivityId"] not in earlier and each["StatusCode"] in _FAILED:
                    raise CheckFailedError(each.get("StatusMessage") or each["StatusCode"])
            return None

        if seen := polling.first(look, PATIENCE_SECONDS, pause=5):
            return seen
    raise CheckFailedError(f"no instance was in service after {PATIENCE_SECONDS} s")


@contextmanager
def _at_least_one(autoscaling: Any, group: str) -> Iterator[None]:
    """Set the desired capacity to 1 if it is 0, and back in the end.

    Not if it changed meanwhile: then there is work for the instances.
    """
    if _described(autoscaling, group)["DesiredCapacity"] > 0:
        yield
        return
    try:
        autoscaling.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=1)
        yield
    finally:
        if _described(autoscaling, group)["DesiredCapacity"] == 1:
            autoscaling.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=0)


def _described(autoscaling: Any, group: str) -> Any:
    found = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group])
    if not found["AutoScalingGroups"]:
        raise CheckFailedError(f"there is no Auto Scaling group {group}")
    return found["AutoScalingGroups"][0]


def _activities(autoscaling: Any, group: str) -> Any:
    """Return the latest activities of the group, newest first."""
    return autoscaling.describe_scaling_activities(AutoScalingGroupName=group)["Activities"]
