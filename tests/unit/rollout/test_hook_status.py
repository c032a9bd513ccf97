"""CodeDeploy gets one status, whatever happens. botocore validates each request."""

import importlib
import logging
from collections.abc import Callable
from threading import Event
from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock

import boto3
import pytest
from botocore.stub import Stubber

from s3_catalog.exceptions import EnvironmentVariableError, WorseError
from s3_catalog.rollout.comparison import Invocations
from s3_catalog.rollout.hook_status import report_status
from tests.doubles import Context

if TYPE_CHECKING:
    from types_boto3_codedeploy import CodeDeployClient

HOOK = {"DeploymentId": "d-ABCDEF", "LifecycleEventHookExecutionId": "eyJhbGciOi"}
PUT_STATUS = "put_lifecycle_event_hook_execution_status"


@pytest.fixture
def codedeploy(aws: None) -> "CodeDeployClient":
    return boto3.client("codedeploy")


@pytest.fixture
def expecting(codedeploy: "CodeDeployClient") -> Callable[[str], Stubber]:
    """A function that makes CodeDeploy expect one status, and refuse any other request."""

    def make(status: str) -> Stubber:
        stubber = Stubber(codedeploy)
        request = {
            "deploymentId": "d-ABCDEF",
            "lifecycleEventHookExecutionId": "eyJhbGciOi",
            "status": status,
        }
        stubber.add_response(PUT_STATUS, {"lifecycleEventHookExecutionId": "eyJhbGciOi"}, request)
        stubber.activate()
        return stubber

    return make


def test_a_body_that_ends_is_reported_as_succeeded(
    codedeploy: "CodeDeployClient", expecting: Callable[[str], Stubber]
) -> None:
    stubber = expecting("Succeeded")
    with report_status(codedeploy, HOOK, 300):
        pass
    stubber.assert_no_pending_responses()


@pytest.mark.parametrize("error", [ValueError, MemoryError, KeyboardInterrupt, SystemExit])
def test_a_body_that_raises_is_reported_as_failed(
    codedeploy: "CodeDeployClient",
    expecting: Callable[[str], Stubber],
    error: type[BaseException],
) -> None:
    stubber = expecting("Failed")
    with pytest.raises(error), report_status(codedeploy, HOOK, 300):
        raise error
    stubber.assert_no_pending_responses()


def test_an_unfinished_body_is_reported_as_failed_20_seconds_before_the_time_out(
    codedeploy: "CodeDeployClient", expecting: Callable[[str], Stubber]
) -> None:
    stubber = expecting("Failed")
    reported = Event()
    codedeploy.meta.events.register("after-call.codedeploy", lambda **_: reported.set())
    with report_status(codedeploy, HOOK, 20.01):
        assert reported.wait(5)
    stubber.assert_no_pending_responses()


@pytest.mark.parametrize(("seconds", "interval"), [(300, 280), (15, 0)])
def test_a_body_has_all_but_20_seconds_of_the_function(
    monkeypatch: pytest.MonkeyPatch, seconds: float, interval: float
) -> None:
    timer = MagicMock()
    monkeypatch.setattr("s3_catalog.rollout.hook_status.Timer", timer)
    with report_status(MagicMock(), HOOK, seconds):
        pass
    assert timer.call_args.args[0] == interval


def test_a_refused_report_is_raised(codedeploy: "CodeDeployClient") -> None:
    stubber = Stubber(codedeploy)
    stubber.add_client_error(PUT_STATUS, "DeploymentDoesNotExistException")
    with (
        stubber,
        pytest.raises(codedeploy.exceptions.DeploymentDoesNotExistException),
        report_status(codedeploy, HOOK, 300),
    ):
        pass


@pytest.mark.parametrize(("failed", "status"), [(0, "Succeeded"), (9, "Failed")])
def test_the_post_traffic_hook_reports_its_comparison(
    aws: None, monkeypatch: pytest.MonkeyPatch, failed: int, status: str
) -> None:
    for name, value in (("FUNCTION_NAME", "f"), ("ALIAS_NAME", "live"), ("VERSION", "7")):
        monkeypatch.setenv(name, value)
    after: Any = importlib.import_module("handlers.post_traffic")
    reported: list[dict[str, str]] = []
    counts = Invocations(9, failed), Invocations(100, 0)
    monkeypatch.setattr(after, "invocations", lambda *_: counts)
    monkeypatch.setattr(
        after._codedeploy, PUT_STATUS, lambda **request: reported.append(request), raising=False
    )
    if failed:
        with pytest.raises(WorseError):
            after.handler(HOOK, Context(remaining=60_000))
    else:
        after.handler(HOOK, Context(remaining=60_000))
    assert [request["status"] for request in reported] == [status]
    assert logging.getLogger("s3_catalog.rollout.hook_status").isEnabledFor(logging.INFO)


@pytest.mark.parametrize("hook", ["pre_traffic", "post_traffic"])
def test_a_hook_without_its_variables_reports_failed(
    aws: None, monkeypatch: pytest.MonkeyPatch, hook: str
) -> None:
    for name in ("VERSION", "VERSION_ARN"):
        monkeypatch.delenv(name, raising=False)
    module: Any = importlib.import_module(f"handlers.{hook}")
    reported: list[dict[str, str]] = []
    monkeypatch.setattr(
        module._codedeploy, PUT_STATUS, lambda **request: reported.append(request), raising=False
    )
    with pytest.raises(EnvironmentVariableError):
        module.handler(HOOK, Context(remaining=60_000))
    assert [request["status"] for request in reported] == ["Failed"]
