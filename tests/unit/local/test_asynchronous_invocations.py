"""Events of functions on the local cloud wait in a queue, and are retried as before."""

import importlib
import threading
from collections.abc import Callable
from typing import Any

import pytest

from reinventure.local.patches.functions import events_wait_without_threads
from tests.waiting import wait_until

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"
FUNCTION = {
    "config": {"FunctionName": "f", "FunctionArn": ARN},
    "event_invoke_config": {"DestinationConfig": {"OnFailure": {"Destination": "queue"}}},
}
Invoke = Callable[[Any, Any], None]


class Functions:
    """What has been executed, and which failures have reached their destination."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.failures: list[tuple[Any, ...]] = []
        self.failing = 0
        """First executions that fail."""

    def execute(self, function: Any, event: Any) -> dict[str, Any]:
        assert function == FUNCTION
        self.events.append(event)
        if len(self.events) <= self.failing:
            return {"error": True, "body": len(self.events)}
        return {"body": "done"}

    def fail(self, *arguments: Any) -> None:
        self.failures.append(arguments)


@pytest.fixture
def functions() -> Functions:
    return Functions()


@pytest.fixture
def invoke(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Invoke a function as the patched emulator does."""
    emulator: Any = importlib.import_module("ministack.services.lambda_svc")
    monkeypatch.setattr(emulator, "invoke_async_with_retry", emulator.invoke_async_with_retry)
    monkeypatch.setattr(emulator, "_execute_function", functions.execute)
    monkeypatch.setattr(emulator, "_route_async_failure", functions.fail)
    monkeypatch.setattr(emulator, "_LAMBDA_ASYNC_RETRY_BASE_SECONDS", 0)
    events_wait_without_threads.apply()
    invoked: Invoke = emulator.invoke_async_with_retry
    return invoked


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_a_failed_event_is_tried_three_times(
    functions: Functions, invoke: Invoke, failing: int
) -> None:
    functions.failing = failing
    invoke(FUNCTION, "a")
    wanted = ["a"] * (failing + 1)
    wait_until(lambda: functions.events == wanted, left=lambda: functions.events)
    invoke(FUNCTION, "b")
    wait_until(lambda: functions.events == [*wanted, "b"], left=lambda: functions.events)
    assert functions.failures == []


def test_the_last_failure_goes_to_the_destination_once(
    functions: Functions, invoke: Invoke
) -> None:
    functions.failing = 3
    invoke(FUNCTION, "a")
    wait_until(lambda: bool(functions.failures), left=lambda: functions.events)
    assert functions.failures == [("queue", "f", "a", {"error": True, "body": 3})]
    assert functions.events == ["a"] * 3


def test_a_burst_starts_no_thread_for_each_event(functions: Functions, invoke: Invoke) -> None:
    invoke(FUNCTION, "first")
    before = threading.active_count()
    for number in range(500):
        invoke(FUNCTION, number)
    assert threading.active_count() <= before
    wait_until(lambda: len(functions.events) == 501, left=lambda: len(functions.events))
    assert set(functions.events) == {"first", *range(500)}
