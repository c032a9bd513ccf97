"""The row that a lookup in S3 leaves."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from s3_catalog.model import sequencer as sequencers
from s3_catalog.model.event import Event
from s3_catalog.model.inspection_result import InspectionResult
from s3_catalog.model.row import Row, from_lookup, out_of_scope
from s3_catalog.model.stored_object import StoredObject
from s3_catalog.model.timestamps import timestamp
from tests import doubles

MODIFIED = datetime(2026, 11, 23, 8, 0, 0, 1000, UTC)
ASKED_AT = datetime(2026, 11, 23, 12, 0, 0, 2000, UTC)
ASKED_AT_MICROSECONDS = 1_795_435_200_002_000
A, B, C = (sequencers.canonical(f"00600{digit}") for digit in "ABC")  # Of 2021.
EARLIER = "2026-11-23T11:00:00.000Z"
INSPECTED = InspectionResult("2026-11-23T12:00:00Z", sha256="0" * 64)


def stored(version_id: str | None = "v1") -> StoredObject:
    return StoredObject("key", 9, "f", version_id, MODIFIED, ASKED_AT)


def row(current: StoredObject | None, seen: Row | None = None, event: Event | None = None) -> Row:
    return from_lookup(
        "bucket", "key", current, ASKED_AT, seen=seen, events=[event] if event else []
    )


def test_without_an_event_a_row_dates_from_the_last_change_of_the_object() -> None:
    found = row(stored())
    assert found == Row(
        bucket="bucket",
        key="key",
        sequencer="0" * 32,
        event_time="2026-11-23T08:00:00.001Z",
        event_name="Reconciled",
        version_id="v1",
        size=9,
        etag="f",
        expires_at=None,
        asked_at=ASKED_AT_MICROSECONDS,
    )


def test_without_an_object_a_row_dates_from_the_lookup_and_expires_after_60_days() -> None:
    found = row(None, doubles.row(sequencer=B, event_time=EARLIER))
    assert (found.event_time, found.sequencer) == ("2026-11-23T12:00:00.002Z", B)
    assert (found.version_id, found.size, found.etag) == (None, None, None)
    assert found.expires_at == ASKED_AT_MICROSECONDS // 10**6 + 60 * 24 * 3600


@pytest.mark.parametrize("sequencer", [None, A, C])
@pytest.mark.parametrize(
    ("name", "ordered"),
    [
        ("ObjectRemoved:DeleteMarkerCreated", True),
        ("ObjectRemoved:Delete", False),
        ("LifecycleExpiration:DeleteMarkerCreated", False),
    ],
)
def test_the_event_gives_time_and_name_and_a_greater_sequencer_if_it_has_a_place_in_the_order(
    name: str, ordered: bool, sequencer: str | None
) -> None:
    event = Event("bucket", "key", name, ASKED_AT, sequencer, "v0", None)
    found = row(stored(), doubles.row(sequencer=B, event_time=EARLIER), event)
    assert (found.event_time, found.event_name) == ("2026-11-23T12:00:00.002Z", name)
    assert found.sequencer == (C if ordered and sequencer == C else B)


def test_the_time_of_a_row_never_decreases() -> None:
    seen = doubles.row(event_time="2026-11-23T12:00:00.003Z", event_name="ObjectCreated:Copy")
    put = Event("bucket", "key", "ObjectCreated:Put", ASKED_AT, C, "v0", None)
    found = row(stored(), seen, put)
    assert (found.event_time, found.event_name) == (seen.event_time, seen.event_name)
    repaired = row(stored(), seen)
    assert (repaired.event_time, repaired.event_name) == (seen.event_time, "Reconciled")


def test_no_time_of_a_row_is_more_than_five_minutes_after_its_lookup() -> None:
    forged = Event(
        "bucket", "key", "ObjectCreated:Put", datetime(2999, 1, 1, tzinfo=UTC), None, None, None
    )
    assert row(stored(), None, forged).event_time == "2026-11-23T12:05:00.002Z"
    seen = doubles.row(event_time="2999-01-01T00:00:00.000Z")
    assert row(stored(), seen).event_time == "2026-11-23T12:05:00.002Z"


@pytest.mark.parametrize(
    ("before", "now", "kept"),
    [("v1", "v1", True), ("v0", "v1", False), (None, None, False), (None, "v1", False)],
)
def test_an_inspection_result_stays_with_its_version(
    before: str | None, now: str | None, kept: bool
) -> None:
    seen = doubles.row(version_id=before, inspected=INSPECTED)
    assert row(stored(now), seen).inspected == (INSPECTED if kept else None)


def test_events_of_storage_keep_the_inspection_result_of_an_object_without_versions() -> None:
    seen = doubles.row(size=9, etag="f", inspected=INSPECTED)
    moved = Event("bucket", "key", "LifecycleTransition", ASKED_AT, None, None, None)
    put = replace(moved, name="ObjectCreated:Put")
    assert row(stored(None), seen, moved).inspected == INSPECTED
    assert row(replace(stored(None), etag="g"), seen, moved).inspected is None
    assert row(stored(None), seen, put).inspected is None
    assert row(stored(None), seen).inspected is None


def test_a_row_has_what_the_lookup_found_and_none_of_the_row_before() -> None:
    seen = doubles.row(storage_class="GLACIER", checksum_algorithm="SHA1", restore="IN_PROGRESS")
    plain = row(stored(), seen)
    assert (plain.storage_class, plain.checksum_algorithm, plain.restore) == (None, None, None)
    listed = replace(stored(), storage_class="STANDARD_IA", checksum_algorithm="CRC32")
    found = row(listed, seen)
    assert (found.storage_class, found.checksum_algorithm, found.restore) == (
        "STANDARD_IA",
        "CRC32",
        None,
    )
    gone = row(None, seen)
    assert (gone.storage_class, gone.checksum_algorithm, gone.restore) == (None, None, None)


def test_a_heal_keeps_nothing_of_a_forged_event() -> None:
    forged = replace(FORGED, requester="A:mallory", source_ip="192.0.2.9")
    assert (row(stored(), forged).requester, row(stored(), forged).source_ip) == (None, None)


def test_a_deleted_object_has_no_inspection_result() -> None:
    assert row(None, doubles.row(version_id="v1", inspected=INSPECTED)).inspected is None


@pytest.mark.parametrize(("later", "added"), [(-1, 0), (0, 1), (5, 6)])
def test_the_moment_of_the_lookup_is_later_than_that_of_the_row(later: int, added: int) -> None:
    found = row(stored(), doubles.row(asked_at=ASKED_AT_MICROSECONDS + later))
    assert found.asked_at == ASKED_AT_MICROSECONDS + added


@pytest.fixture
def new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose local time is not UTC."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "America/New_York")
        time.tzset()
        yield
    time.tzset()


def test_times_are_stored_in_utc(new_york: None) -> None:
    elsewhere = MODIFIED.astimezone(timezone(timedelta(hours=9)))
    assert timestamp(elsewhere) == timestamp(MODIFIED) == "2026-11-23T08:00:00.001Z"


FORGED = doubles.row(
    sequencer="F" * 32,
    event_time="2999-01-01T00:00:00.000Z",
    event_name="ObjectCreated:Post",
    version_id="v1",
    asked_at=ASKED_AT_MICROSECONDS + 7,
    inspected=INSPECTED,
)


def test_a_lookup_heals_a_row_with_an_implausible_sequencer() -> None:
    healed = row(stored(), FORGED)
    assert healed.sequencer == "0" * 32
    assert (healed.event_time, healed.event_name) == ("2026-11-23T12:05:00.002Z", "Reconciled")
    assert healed.healed_at == healed.asked_at == ASKED_AT_MICROSECONDS + 8
    assert healed.inspected == INSPECTED


def test_the_events_of_a_lookup_that_heals_give_the_row_its_place() -> None:
    put = Event("bucket", "key", "ObjectCreated:Put", ASKED_AT, B, "v1", None)
    healed = row(stored(), FORGED, put)
    assert healed.sequencer == B
    assert healed.healed_at == healed.asked_at


@pytest.mark.parametrize("sequencer", [B, "0" * 32])
def test_a_row_with_a_plausible_sequencer_is_not_healed_and_keeps_its_mark(sequencer: str) -> None:
    seen = doubles.row(sequencer=sequencer)
    assert row(stored(), seen).healed_at is None
    assert row(stored(), replace(seen, asked_at=9, healed_at=7)).healed_at == 7


def test_a_row_that_is_healed_twice_has_the_mark_of_the_second_time() -> None:
    again = row(stored(), replace(FORGED, healed_at=7))
    assert (again.sequencer, again.healed_at) == ("0" * 32, ASKED_AT_MICROSECONDS + 8)


def test_a_healed_tombstone_expires_after_120_days() -> None:
    for seen in (FORGED, doubles.row(healed_at=7)):
        assert row(None, seen).expires_at == ASKED_AT_MICROSECONDS // 10**6 + 120 * 24 * 3600


def test_a_key_that_was_out_of_scope_and_is_deleted_keeps_the_time_of_the_removal() -> None:
    # The mirror forgets a tombstone 60 days after this time, and must not forget it sooner.
    removed = out_of_scope(doubles.row(event_time=EARLIER), ASKED_AT)
    deleted = Event("bucket", "key", "ObjectRemoved:Delete", MODIFIED, C, None, None)
    again = row(None, removed, deleted)
    assert (again.event_time, again.event_name) == (removed.event_time, "Reconciled")
    there = row(stored(), removed)
    assert (there.event_time, there.event_name) == (timestamp(MODIFIED), "Reconciled")
