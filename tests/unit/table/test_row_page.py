"""A page of rows by a cursor: one Query of each shard, nothing twice, nothing left out."""

from itertools import product
from random import Random
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3_catalog.model import object_key
from s3_catalog.table.item import to_item
from s3_catalog.table.row_query import Filter, RowPage, row_page
from tests import doubles

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

BUCKET = "photos-example"


class Table:
    """DynamoDB with rows of `keys`: it answers Query as the service does, with `Limit`."""

    def __init__(self, keys: list[str], shards: int) -> None:
        self.queries: list[dict[str, Any]] = []
        self._partitions: dict[str, list[Any]] = {}
        for key in sorted(set(keys)):
            item = to_item(doubles.row(key, bucket=BUCKET), shards)
            self._partitions.setdefault(item["pk"]["S"], []).append(item)

    def query(self, **query: Any) -> Any:
        self.queries.append(query)
        values = query["ExpressionAttributeValues"]
        items = self._partitions.get(values[":partition"]["S"], [])
        if ":after" in values:
            items = [each for each in items if each["sk"]["S"] > values[":after"]["S"]]
        elif ":prefix" in values:
            prefix = values[":prefix"]["S"]
            items = [each for each in items if each["sk"]["S"].startswith(prefix)]
        page = items[: query["Limit"]]
        reply: dict[str, Any] = {"Items": page, "ScannedCount": len(page)}
        # DynamoDB has this key also when nothing follows, if the page is full.
        if len(page) == query["Limit"]:
            reply["LastEvaluatedKey"] = {name: page[-1][name] for name in ("pk", "sk")}
        return reply


def page(table: Table, shards: int, **limits: Any) -> RowPage:
    client = cast("DynamoDBClient", table)
    return row_page(client, "table", BUCKET, shards, **limits)


# All keys of up to five characters: hypothesis alone would draw few in most examples.
_ALL = ["".join(each) for length in range(1, 6) for each in product("ab/", repeat=length)]


@given(
    st.integers(0, 2**32).map(lambda seed: Random(seed).sample(_ALL, 150)),  # noqa: S311
    st.sampled_from(["", "a", "a/", "b"]),
    st.integers(1, 5),
    st.integers(1, 9),
)
def test_all_pages_together_have_each_row_once_in_order(
    keys: list[str], prefix: str, shards: int, limit: int
) -> None:
    table = Table(keys, shards)
    found, after, pages = list[str](), "", 0
    while True:
        one = page(table, shards, prefix=prefix, after=after, limit=limit)
        pages += 1
        found += [row.key for row in one.rows]
        if one.last is None:
            break
        assert one.last > after
        after = one.last
    assert found == sorted({key for key in keys if key.startswith(prefix)})
    assert len(table.queries) == pages * shards


def test_a_page_with_more_to_come_is_not_small() -> None:
    table = Table([f"{number:05}" for number in range(2000)], 8)
    one = page(table, 8, limit=25)
    assert one.last == one.rows[-1].key
    assert 25 <= len(one.rows) <= 200
    assert one.read == 200


def test_the_last_page_has_no_cursor() -> None:
    one = page(Table(["a", "b"], 4), 4, limit=25)
    assert ([row.key for row in one.rows], one.last) == (["a", "b"], None)


def test_pages_end_with_the_prefix() -> None:
    table = Table(["a1", "a2", *(f"b{number}" for number in range(50))], 1)
    one = page(table, 1, prefix="a", after="a1", limit=5)
    assert ([row.key for row in one.rows], one.last) == (["a2"], None)


def test_each_shard_has_one_query_without_reading_ahead() -> None:
    table = Table([f"{number:05}" for number in range(500)], 4)
    page(table, 4, limit=10, after="00100", prefix="00")
    partitions = [query["ExpressionAttributeValues"][":partition"]["S"] for query in table.queries]
    assert sorted(partitions) == object_key.partitions(BUCKET, 4)
    assert {query["Limit"] for query in table.queries} == {10}
    assert {query["ConsistentRead"] for query in table.queries} == {False}


@pytest.mark.parametrize(("by", "found"), [("alice", ["mine"]), ("lice", [])])
def test_a_requester_is_compared_as_a_whole(by: str, found: list[str]) -> None:
    table = Table([], 1)
    row = doubles.row("mine", bucket=BUCKET, requester="AWS:AROAEXAMPLE:alice")
    table._partitions[f"{BUCKET}#1#0"] = [to_item(row, 1)]
    one = page(table, 1, wanted=Filter(by=by), limit=5)
    assert [row.key for row in one.rows] == found
