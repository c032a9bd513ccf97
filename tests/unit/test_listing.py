from collections.abc import Callable
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import listing, sequencer
from catalog.event import Content, Event
from catalog.store import Store
from tests.unit.conftest import SHARDS
from tests.unit.test_key import keys

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


def test_a_listing_is_in_key_order_whatever_the_pages(
    dynamodb: "DynamoDBClient", store: Store, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "_PAGE", 3)
    live = {f"k{n % 7}/{n:03}" for n in range(120)}
    fill(store, live, deleted={"k0", "k3/x"})
    found = [row.key for row in listing.live_rows(dynamodb, table, "bucket", SHARDS)]
    assert found == sorted(live)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sets(keys, max_size=20), st.text(st.characters(exclude_categories=["Cs"]), max_size=2))
def test_the_order_is_that_of_utf8_bytes_as_in_s3(
    dynamodb: "DynamoDBClient", new_table: Callable[[], str], live: set[str], prefix: str
) -> None:
    table = new_table()
    fill(Store(dynamodb, table, SHARDS), live)
    found = [row.key for row in listing.live_rows(dynamodb, table, "bucket", SHARDS, prefix=prefix)]
    assert found == sorted((key for key in live if key.startswith(prefix)), key=str.encode)


def test_a_prefix_is_no_pattern_and_no_folder(
    dynamodb: "DynamoDBClient", store: Store, table: str
) -> None:
    fill(store, {"a", "a/b", "ab", "b/a", "A"})
    found = [row.key for row in listing.live_rows(dynamodb, table, "bucket", SHARDS, prefix="a")]
    assert found == ["a", "a/b", "ab"]


def test_another_bucket_in_the_same_table_is_not_listed(
    dynamodb: "DynamoDBClient", store: Store, table: str
) -> None:
    fill(store, {"a"})
    assert not list(listing.live_rows(dynamodb, table, "other", SHARDS))


def test_stopping_early_is_quiet(dynamodb: "DynamoDBClient", store: Store, table: str) -> None:
    fill(store, {"a", "b", "c"})
    stream = listing.live_rows(dynamodb, table, "bucket", SHARDS)
    assert next(stream).key == "a"
    stream.close()  # type: ignore[attr-defined]
