"""Listings of the catalog: order, limits and filters."""

import threading
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s3_catalog.model import object_key, sequencer
from s3_catalog.model.event import Content, Event
from s3_catalog.model.inspection_result import InspectionResult
from s3_catalog.table import merged_query as merge
from s3_catalog.table.merged_query import Reading
from s3_catalog.table.row_query import Filter, Listed, listing, matching_rows
from s3_catalog.table.store import Store
from tests.component.conftest import SHARDS
from tests.unit.model.test_object_key import keys

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


def fill(store: Store, live: AbstractSet[str], deleted: AbstractSet[str] = frozenset()) -> None:
    for key in live | deleted:
        store.write(
            Event(
                bucket="bucket",
                key=key,
                name="ObjectRemoved:DeleteMarkerCreated" if key in deleted else "ObjectCreated:Put",
                time=datetime(2026, 11, 23, tzinfo=UTC),
                sequencer=sequencer.canonical("A"),
                version_id=None,
                content=None if key in deleted else Content(1, "e"),
            )
        )


def test_a_listing_of_many_pages_is_in_key_order(
    dynamodb: "DynamoDBClient", store: Store, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merge, "FIRST_PAGE", 2)
    monkeypatch.setattr(merge, "PAGE", 3)
    live = {f"k{n % 7}/{n:03}" for n in range(120)}
    fill(store, live, deleted={"k0", "k3/x"})
    found = [row.key for row in matching_rows(dynamodb, table, "bucket", SHARDS)]
    assert found == sorted(live)


def test_a_listing_has_time_and_size_of_each_row(
    dynamodb: "DynamoDBClient", store: Store, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merge, "FIRST_PAGE", 2)
    monkeypatch.setattr(merge, "PAGE", 3)
    fill(store, {f"k{n % 7}/{n:03}" for n in range(50)}, deleted={"k0", "k3/x"})
    for prefix in ("", "k3/", "none"):
        rows = matching_rows(dynamodb, table, "bucket", SHARDS, prefix=prefix)
        found = listing(dynamodb, table, "bucket", SHARDS, prefix=prefix)
        assert [each for listed in found for each in listed] == [
            Listed(row.key, row.event_time, row.size or 0) for row in rows
        ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(keys, max_size=20), st.text(st.characters(exclude_categories=["Cs"]), max_size=2))
def test_the_order_is_that_of_utf8_bytes(
    dynamodb: "DynamoDBClient", new_table: Callable[[], str], live: set[str], prefix: str
) -> None:
    table = new_table()
    fill(Store(dynamodb, table, SHARDS), live)
    found = [row.key for row in matching_rows(dynamodb, table, "bucket", SHARDS, prefix=prefix)]
    assert found == sorted((key for key in live if key.startswith(prefix)), key=str.encode)


def test_a_prefix_is_a_beginning_not_a_pattern_or_folder(
    dynamodb: "DynamoDBClient", store: Store, table: str
) -> None:
    fill(store, {"a", "a/b", "ab", "b/a", "A"})
    found = [row.key for row in matching_rows(dynamodb, table, "bucket", SHARDS, prefix="a")]
    assert found == ["a", "a/b", "ab"]


def test_another_bucket_in_the_same_table_is_not_listed(
    dynamodb: "DynamoDBClient", store: Store, table: str
) -> None:
    fill(store, {"a"})
    assert not list(matching_rows(dynamodb, table, "other", SHARDS))


def test_second_pages_are_fetched_after_all_first_pages(
    dynamodb: "DynamoDBClient", store: Store, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merge, "FIRST_PAGE", 1)
    fill(store, {f"{n:03}" for n in range(20 * SHARDS)})
    second_page = threading.Event()

    class LateClient:
        def query(self, **query: Any) -> Any:
            if "ExclusiveStartKey" in query:
                second_page.set()
            elif query["ExpressionAttributeValues"][":partition"] == last:
                assert not second_page.wait(0.5)
            return dynamodb.query(**query)

    last = {"S": object_key.partitions("bucket", SHARDS)[-1]}
    rows = matching_rows(cast("DynamoDBClient", LateClient()), table, "bucket", SHARDS)
    assert next(rows).key == "000"
    # Until the listing is closed, the next page is fetched in advance.
    assert second_page.wait(10)
    assert next(rows).key == "001"


def test_a_listing_may_be_closed_early(
    dynamodb: "DynamoDBClient", store: Store, table: str
) -> None:
    fill(store, {"a", "b", "c"})
    stream = matching_rows(dynamodb, table, "bucket", SHARDS)
    assert next(stream).key == "a"
    stream.close()  # type: ignore[attr-defined]


START = datetime(2026, 11, 23, 12, tzinfo=UTC)
SIZES = [0, 9, 10, 11, 100]


