"""Events of one key in one delivery: which is written, and which cause a lookup."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
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


def put(sequencer: str | None, seconds: float = 0) -> Event:
    time = TIME + timedelta(seconds=seconds)
    return Event("bucket", "key", "ObjectCreated:Put", time, sequencer, None, Content(1, "e"))


def upload(sequencer: str) -> Event:
    return replace(put(sequencer), name="ObjectCreated:CompleteMultipartUpload")


def marker(sequencer: str) -> Event:
    return Event("bucket", "key", "ObjectRemoved:DeleteMarkerCreated", TIME, sequencer, "v1", None)


def removal(version_id: str = "v1") -> Event:
    return Event("bucket", "key", "ObjectRemoved:Delete", TIME, None, version_id, None)


@dataclass
class Applied:
    """The events written, those that caused each lookup, and the results that they have."""

    write: Outcome | Exception = WRITTEN
    lookup: Outcome = WRITTEN
    written: list[Event] = field(default_factory=list)
    looked_up: list[list[Event]] = field(default_factory=list)
    report: Report = field(default_factory=Report)

    def apply(self, *events: Event) -> object:
        """The result of the key."""
        place = ("bucket", "key")
        nothing, buckets = cast("Any", None), cast("Any", {"bucket": None})
        results = delivery._apply({place: list(events)}, nothing, buckets, self.report)
        assert list(results) == [place]
        return results[place]


@pytest.fixture
def applied(monkeypatch: pytest.MonkeyPatch) -> Applied:
    applied = Applied()

    def write(_store: Any, events: list[Event]) -> list[Any]:
        applied.written += events
        return [applied.write] * len(events)

    def correct(_store: Any, _bucket: Any, key: str, events: list[Event]) -> Outcome:
        assert key == "key"
        applied.looked_up.append(events)
        return applied.lookup

    monkeypatch.setattr(delivery, "_write", write)
    monkeypatch.setattr(delivery, "correct", correct)
    return applied


@pytest.mark.parametrize(
    ("events", "written"),
    [
        ([put("0A")], put("0A")),
        ([put("0A"), put("0C"), put("0B")], put("0C")),
        ([marker("0A"), put("0B")], put("0B")),
        ([put("0A"), marker("0B")], marker("0B")),
        ([put("0A", 10), put("0B")], put("0B")),
        ([put("0A"), upload("0B")], upload("0B")),
        ([upload("0A"), put("0B", 10.001)], put("0B", 10.001)),
    ],
)
def test_the_newest_event_is_written(applied: Applied, events: list[Event], written: Event) -> None:
    assert applied.apply(*events) is WRITTEN
    assert (applied.written, applied.looked_up) == ([written], [])
    assert applied.report.coalesced == len(events) - 1


@pytest.mark.parametrize(
    "events",
    [
        [removal()],
        [removal(), removal("v2")],
        [removal(), put("0A"), put("0B")],
        [put(None)],
        [put("0A"), put(None)],
        [put("0A", 10.001), put("0B")],
        [put("0A"), upload("0B"), put("0C", 10)],
    ],
)
def test_one_lookup_covers_all_events_if_none_certainly_is_the_newest(
    applied: Applied, events: list[Event]
) -> None:
    applied.lookup = SUPERSEDED
    assert applied.apply(*events) is SUPERSEDED
    assert (applied.written, applied.looked_up) == ([], [events])
    assert applied.report.coalesced == len(events) - 1


def test_an_undecided_event_causes_a_lookup(applied: Applied) -> None:
    applied.write, applied.lookup = UNDECIDED, SUPERSEDED
    assert applied.apply(put("0A"), put("0B")) is SUPERSEDED
    assert applied.looked_up == [[put("0B")]]


def test_a_superseded_event_causes_no_lookup(applied: Applied) -> None:
    applied.write = SUPERSEDED
    assert applied.apply(put("0A")) is SUPERSEDED
    assert applied.looked_up == []


def test_after_a_failed_write_the_key_is_not_looked_up(applied: Applied) -> None:
    applied.write = FAILED
    assert applied.apply(put("0A")) is FAILED
    assert applied.looked_up == []
