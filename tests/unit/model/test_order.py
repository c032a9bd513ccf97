"""The order of two events: by sequencer and time, with the figures of real events.

`sequencers.tsv` has the kind, event time and sequencer of 51 events that S3 sent, as people
published them. The first ten digits of such a sequencer are whole seconds since 1970, the other
eight a fraction.
"""

from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest

from s3_catalog.model import row as rows
from s3_catalog.model import sequencer
from s3_catalog.model.event import Content, Event, is_ordered
from s3_catalog.model.order import superseded

NAMES = {
    "put": "ObjectCreated:Put",
    "copy": "ObjectCreated:Copy",
    "delete": "ObjectRemoved:Delete",
    "delete marker": "ObjectRemoved:DeleteMarkerCreated",
    "multipart upload": "ObjectCreated:CompleteMultipartUpload",
    "lifecycle deletion": "LifecycleExpiration:Delete",
    "restore": "ObjectRestore:Completed",
}
SEEN = [
    (kind, datetime.fromisoformat(time), digits)
    for kind, time, digits in (
        line.split("\t")
        for line in (Path(__file__).parent / "sequencers.tsv").read_text().splitlines()[1:]
    )
]
UPLOADS = [(time, digits) for kind, time, digits in SEEN if kind == "multipart upload"]
AT_ONCE = [
    (time, digits) for kind, time, digits in SEEN if kind in {"put", "copy", "delete marker"}
]
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def stamp(digits: str) -> datetime:
    """The moment in a sequencer of S3."""
    seconds = int(digits[:10], 16) + int(digits[10:], 16) / 16**8
    return datetime.fromtimestamp(seconds, UTC)


def digits_of(moment: datetime) -> str:
    """The sequencer of S3 for a moment."""
    return sequencer.canonical(f"{int(moment.timestamp() * 16**8):018X}")


def event(time: datetime, order: str, name: str = "ObjectCreated:Put") -> Event:
    content = Content(1, "e") if name.startswith("ObjectCreated:") else None
    return Event("b", "k", name, time, sequencer.canonical(order), "v", content)


def upload(start: datetime, end: datetime) -> Event:
    return event(end, digits_of(start), NAMES["multipart upload"])


def put(moment: datetime, deviation: timedelta = 0 * SECOND) -> Event:
    return event(moment + deviation, digits_of(moment))


def is_later(event: Event, other: Event) -> bool:
    """Whether the row of `event` supersedes `other`."""
    return superseded(other, rows.from_event(event))


def test_there_are_51_real_events() -> None:
    assert len(SEEN) == 51
    assert {kind for kind, _, _ in SEEN} == NAMES.keys()


def test_times_of_real_puts_and_markers_contradict_sequencers_by_less_than_ten_seconds() -> None:
    deviations = [time - stamp(digits) for time, digits in AT_ONCE]
    assert len(deviations) == 28
    assert max(deviations) - min(deviations) < 10 * SECOND


def test_two_puts_with_the_deviations_of_real_ones_have_a_certain_order() -> None:
    deviations = [time - stamp(digits) for time, digits in AT_ONCE]
    for first, second in product(deviations, repeat=2):
        older, newer = put(NOON, first), put(NOON + SECOND / 1000, second)
        assert is_later(newer, older)
        assert not is_later(older, newer)


@pytest.mark.parametrize(("time", "digits"), UPLOADS)
def test_a_put_within_a_real_upload_is_neither_earlier_nor_later(
    time: datetime, digits: str
) -> None:
    started = stamp(digits)
    uploaded = event(time, digits, NAMES["multipart upload"])
    within = put(started + max(time - started, SECOND) / 2)
    assert not is_later(uploaded, within)
    assert not is_later(within, uploaded)


def test_real_sequencers_are_plausible_at_the_time_of_their_event() -> None:
    for _, time, digits in SEEN:
        assert sequencer.plausible(sequencer.canonical(digits), time)


def test_no_real_upload_ends_before_it_starts_by_more_than_the_tolerance() -> None:
    assert all(time - stamp(digits) > -10 * SECOND for time, digits in UPLOADS)