def fill_hourly(store: Store) -> None:
    """Write an object and a tombstone for each hour; the objects have the sizes `SIZES`."""
    for hour, size in enumerate(SIZES):
        for kind, name in (("live", "Created:Put"), ("gone", "Removed:DeleteMarkerCreated")):
            store.write(
                Event(
                    bucket="bucket",
                    key=f"{hour}/{kind}",
                    name=f"Object{name}",
                    time=START + timedelta(hours=hour),
                    sequencer=sequencer.canonical("A"),
                    version_id=None,
                    content=Content(size, "e") if kind == "live" else None,
                )
            )


@pytest.mark.parametrize(
    ("wanted", "keys"),
    [
        (Filter(), ["0/live", "1/live", "2/live", "3/live", "4/live"]),
        (Filter(larger=10), ["3/live", "4/live"]),
        (Filter(larger=9), ["2/live", "3/live", "4/live"]),
        (Filter(smaller=10), ["0/live", "1/live"]),
        (Filter(smaller=0), []),
        (Filter(larger=0, smaller=100), ["1/live", "2/live", "3/live"]),
        (Filter(newer=START + timedelta(hours=3)), ["3/live", "4/live"]),
        (Filter(older=START + timedelta(hours=3)), ["0/live", "1/live", "2/live"]),
        (Filter(deleted=True), ["0/gone", "1/gone", "2/gone", "3/gone", "4/gone"]),
        (Filter(deleted=True, larger=0), []),
        (
            Filter(True, newer=START + timedelta(hours=1), older=START + timedelta(hours=3)),
            ["1/gone", "2/gone"],
        ),
        (Filter(larger=9, smaller=100, newer=START + timedelta(hours=3)), ["3/live"]),
    ],
)
def test_a_filter_selects_by_size_and_time(
    dynamodb: "DynamoDBClient", store: Store, table: str, wanted: Filter, keys: list[str]
) -> None:
    fill_hourly(store)
    reading = Reading()
    found = matching_rows(dynamodb, table, "bucket", SHARDS, wanted, reading=reading)
    assert [row.key for row in found] == keys
    assert reading.rows == 2 * len(SIZES)


FOUND = {
    "a.png": InspectionResult("now", "00" * 32, "image/png", width=640, height=480),
    "b.jpg": InspectionResult("now", "11" * 32, "image/jpeg", width=641, height=480),
    "c.csv": InspectionResult("now", "22" * 32, "text/csv", columns=3, rows=10),
    "d.csv": InspectionResult("now", "00" * 32, "text/csv", columns=3, rows=11),
    "e.txt": InspectionResult("now", error="out of time"),
    "f.bin": None,
}


@pytest.mark.parametrize(
    ("wanted", "keys"),
    [
        (Filter(content_type="image/png"), ["a.png"]),
        (Filter(content_type="image/*"), ["a.png", "b.jpg"]),
        (Filter(content_type="image/"), []),
        (Filter(content_type="*"), ["a.png", "b.jpg", "c.csv", "d.csv"]),
        (Filter(sha256="00" * 32), ["a.png", "d.csv"]),
        (Filter(sha256="33" * 32), []),
        (Filter(wider=640), ["b.jpg"]),
        (Filter(wider=0), ["a.png", "b.jpg"]),
        (Filter(rows_over=10), ["d.csv"]),
        (Filter(rows_over=9, sha256="22" * 32, larger=0), ["c.csv"]),
        (Filter(), list(FOUND)),
    ],
)
def test_a_filter_selects_by_inspection_result(
    dynamodb: "DynamoDBClient", store: Store, table: str, wanted: Filter, keys: list[str]
) -> None:
    fill(store, FOUND.keys())
    for key, inspection in FOUND.items():
        seen = store.read("bucket", key)
        assert seen
        if inspection:
            assert store.record(seen, inspection)
    found = matching_rows(dynamodb, table, "bucket", SHARDS, wanted)
    assert [row.key for row in found] == keys


def test_a_prefix_reduces_the_items_read_and_a_filter_does_not(
    dynamodb: "DynamoDBClient", store: Store, table: str
) -> None:
    fill_hourly(store)
    reading = Reading()
    found = matching_rows(
        dynamodb, table, "bucket", SHARDS, Filter(larger=10), prefix="3/", reading=reading
    )
    assert [row.key for row in found] == ["3/live"]
    assert reading.rows == 2


@pytest.mark.parametrize("until", [None, "k050"])
def test_a_match_is_yielded_before_the_pages_after_it_are_read(
    dynamodb: "DynamoDBClient",
    store: Store,
    table: str,
    until: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(merge, "FIRST_PAGE", 2)
    monkeypatch.setattr(merge, "PAGE", 3)
    fill(store, {f"k{n:03}" for n in range(200)} - {"k020"}, deleted={"k020"})
    reading = Reading()
    found = matching_rows(
        dynamodb, table, "bucket", SHARDS, Filter(deleted=True), until=until, reading=reading
    )
    assert next(found).key == "k020"
    assert reading.rows < 50
    assert not list(found)
    # Without a further match, the last keys of the pages show that `until` is reached.
    assert reading.rows == 200 if until is None else reading.rows < 90
