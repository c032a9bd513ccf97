"""CodeDeploy is told once, whatever happens. What it is told goes through botocore's own checks."""

import importlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from s3_catalog.errors import WorseError
from s3_catalog.rollout import hook_status as module
from s3_catalog.rollout.comparison import Calls, calls, compare
from s3_catalog.rollout.hook_status import RESERVE, verdict

if TYPE_CHECKING:
    from types_boto3_codedeploy import CodeDeployClient

HOOK = {"DeploymentId": "d-ABCDEF", "LifecycleEventHookExecutionId": "eyJhbGciOi"}
TOLD = "put_lifecycle_event_hook_execution_status"


@pytest.fixture
def codedeploy(aws: None) -> "CodeDeployClient":
    return boto3.client("codedeploy")


@pytest.fixture
def expecting(codedeploy: "CodeDeployClient") -> Callable[[str], Stubber]:
    """A function that has CodeDeploy wait for one status, and refuse everything else."""

    def make(status: str) -> Stubber:
        stubber = Stubber(codedeploy)
        request = {
            "deploymentId": "d-ABCDEF",
            "lifecycleEventHookExecutionId": "eyJhbGciOi",
            "status": status,
        }
        stubber.add_response(TOLD, {"lifecycleEventHookExecutionId": "eyJhbGciOi"}, request)
        stubber.activate()
        return stubber

    return make


def test_what_ends_well_succeeded(
    codedeploy: "CodeDeployClient", expecting: Callable[[str], Stubber]
) -> None:
    stubber = expecting("Succeeded")
    with verdict(codedeploy, HOOK, 300):
        pass
    stubber.assert_no_pending_responses()


@pytest.mark.parametrize("error", [ValueError, MemoryError, KeyboardInterrupt, SystemExit])
def test_what_raises_failed_and_says_why(
    codedeploy: "CodeDeployClient",
    expecting: Callable[[str], Stubber],
    error: type[BaseException],
) -> None:
    stubber = expecting("Failed")
    with pytest.raises(error), verdict(codedeploy, HOOK, 300):
        raise error
    stubber.assert_no_pending_responses()


def test_what_is_not_done_in_time_failed_and_nothing_is_said_after_that(
    codedeploy: "CodeDeployClient", expecting: Callable[[str], Stubber]
) -> None:
    stubber = expecting("Failed")
    told = Event()
    codedeploy.meta.events.register("after-call.codedeploy", lambda **_: told.set())
    with verdict(codedeploy, HOOK, RESERVE + 0.01):
        assert told.wait(30)
    stubber.assert_no_pending_responses()


def test_a_report_that_is_refused_is_not_hidden(codedeploy: "CodeDeployClient") -> None:
    stubber = Stubber(codedeploy)
    stubber.add_client_error(TOLD, "DeploymentDoesNotExistException")
    with (
        stubber,
        pytest.raises(codedeploy.exceptions.DeploymentDoesNotExistException),
        verdict(codedeploy, HOOK, 300),
    ):
        pass


# The comparison


@pytest.mark.parametrize(
    ("new", "before"),
    [
        (Calls(0, 0), Calls(0, 0)),
        (Calls(1000, 0), Calls(10, 0)),
        (Calls(3, 3), Calls(1000, 0)),
        (Calls(1000, 10), Calls(1000, 0)),
        (Calls(100, 50), Calls(100, 50)),
    ],
    ids=["no calls", "no errors", "few errors", "within the margin", "as bad as before"],
)
def test_a_version_that_is_no_worse_may_stay(new: Calls, before: Calls) -> None:
    compare(new, before)


@pytest.mark.parametrize(
    ("new", "before"),
    [
        (Calls(4, 4), Calls(0, 0)),
        (Calls(1000, 11), Calls(1000, 0)),
        (Calls(100, 52), Calls(100, 50)),
    ],
)
def test_a_version_that_is_worse_may_not(new: Calls, before: Calls) -> None:
    with pytest.raises(WorseError, match=r"calls of the new version failed, before it"):
        compare(new, before)


def test_calls_are_shared_out_by_version(aws: None) -> None:
    cloudwatch = boto3.client("cloudwatch")
    then = datetime.now(UTC) - timedelta(minutes=10)
    seven = [
        {"Name": "FunctionName", "Value": "ingest"},
        {"Name": "Resource", "Value": "ingest:live"},
        {"Name": "ExecutedVersion", "Value": "7"},
    ]
    for dimensions, made, failed in ((seven, 10.0, 4.0), (seven[:2], 110.0, 5.0)):
        for name, value in (("Invocations", made), ("Errors", failed)):
            cloudwatch.put_metric_data(
                Namespace="AWS/Lambda",
                MetricData=[
                    {
                        "MetricName": name,
                        "Dimensions": dimensions,  # type: ignore[typeddict-item]
                        "Value": value,
                        "Timestamp": then,
                    }
                ],
            )
    assert calls(cloudwatch, "ingest", "live", "7") == (Calls(10, 4), Calls(100, 1))
    assert calls(cloudwatch, "ingest", "live", "8") == (Calls(0, 0), Calls(110, 5))


class Context:
    """Lambda, with five minutes to go."""

    def get_remaining_time_in_millis(self) -> int:
        return 300_000


@pytest.mark.parametrize(("failed", "status"), [(0, "Succeeded"), (9, "Failed")])
def test_the_function_after_traffic_tells_what_it_finds(
    aws: None, monkeypatch: pytest.MonkeyPatch, failed: int, status: str
) -> None:
    for name, value in (("FUNCTION_NAME", "f"), ("ALIAS_NAME", "live"), ("VERSION", "7")):
        monkeypatch.setenv(name, value)
    after: Any = importlib.import_module("handlers.post_traffic")
    told = []
    monkeypatch.setattr(after, "calls", lambda *_: (Calls(9, failed), Calls(100, 0)))
    monkeypatch.setattr(
        after._codedeploy, TOLD, lambda **request: told.append(request), raising=False
    )
    if failed:
        with pytest.raises(WorseError):
            after.handler(HOOK, Context())
    else:
        after.handler(HOOK, Context())
    assert [request["status"] for request in told] == [status]
    assert module.RESERVE < 60  # Else a function of one minute had no time at all.
