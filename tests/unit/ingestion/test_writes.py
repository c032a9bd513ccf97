"""The write of a delivery's self-contained events: a batch, or a single write."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from s3_catalog.ingestion import delivery
from s3_catalog.model.event import Content, Event
from s3_catalog.table import batch_write
from s3_catalog.table.store import Outcome, Store

TIME = datetime(2026, 11, 23, tzinfo=UTC)
EVENTS = [
    Event("bucket", key, "ObjectCreated:Put", TIME, "0A", None, Content(1, "e")) for key in "ab"
]


class OneByOne(Store):
    """A store whose single writes have the result `result`."""

    def __init__(self, result: Outcome | Exception) -> None:
        super().__init__(cast("Any", None), "table", 1)
        self._result = result
        self.written: list[Event] = []

    def write(self, event: Event) -> Outcome:
        self.written.append(event)
        if isinstance(self._result, Exception):
            raise self._result
        return self._result


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[Event]]:
    """The events of each batch."""
    written: list[Sequence[Event]] = []

    def write(_store: Store, events: Sequence[Event]) -> list[batch_write.Result]:
        written.append(events)
        return [Outcome.WRITTEN] * len(events)

    monkeypatch.setattr(batch_write, "write", write)
    return written


def test_one_event_is_a_single_write(batches: list[Sequence[Event]]) -> None:
    store = OneByOne(Outcome.SUPERSEDED)
    assert delivery._write(store, EVENTS[:1]) == [Outcome.SUPERSEDED]
    assert (store.written, batches) == (EVENTS[:1], [])


def test_several_events_are_a_batch(batches: list[Sequence[Event]]) -> None:
    store = OneByOne(Outcome.SUPERSEDED)
    assert delivery._write(store, EVENTS) == [Outcome.WRITTEN, Outcome.WRITTEN]
    assert (store.written, batches) == ([], [EVENTS])


def test_no_event_is_no_write(batches: list[Sequence[Event]]) -> None:
    store = OneByOne(Outcome.SUPERSEDED)
    assert delivery._write(store, []) == []
    assert (store.written, batches) == ([], [])


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "ThrottlingException"}}, "PutItem"),
        ReadTimeoutError(endpoint_url="https://dynamodb"),
    ],
)
def test_the_exception_of_a_single_write_is_its_result(error: Exception) -> None:
    assert delivery._write(OneByOne(error), EVENTS[:1]) == [error]
