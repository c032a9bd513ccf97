"""The write rule, on moto and on the emulator's DynamoDB."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s3_catalog.model import row as rows
from s3_catalog.model import sequencer
from s3_catalog.model.event import Content, Event
from s3_catalog.model.row import Row
from s3_catalog.model.timestamps import microseconds
from s3_catalog.table import batch_write as batch
from s3_catalog.table.item import from_item
from s3_catalog.table.store import Outcome, Store
from tests.component.conftest import SHARDS

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

MOMENT = datetime(2026, 11, 23, 12, 0, 0, 5_000, tzinfo=UTC)


def put(key: str, order: str, size: int = 1) -> Event:
    return Event(
        bucket="bucket",
        key=key,
        name="ObjectCreated:Put",
        time=MOMENT,
        sequencer=sequencer.canonical(f"0060{order}"),  # Of 2021.
        version_id=None,
        content=Content(size=size, etag=f"etag-{size}"),
    )


def delete(key: str, order: str) -> Event:
    return replace(put(key, order), name="ObjectRemoved:DeleteMarkerCreated", content=None)


def test_a_row_is_read_as_it_was_written(
    store: Store, stored_rows: Callable[[], list[Row]]
) -> None:
    event = replace(put("ключ 🚀/ü", "0A"), version_id="v1")
    assert store.write(event) is Outcome.WRITTEN
    [row] = stored_rows()
    assert row == rows.from_event(event) == store.read("bucket", "ключ 🚀/ü")
    assert row.event_time == "2026-11-23T12:00:00.005Z"


def test_a_tombstone_outlives_every_event_that_could_still_arrive(
    store: Store, stored_rows: Callable[[], list[Row]]
) -> None:
    store.write(delete("k", "0B"))
    [tombstone] = stored_rows()
    assert tombstone.deleted
    assert tombstone.size is None
    assert tombstone.expires_at is not None
    life = datetime.fromtimestamp(tombstone.expires_at, UTC) - MOMENT
    sns_retries, queue, dead_letter_queue = (timedelta(days=days) for days in (23, 14, 14))
    assert life > sns_retries + queue + dead_letter_queue


def test_an_older_event_and_a_duplicate_are_superseded(
    store: Store, stored_rows: Callable[[], list[Row]]
) -> None:
    newest = put("k", "0B", size=2)
    assert store.write(newest) is Outcome.WRITTEN
    assert store.write(newest) is Outcome.SUPERSEDED
    assert store.write(put("k", "0A", size=1)) is Outcome.SUPERSEDED
    assert store.write(delete("k", "0A")) is Outcome.SUPERSEDED
    assert stored_rows() == [rows.from_event(newest)]


UPLOAD = "ObjectCreated:CompleteMultipartUpload"


@pytest.mark.parametrize(
    ("first", "seconds", "second", "outcome"),
    [
        # Sequencers decide while the times contradict them by ten seconds or less.
        ("Put", -10, "Put", Outcome.WRITTEN),
        ("Put", -10.001, "Put", Outcome.UNDECIDED),
        ("CompleteMultipartUpload", 10, "Put", Outcome.UNDECIDED),
        ("CompleteMultipartUpload", 10.001, "Put", Outcome.WRITTEN),
        ("CompleteMultipartUpload", 10, "CompleteMultipartUpload", Outcome.UNDECIDED),
        ("CompleteMultipartUpload", 10.001, "CompleteMultipartUpload", Outcome.WRITTEN),
        ("Put", 0, "CompleteMultipartUpload", Outcome.WRITTEN),
    ],
)
@pytest.mark.parametrize("batch_size", [1, 2])
def test_a_write_needs_a_greater_sequencer_and_a_later_time(
    store: Store,
    dynamodb: "DynamoDBClient",
    first: str,
    seconds: float,
    second: str,
    outcome: Outcome,
    batch_size: int,
) -> None:
    old = replace(put("k", "0A"), name=f"ObjectCreated:{first}")
    time = MOMENT + timedelta(seconds=seconds)
    new = replace(put("k", "0B"), name=f"ObjectCreated:{second}", time=time)
    others = [put(f"other-{n}", "0A") for n in range(batch_size - 1)]
    # moto's PartiQL has no parameters in an INSERT.
    in_batch = others and "amazonaws" not in dynamodb.meta.endpoint_url
    assert store.write(old) is Outcome.WRITTEN
    changes = [new, *others]
    results = batch.write(store, changes) if in_batch else [store.write(each) for each in changes]
    assert results == [outcome] + [Outcome.WRITTEN] * len(others)
    row = store.read("bucket", "k")
    assert row == rows.from_event(new if outcome is Outcome.WRITTEN else old)


@pytest.mark.parametrize(
    ("first", "seconds", "second", "outcome"),
    [
        ("Put", 10, "Put", Outcome.SUPERSEDED),
        ("Put", 10.001, "Put", Outcome.UNDECIDED),
        ("CompleteMultipartUpload", 10, "Put", Outcome.SUPERSEDED),
        ("Put", -10, "CompleteMultipartUpload", Outcome.UNDECIDED),
        ("Put", -10.001, "CompleteMultipartUpload", Outcome.SUPERSEDED),
    ],
)
def test_a_row_is_later_with_a_greater_sequencer_and_a_later_time(
    store: Store, first: str, seconds: float, second: str, outcome: Outcome
) -> None:
    row = replace(put("k", "0B"), name=f"ObjectCreated:{first}")
    time = MOMENT + timedelta(seconds=seconds)
    event = replace(put("k", "0A"), name=f"ObjectCreated:{second}", time=time)
    assert store.write(row) is Outcome.WRITTEN
    assert store.write(event) is outcome


@pytest.mark.parametrize(("ahead", "outcome"), [(300, "SUPERSEDED"), (301, "UNDECIDED")])
def test_a_row_whose_sequencer_is_of_the_future_supersedes_no_event(
    dynamodb: "DynamoDBClient", table: str, ahead: int, outcome: str
) -> None:
    store = Store(dynamodb, table, SHARDS, clock=lambda: MOMENT)
    future = sequencer.canonical(f"{int(MOMENT.timestamp()) + ahead:010X}")
    forged = replace(rows.from_event(put("k", "0A")), sequencer=future)
    assert store.replace(None, forged)
    assert store.write(put("k", "0B")) is Outcome[outcome]


def test_an_upload_never_replaces_a_lookup_result_unasked(store: Store) -> None:
    # It may have started before the lookup, whose object S3 may prefer.
    lookup = microseconds(MOMENT - timedelta(days=1))
    assert store.replace(None, replace(rows.from_event(put("k", "0A")), asked_at=lookup))
    assert store.write(replace(put("k", "0B"), name=UPLOAD)) is Outcome.UNDECIDED
    assert store.write(put("k", "0B")) is Outcome.WRITTEN


def test_a_write_replaces_the_whole_row(store: Store, stored_rows: Callable[[], list[Row]]) -> None:
    store.write(delete("k", "0A"))
    store.write(put("k", "0B"))
    assert stored_rows() == [rows.from_event(put("k", "0B"))]


def test_only_an_event_after_the_lookup_replaces_its_result(
    store: Store, stored_rows: Callable[[], list[Row]]
) -> None:
    lookup = microseconds(MOMENT - timedelta(minutes=5)) + 1
    looked_up = replace(rows.from_event(put("k", "0A")), asked_at=lookup)
    assert store.replace(None, looked_up)
    assert store.write(put("k", "0B")) is Outcome.UNDECIDED
    assert store.write(put("k", "0A")) is Outcome.SUPERSEDED
    assert stored_rows() == [looked_up]

    later = replace(put("k", "0B"), time=MOMENT + timedelta(milliseconds=1))
    assert store.write(later) is Outcome.WRITTEN
    assert stored_rows() == [rows.from_event(later)]


def test_a_row_is_replaced_only_while_it_is_unchanged(
    store: Store, stored_rows: Callable[[], list[Row]]
) -> None:
    first = rows.from_event(put("k", "0A"))
    second = replace(first, size=2, asked_at=1)
    third = replace(second, size=3, asked_at=2)
    assert store.replace(None, first)
    assert not store.replace(None, second)
    assert not store.replace(second, third)
    assert store.replace(first, second)
    assert not store.replace(first, third)
    assert store.replace(second, third)
    assert stored_rows() == [third]


def test_an_event_that_needs_a_lookup_is_not_written(store: Store) -> None:
    with pytest.raises(ValueError, match="needs a lookup"):
        store.write(replace(delete("k", "0A"), name="ObjectRemoved:Delete"))


events = st.builds(
    lambda key, order, size: delete(key, order) if size is None else put(key, order, size),
    st.sampled_from(["a", "b"]),
    st.text("0123456789ABCDEFabcdef", min_size=1, max_size=4),
    st.none() | st.integers(0, 5),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(events, max_size=12, unique_by=lambda event: (event.key, event.sequencer or "")),
    st.data(),
)
def test_duplicates_in_any_order_end_with_the_newest_event_of_each_key(
    dynamodb: "DynamoDBClient",
    new_table: Callable[[], str],
    happened: list[Event],
    data: st.DataObject,
) -> None:
    arrivals = data.draw(st.permutations(happened * 2))
    table = new_table()
    store = Store(dynamodb, table, SHARDS)
    for arrival in arrivals:
        store.write(arrival)

    expected: dict[str, Event] = {}
    for event in sorted(happened, key=lambda event: event.sequencer or ""):
        expected[event.key] = event
    found = [from_item(item) for item in dynamodb.scan(TableName=table)["Items"]]
    assert {row.key: row for row in found} == {
        key: rows.from_event(event) for key, event in expected.items()
    }


def test_a_missing_table_is_an_error(dynamodb: "DynamoDBClient") -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        Store(dynamodb, "no-such-table", SHARDS).write(put("k", "0A"))
