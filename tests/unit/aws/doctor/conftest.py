"""Proofs without their waits, and services that moto lacks."""

from typing import TYPE_CHECKING, Any, NoReturn
from uuid import uuid4

import boto3
import pytest

from reinventure.aws.doctor import polling, temporary_queue
from tests.unit.cli.conftest import catalog, session

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["catalog", "session"]


class Waits:
    """The clock of `polling`: it moves as a proof waits. `at_first` is called at the first wait."""

    def __init__(self) -> None:
        self.now = 0.0
        self.at_first: Callable[[], None] = lambda: None

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        if self.now == 0:
            self.at_first()
        self.now += seconds


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    """A clock that moves as proofs wait. moto has all messages at once."""
    waits = Waits()
    monkeypatch.setattr(polling, "time", waits)
    monkeypatch.setattr(temporary_queue, "WAIT_SECONDS", 0)
    return waits


def interrupt() -> NoReturn:
    """What the command does at Ctrl-C."""
    raise SystemExit(130)


class Session:
    """A session with `doubles` of services by their names, and moto's other ones."""

    def __init__(self, session: boto3.Session, **doubles: Any) -> None:
        self._session = session
        self._doubles = doubles

    def client(self, service: str, **options: Any) -> Any:
        return self._doubles.get(service) or self._session.client(service, **options)  # type: ignore[call-overload]


@pytest.fixture
def name() -> str:
    """The name of a temporary queue or rule."""
    return f"Catalog-doctor-{uuid4().hex[:16]}"


def queues(session: boto3.Session, prefix: str) -> list[str]:
    """The URLs of the queues whose name begins with `prefix`."""
    return session.client("sqs").list_queues(QueueNamePrefix=prefix).get("QueueUrls", [])
