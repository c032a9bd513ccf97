"""Reading the catalog of a bucket in key order, page by page, whatever its size."""

import heapq
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from catalog import key as object_key
from catalog import row as rows
from catalog.row import Row

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        QueryInputTypeDef,
        QueryOutputTypeDef,
    )

_PAGE = 500
"""Rows a query. Two pages of each shard are in memory, one being read and one being fetched."""

_MAX_THREADS = 16


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows DynamoDB sends, of those that it reads: it reads, and charges for, the others too.

    `deleted` chooses tombstones, and otherwise the rows of objects that exist. `larger` and
    `smaller` are exclusive, in bytes; no tombstone has a size. `newer` is inclusive and `older` is
    not, both of the time of the last event.
    """

    deleted: bool = False
    larger: int | None = None
    smaller: int | None = None
    newer: datetime | None = None
    older: datetime | None = None


EXISTING = Filter()
"""Every object that exists."""


@dataclass(slots=True)
class Reading:
    """How many rows a listing has read so far, tombstones and those that did not match included.

    The pages that were fetched ahead but not needed, at most one of each shard, are left out.
    """

    rows: int = 0


def live_rows(
    client: "DynamoDBClient",
    table: str,
    bucket: str,
    shards: int,
    *,
    prefix: str = "",
    after: str = "",
    until: str | None = None,
    consistent: bool = False,
) -> Iterator[Row]:
    """Yield the row of every object that exists under `prefix`, in the order of S3's listing.

    It is `matching_rows`, which says more, for rows of any size and time.
    """
    return matching_rows(
        client,
        table,
        bucket,
        shards,
        EXISTING,
        prefix=prefix,
        after=after,
        until=until,
        consistent=consistent,
    )


def matching_rows(
    client: "DynamoDBClient",
    table: str,
    bucket: str,
    shards: int,
    wanted: Filter,
    *,
    prefix: str = "",
    after: str = "",
    until: str | None = None,
    consistent: bool = False,
    reading: Reading | None = None,
) -> Iterator[Row]:
    """Yield every row under `prefix` that is `wanted`, in the order of S3's listing.

    Only keys greater than `after` and, if it is given, not greater than `until`.

    Each shard is one Query in sort-key order; merging them gives the order of the whole, which
    is that of the keys' UTF-8 bytes, in S3, in DynamoDB and in Python alike. `consistent` reads
    see every write that was acknowledged before, at twice the price. `reading` counts along.

    Raises botocore's ClientError or BotoCoreError when the table cannot be read.
    """

    def fetch(query: "QueryInputTypeDef") -> "QueryOutputTypeDef":
        return client.query(**query)

    pool = ThreadPoolExecutor(min(shards, _MAX_THREADS), thread_name_prefix="query")

    def shard(
        query: "QueryInputTypeDef", page: "Future[QueryOutputTypeDef]"
    ) -> Iterator[tuple[str, Row | None]]:
        while True:
            result = page.result()
            if reading:
                reading.rows += result["ScannedCount"]
            last = result.get("LastEvaluatedKey")
            if last:
                page = pool.submit(fetch, {**query, "ExclusiveStartKey": last})
            yield from ((row.key, row) for row in map(rows.from_item, result["Items"]))
            if not last:
                return
            # How far the shard was read, whether or not anything matched: without it, the merge
            # would read a shard to its next match, or its end, before it looked at another.
            yield last["sk"]["S"], None

    try:
        queries = [
            _query(table, partition, wanted, prefix=prefix, after=after, consistent=consistent)
            for partition in object_key.partitions(bucket, shards)
        ]
        # All first pages are asked for before the merge waits for any of them.
        first_pages = [pool.submit(fetch, query) for query in queries]
        merged = heapq.merge(*map(shard, queries, first_pages), key=lambda reached: reached[0])
        for key, row in merged:
            if (until is not None and key > until) or not key.startswith(prefix):
                return
            if row:
                yield row
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _query(
    table: str, partition: str, wanted: Filter, *, prefix: str, after: str, consistent: bool
) -> "QueryInputTypeDef":
    chosen, values = _expression(wanted)
    condition = "pk = :partition"
    values[":partition"] = {"S": partition}
    # One condition on the sort key is all that a query takes: with both, keys that come after the
    # prefix are dropped by the reader.
    if after > prefix:
        condition += " AND sk > :after"
        values[":after"] = {"S": after}
    elif prefix:
        condition += " AND begins_with(sk, :prefix)"
        values[":prefix"] = {"S": prefix}
    query: QueryInputTypeDef = {
        "TableName": table,
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": values,
        "FilterExpression": chosen,
        "ConsistentRead": consistent,
        "Limit": _PAGE,
    }
    if "#size" in chosen:
        # `size` is a function of the language; and a name that is given must be used.
        query["ExpressionAttributeNames"] = {"#size": "size"}
    return query


def _expression(wanted: Filter) -> "tuple[str, dict[str, AttributeValueTypeDef]]":
    """Return `wanted` as a filter expression and the values in it."""
    terms = [f"attribute_{'exists' if wanted.deleted else 'not_exists'}(expires_at)"]
    values: dict[str, AttributeValueTypeDef] = {}
    if wanted.larger is not None:
        terms.append("#size > :larger")
        values[":larger"] = {"N": str(wanted.larger)}
    if wanted.smaller is not None:
        terms.append("#size < :smaller")
        values[":smaller"] = {"N": str(wanted.smaller)}
    # Times are stored as text of fixed width, which compares as the times do.
    if wanted.newer is not None:
        terms.append("event_time >= :newer")
        values[":newer"] = {"S": rows.timestamp(wanted.newer)}
    if wanted.older is not None:
        terms.append("event_time < :older")
        values[":older"] = {"S": rows.timestamp(wanted.older)}
    return " AND ".join(terms), values
