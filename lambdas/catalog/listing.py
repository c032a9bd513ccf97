"""Reading the catalog of a bucket in key order, page by page, whatever its size."""

import heapq
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from catalog import key as object_key
from catalog import row as rows
from catalog.row import Row

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import QueryInputTypeDef, QueryOutputTypeDef

_PAGE = 500
"""Rows a query. Two pages of each shard are in memory, one being read and one being fetched."""

_MAX_THREADS = 16


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

    Only keys greater than `after` and, if it is given, not greater than `until`.

    Each shard is one Query in sort-key order; merging them gives the order of the whole, which
    is that of the keys' UTF-8 bytes, in S3, in DynamoDB and in Python alike. `consistent` reads
    see every write that was acknowledged before, at twice the price.

    Raises botocore's ClientError or BotoCoreError when the table cannot be read.
    """

    def fetch(query: "QueryInputTypeDef") -> "QueryOutputTypeDef":
        return client.query(**query)

    pool = ThreadPoolExecutor(min(shards, _MAX_THREADS), thread_name_prefix="query")

    def shard(query: "QueryInputTypeDef", page: "Future[QueryOutputTypeDef]") -> Iterator[Row]:
        while True:
            result = page.result()
            last = result.get("LastEvaluatedKey")
            if last:
                page = pool.submit(fetch, {**query, "ExclusiveStartKey": last})
            yield from map(rows.from_item, result["Items"])
            if not last:
                return

    try:
        queries = [
            _query(table, partition, prefix, after, consistent)
            for partition in object_key.partitions(bucket, shards)
        ]
        # All first pages are asked for before the merge waits for any of them.
        first_pages = [pool.submit(fetch, query) for query in queries]
        merged = heapq.merge(*map(shard, queries, first_pages), key=lambda row: row.key)
        for row in merged:
            if (until is not None and row.key > until) or not row.key.startswith(prefix):
                return
            yield row
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _query(
    table: str, partition: str, prefix: str, after: str, consistent: bool
) -> "QueryInputTypeDef":
    condition, values = "pk = :partition", {":partition": {"S": partition}}
    # One condition on the sort key is all that a query takes: with both, keys that come after the
    # prefix are dropped by the reader.
    if after > prefix:
        condition += " AND sk > :after"
        values[":after"] = {"S": after}
    elif prefix:
        condition += " AND begins_with(sk, :prefix)"
        values[":prefix"] = {"S": prefix}
    return {
        "TableName": table,
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": values,
        "FilterExpression": "attribute_not_exists(expires_at)",
        "ConsistentRead": consistent,
        "Limit": _PAGE,
    }
