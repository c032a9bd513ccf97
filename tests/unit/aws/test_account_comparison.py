"""A comparison in the account: its start, its progress, and how it may end."""

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from reinventure.aws import account_comparison
from reinventure.aws.account_comparison import AccountComparison, RangesDone
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.errors import UserError

EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:machine:1"


class GoneError(Exception):
    """The service's ExecutionDoesNotExist."""


class Service:
    """Step Functions, where an execution goes through `states`: its status, and ranges done."""

    exceptions = SimpleNamespace(ExecutionDoesNotExist=GoneError)

    def __init__(self, *states: tuple[dict[str, Any], int | None]) -> None:
        self._states = list(states)
        self._done: int | None = None
        self.started: list[dict[str, Any]] = []

    def start_execution(self, **request: Any) -> Any:
        self.started.append(request)
        return {"executionArn": EXECUTION}

    def describe_execution(self, **request: Any) -> Any:
        assert request == {"executionArn": EXECUTION}
        if not self._states:
            raise GoneError
        state, self._done = self._states.pop(0)
        return state

    def list_map_runs(self, **request: Any) -> Any:
        assert request == {"executionArn": EXECUTION}
        return {"mapRuns": [] if self._done is None else [{"mapRunArn": "run"}]}

    def describe_map_run(self, **request: Any) -> Any:
        assert request == {"mapRunArn": "run"}
        return {"itemCounts": {"succeeded": self._done, "total": 9, "running": 1}}


def wait(service: Service) -> tuple[list[RangesDone], int]:
    """The progress that was reported, and the number of pauses."""
    reported: list[RangesDone] = []
    pauses: list[None] = []
    AccountComparison(service, EXECUTION).wait(reported.append, lambda: pauses.append(None))
    return reported, len(pauses)


RUNNING: dict[str, Any] = {"status": "RUNNING"}


def test_it_reports_the_ranges_until_all_are_done() -> None:
    service = Service((RUNNING, None), (RUNNING, 4), ({"status": "SUCCEEDED"}, 9))
    assert wait(service) == ([RangesDone(0, 0), RangesDone(4, 9), RangesDone(9, 9)], 2)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (
            {"status": "FAILED", "error": "States.TaskFailed", "cause": "denied"},
            "ended as FAILED, States.TaskFailed: denied. Run the command again",
        ),
        ({"status": "TIMED_OUT"}, "ended as TIMED_OUT. Run the command again"),
        ({"status": "ABORTED"}, f"the execution is {EXECUTION}"),
    ],
)
def test_another_end_is_an_error_with_its_reason(state: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        wait(Service((RUNNING, 1), (state, 1)))


def test_an_execution_that_the_account_has_forgotten_is_an_error() -> None:
    with pytest.raises(UserError, match=r"is gone\. Run the command again"):
        wait(Service((RUNNING, 1)))


def catalog(service: Service, machine: str | None) -> DeployedCatalog:
    clients = {"stepfunctions": service}
    return cast(
        "DeployedCatalog",
        SimpleNamespace(
            outputs=SimpleNamespace(reconcile_machine_arn=machine),
            bucket="photos",
            session=SimpleNamespace(client=lambda name, **_: clients[name]),
        ),
    )


def test_a_start_names_the_part_of_the_bucket() -> None:
    service = Service()
    comparison = account_comparison.start(catalog(service, "machine"), "in/", 'in/"é')
    assert comparison.execution == EXECUTION
    [request] = service.started
    assert request["stateMachineArn"] == "machine"
    assert json.loads(request["input"]) == {"bucket": "photos", "prefix": "in/", "after": 'in/"é'}
    assert account_comparison.resume(catalog(service, None), EXECUTION) == comparison


def test_a_catalog_without_a_state_machine_cannot_start() -> None:
    with pytest.raises(UserError, match="no state machine"):
        account_comparison.start(catalog(Service(), None), "", "")