@pytest.mark.parametrize("kind", ["lifecycle deletion", "restore"])
def test_real_lifecycle_deletions_and_restores_bear_the_sequencer_of_the_object(kind: str) -> None:
    late = [time - stamp(digits) for seen, time, digits in SEEN if seen == kind]
    assert min(late) > timedelta(days=1.7)
    assert not is_ordered(NAMES[kind])


def test_an_upload_is_later_than_a_put_before_its_start_only() -> None:
    uploaded = upload(NOON, NOON + 3 * SECOND)
    assert is_later(uploaded, put(NOON - SECOND / 1000))
    assert not is_later(uploaded, put(NOON + SECOND / 1000))
    assert not is_later(uploaded, put(NOON + 2 * SECOND))


def test_a_put_is_later_than_an_upload_ten_seconds_after_its_end() -> None:
    uploaded = upload(NOON - timedelta(hours=1), NOON)
    assert is_later(put(NOON + 10.001 * SECOND), uploaded)
    assert not is_later(put(NOON + 10 * SECOND), uploaded)
    assert not is_later(put(NOON + SECOND), uploaded)


def test_of_two_uploads_the_one_that_starts_and_ends_later_is_later() -> None:
    first = upload(NOON, NOON + 60 * SECOND)
    assert is_later(upload(NOON + SECOND, NOON + 71 * SECOND), first)
    for end in (30, 60, 70):
        other = upload(NOON + SECOND, NOON + end * SECOND)
        assert not is_later(first, upload(NOON + SECOND, NOON + 71 * SECOND))
        assert not is_later(other, first)


def test_a_duplicate_is_superseded() -> None:
    for happened in (put(NOON), upload(NOON - timedelta(days=1), NOON)):
        assert is_later(happened, happened)


def test_an_equal_sequencer_with_another_time_is_undecided() -> None:
    # Two events that bear one sequencer cannot both be of the change that it belongs to.
    assert not is_later(put(NOON), event(NOON + timedelta(days=2), digits_of(NOON)))


def test_a_lookup_result_supersedes_no_earlier_upload() -> None:
    # A reconcile writes the time of its lookup by our clock, which may be ahead.
    uploaded = upload(NOON - SECOND, NOON)
    seen = rows.from_event(put(NOON))
    row = rows.from_lookup("b", "k", None, NOON + timedelta(minutes=4), seen=seen)
    assert row.sequencer > (uploaded.sequencer or "")
    assert not superseded(uploaded, row)
    assert superseded(put(NOON), row)


@pytest.mark.parametrize(
    "name",
    [
        "ObjectRemoved:Delete",
        "LifecycleExpiration:Delete",
        "LifecycleExpiration:DeleteMarkerCreated",
    ],
)
def test_an_event_that_needs_a_lookup_is_never_superseded(name: str) -> None:
    removal = event(NOON, digits_of(NOON), name)
    assert not removal.self_contained
    assert not superseded(removal, rows.from_event(put(NOON + timedelta(days=1))))


def test_a_lookup_takes_the_greatest_sequencer_and_the_latest_time() -> None:
    uploaded = upload(NOON - timedelta(hours=1), NOON)
    within = put(NOON - timedelta(minutes=30))
    for first, second in ((uploaded, within), (within, uploaded)):
        row = rows.from_lookup("b", "k", None, NOON, seen=rows.from_event(first), events=[second])
        both = rows.from_lookup("b", "k", None, NOON, seen=None, events=[first, second])
        for found in (row, both):
            assert found.sequencer == within.sequencer
            assert found.event_time == "2026-11-23T12:00:00.000Z"
            assert found.event_name == NAMES["multipart upload"]


def test_a_lookup_never_takes_the_sequencer_of_a_removal() -> None:
    removal = event(NOON, "FF", "ObjectRemoved:Delete")
    seen = rows.from_event(put(NOON - SECOND))
    row = rows.from_lookup("b", "k", None, NOON, seen=seen, events=[removal])
    assert row.sequencer == seen.sequencer
    assert (row.event_time, row.event_name) == ("2026-11-23T12:00:00.000Z", "ObjectRemoved:Delete")
    unseen = rows.from_lookup("b", "k", None, NOON, seen=None, events=[removal])
    assert unseen.sequencer == "0" * 32
