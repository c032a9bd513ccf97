"""The network between a function and AWS, which loses, refuses, repeats and delays requests."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from tests.simulator.history import Fault, Trouble

_T = TypeVar("_T")

_ERRORS = {
    "dynamodb": (("ThrottlingException", 400), ("InternalServerError", 500)),
    "s3": (("SlowDown", 503), ("InternalError", 500)),
    "configuration": (("SlowDown", 503), ("OperationAborted", 409)),
}
_ONE_ATTEMPT = {"configuration"}
"""Services whose client sends no request a second time."""

Place = tuple[str, str]
"""A bucket and a key, both empty in a request about several."""


_CONFLICT = 409


class Crash(BaseException):
    """The function's process has ended. Not an Exception, so that the function cannot catch it."""


@dataclass
class Invocation:
    """A running function: its faults, and its effects so far."""

    faults: tuple[Fault, ...] = ()
    offset: timedelta = timedelta()
    calls: int = 0
    troubled: bool = False
    spoiled: int | None = None
    written: set[Place] = field(default_factory=set)
    refused: Counter[Place] = field(default_factory=Counter)
    existing: set[Place] = field(default_factory=set)
    missing: set[Place] = field(default_factory=set)


class Network:
    """Executes requests, with the faults of the innermost running invocation.

    An invocation inside another is a concurrent one that runs while the outer one waits. `play`
    plays the actions of others during a fault. `seen` counts faults by name. `late` while a request
    that timed out takes effect.
    """

    def __init__(self, play: Callable[[Fault, Place], None], seen: Counter[str]) -> None:
        self.invocations: list[Invocation] = []
        self.in_flight: list[Callable[[], object]] = []
        self.seen = seen
        self.late = False
        self._play = play

    @property
    def current(self) -> Invocation:
        """The innermost running invocation, or an empty one."""
        return self.invocations[-1] if self.invocations else Invocation()

    def request(self, service: str, place: Place, effect: Callable[[], _T]) -> _T:
        """Execute `effect` in `service`, which is about `place`, or a fault of it."""
        invocation = self.current
        invocation.spoiled = None
        number = invocation.calls
        invocation.calls += 1
        for fault in invocation.faults:
            if fault.trouble is Trouble.STORM and service == "s3":
                invocation.troubled = True
                self._play(fault, place)
            elif fault.trouble is not Trouble.STORM and fault.call == number:
                invocation.troubled = True
                return self._trouble(fault, service, place, effect)
        return effect()

    def _trouble(self, fault: Fault, service: str, place: Place, effect: Callable[[], _T]) -> _T:
        self.seen[fault.trouble.value] += 1
        trouble = fault.trouble
        if trouble in {Trouble.BEFORE, Trouble.AFTER}:
            return self._concurrently(fault, place, effect)
        if trouble is Trouble.STATEMENT:
            self.current.spoiled = fault.detail
            return effect()
        if trouble in {Trouble.CRASH_AFTER, Trouble.BROKEN, Trouble.RETRIED}:
            with suppress(ClientError):
                effect()
        if trouble is Trouble.RETRIED and service not in _ONE_ATTEMPT:
            return effect()
        if trouble is Trouble.LATE:
            self.in_flight.append(effect)
        if trouble in {Trouble.CRASH_BEFORE, Trouble.CRASH_AFTER}:
            raise Crash
        raise _error(service, fault)

    def _concurrently(self, fault: Fault, place: Place, effect: Callable[[], _T]) -> _T:
        if fault.trouble is Trouble.BEFORE:
            self._play(fault, place)
            return effect()
        try:
            return effect()
        finally:
            self._play(fault, place)

    def arrive(self, chosen: int) -> None:
        """Let a request that timed out take effect, without a reply."""
        if self.in_flight:
            self.late = True
            with suppress(ClientError):
                self.in_flight.pop(chosen % len(self.in_flight))()
            self.late = False


def _error(service: str, fault: Fault) -> ClientError | BotoCoreError:
    errors = _ERRORS[service]
    chosen = fault.detail % (len(errors) + 1)
    if chosen == len(errors) or fault.trouble in {Trouble.LATE, Trouble.RETRIED}:
        return ReadTimeoutError(endpoint_url=f"https://{service}")
    code, status = errors[chosen]
    if status == _CONFLICT and fault.trouble is not Trouble.REFUSED:  # Never done.
        code, status = errors[0]
    return ClientError(
        {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "Simulated",
    )
