from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import row as rows
from catalog import sequencer
from catalog.event import Content, Event
from catalog.row import Row
from catalog.store import Store
from tests.unit.conftest import SHARDS

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

MOMENT = datetime(2026, 11, 23, 12, 0, 0, 5_000, tzinfo=UTC)


def put(key: str, order: str, size: int = 1) -> Event:
    return Event(
        bucket="bucket",
        key=key,
        name="ObjectCreated:Put",
        time=MOMENT,
        sequencer=sequencer.canonical(order),
        version_id=None,
        content=Content(size=size, etag=f"etag-{size}"),
    )


def delete(key: str, order: str) -> Event:
    return replace(put(key, order), name="ObjectRemoved:Delete", content=None)


def test_a_row_survives_the_table(store: Store, stored_rows: Callable[[], list[Row]]) -> None:
    row = rows.from_event(replace(put("ключ 🚀/ü", "0A"), version_id="v1"))
    assert store.write(row)
    assert stored_rows() == [row]
    assert row.event_time == "2026-11-23T12:00:00.005Z"


def test_a_tombstone_outlives_every_event_that_could_still_arrive(
    store: Store, stored_rows: Callable[[], list[Row]]
) -> None:
    store.write(rows.from_event(delete("k", "0B")))
    [tombstone] = stored_rows()
    assert tombstone.deleted
    assert tombstone.size is None
    assert tombstone.expires_at is not None
    lives = datetime.fromtimestamp(tombstone.expires_at, UTC) - MOMENT
    sns_retries, queue, failure_queue = (timedelta(days=days) for days in (23, 14, 14))
    assert lives > sns_retries + queue + failure_queue


def test_an_older_or_equal_event_changes_nothing(
    store: Store, stored_rows: Callable[[], list[Row]]
) -> None:
    newest = rows.from_event(put("k", "0B", size=2))
    assert store.write(newest)
    assert not store.write(newest)
    assert not store.write(rows.from_event(put("k", "0A", size=1)))
    assert not store.write(rows.from_event(delete("k", "0A")))
    assert stored_rows() == [newest]


def test_nothing_of_the_older_row_shines_through(
    store: Store, stored_rows: Callable[[], list[Row]]
) -> None:
    store.write(rows.from_event(delete("k", "0A")))
    risen = rows.from_event(put("k", "0B"))
    store.write(risen)
    assert stored_rows() == [risen]


events = st.builds(
    lambda key, order, size: delete(key, order) if size is None else put(key, order, size),
    st.sampled_from(["a", "b"]),
    st.text("0123456789ABCDEFabcdef", min_size=1, max_size=4),
    st.none() | st.integers(0, 5),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(events, max_size=12, unique_by=lambda event: (event.key, event.sequencer)), st.data()
)
def test_any_order_and_repetition_ends_with_the_newest_event_of_each_key(
    dynamodb: "DynamoDBClient",
    new_table: Callable[[], str],
    happened: list[Event],
    data: st.DataObject,
) -> None:
    arrivals = data.draw(st.permutations(happened * 2))
    table = new_table()
    store = Store(dynamodb, table, SHARDS)
    for arrival in arrivals:
        store.write(rows.from_event(arrival))

    expected: dict[str, Event] = {}
    for event in sorted(happened, key=lambda event: event.sequencer):
        expected[event.key] = event
    found = [rows.from_item(item) for item in dynamodb.scan(TableName=table)["Items"]]
    assert {row.key: row for row in found} == {
        key: rows.from_event(event) for key, event in expected.items()
    }


def test_a_table_that_is_not_there_is_an_error(dynamodb: "DynamoDBClient") -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        Store(dynamodb, "no-such-table", SHARDS).write(rows.from_event(put("k", "0A")))
