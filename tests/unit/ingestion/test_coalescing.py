"""Events of one key in one delivery: which is written, and which cause a lookup."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from s3_catalog.ingestion import delivery
from s3_catalog.ingestion.delivery import Report
from s3_catalog.model.event import Content, Event
from s3_catalog.table.store import Outcome

WRITTEN, SUPERSEDED, UNDECIDED = Outcome.WRITTEN, Outcome.SUPERSEDED, Outcome.UNDECIDED
TIME = datetime(2026, 11, 23, tzinfo=UTC)
FAILED = ClientError({"Error": {"Code": "ThrottlingException"}}, "PutItem")


def put(sequencer: str) -> Event:
    return Event("bucket", "key", "ObjectCreated:Put", TIME, sequencer, None, Content(1, "e"))


def removal(sequencer: str | None, version_id: str = "v1") -> Event:
    return Event("bucket", "key", "ObjectRemoved:Delete", TIME, sequencer, version_id, None)


@dataclass
class Applied:
    """The events written and those that caused a lookup, and the results that they have."""

    write: Outcome | Exception = WRITTEN
    lookup: Outcome = WRITTEN
    written: list[Event] = field(default_factory=list)
    looked_up: list[Event] = field(default_factory=list)
    report: Report = field(default_factory=Report)

    def apply(self, *events: Event) -> object:
        """The result of the key."""
        nothing = cast("Any", None)
        results = delivery._apply({"key": list(events)}, nothing, nothing, self.report)
        assert list(results) == ["key"]
        return results["key"]


@pytest.fixture
def applied(monkeypatch: pytest.MonkeyPatch) -> Applied:
    applied = Applied()

    def write(_store: Any, events: list[Event]) -> list[Any]:
        applied.written += events
        return [applied.write] * len(events)

    def correct(_store: Any, _bucket: Any, key: str, event: Event) -> Outcome:
        assert key == "key"
        applied.looked_up.append(event)
        return applied.lookup

    monkeypatch.setattr(delivery, "_write", write)
    monkeypatch.setattr(delivery, "correct", correct)
    return applied


@pytest.mark.parametrize(
    ("events", "written", "looked_up", "coalesced"),
    [
        ([put("0A")], [put("0A")], [], 0),
        ([put("0A"), put("0C"), put("0B")], [put("0C")], [], 2),
        ([removal("0A"), put("0B")], [put("0B")], [], 1),
        ([put("0A"), removal("0B")], [], [removal("0B")], 1),
        ([removal(None)], [], [removal(None)], 0),
        ([removal(None), removal(None, "v2")], [], [removal(None)], 1),
        ([removal(None), put("0A"), put("0B")], [put("0B")], [removal(None)], 1),
    ],
)
def test_the_newest_event_is_applied_and_one_without_sequencer_causes_a_lookup(
    applied: Applied,
    events: list[Event],
    written: list[Event],
    looked_up: list[Event],
    coalesced: int,
) -> None:
    assert applied.apply(*events) is WRITTEN
    assert (applied.written, applied.looked_up) == (written, looked_up)
    assert applied.report.coalesced == coalesced


def test_lookups_are_first_of_the_newest_event_and_last_of_that_without_sequencer(
    applied: Applied,
) -> None:
    applied.lookup = SUPERSEDED
    assert applied.apply(removal(None), removal("0A")) is SUPERSEDED
    assert applied.looked_up == [removal("0A"), removal(None)]


def test_an_undecided_event_causes_the_first_lookup(applied: Applied) -> None:
    applied.write, applied.lookup = UNDECIDED, SUPERSEDED
    assert applied.apply(removal(None), put("0A")) is SUPERSEDED
    assert applied.looked_up == [put("0A"), removal(None)]


def test_a_superseded_event_causes_no_lookup(applied: Applied) -> None:
    applied.write = SUPERSEDED
    assert applied.apply(put("0A")) is SUPERSEDED
    assert applied.looked_up == []


def test_after_a_failed_write_the_key_is_not_looked_up(applied: Applied) -> None:
    applied.write = FAILED
    assert applied.apply(removal(None), put("0A")) is FAILED
    assert applied.looked_up == []
