"""Reading the catalog of a bucket in key order, whatever its size."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from s3_catalog.model import object_key
from s3_catalog.model.row import Row
from s3_catalog.model.timestamps import timestamp
from s3_catalog.table.item import from_item
from s3_catalog.table.merged_query import Reading, merged

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        QueryInputTypeDef,
    )


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows DynamoDB sends, of those that it reads: it reads, and charges for, the others too.

    `deleted` chooses tombstones, and otherwise the rows of objects that exist. `larger` and
    `smaller` are exclusive, in bytes; no tombstone has a size. `newer` is inclusive and `older` is
    not, both of the time of the last event.

    The others are of what was found inside: an object that nobody has looked into is not wanted.
    `content_type` is exact, or a beginning with an asterisk (`image/*`). `sha256` is hexadecimal,
    in small letters. `wider` and `rows_over` are exclusive, in pixels and rows.
    """

    deleted: bool = False
    larger: int | None = None
    smaller: int | None = None
    newer: datetime | None = None
    older: datetime | None = None
    content_type: str | None = None
    sha256: str | None = None
    wider: int | None = None
    rows_over: int | None = None


EXISTING = Filter()
"""Every object that exists."""


def matching_rows(
    client: "DynamoDBClient",
    table: str,
    bucket: str,
    shards: int,
    wanted: Filter = EXISTING,
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
    queries = [
        _query(table, partition, wanted, prefix=prefix, after=after, consistent=consistent)
        for partition in object_key.partitions(bucket, shards)
    ]
    for key, item in merged(client, queries, reading):
        if (until is not None and key > until) or not key.startswith(prefix):
            return
        if item:
            yield from_item(item)


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
    }
    # `size` and `rows` are words of the language; and a name that is given must be used.
    names = {f"#{name}": name for name in ("size", "rows") if f"#{name}" in chosen}
    if names:
        query["ExpressionAttributeNames"] = names
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
        values[":newer"] = {"S": timestamp(wanted.newer)}
    if wanted.older is not None:
        terms.append("event_time < :older")
        values[":older"] = {"S": timestamp(wanted.older)}
    if wanted.content_type is not None:
        start = wanted.content_type.removesuffix("*")
        exact = start == wanted.content_type
        name = "inspected.content_type"
        terms.append(f"{name} = :type" if exact else f"begins_with({name}, :type)")
        values[":type"] = {"S": start}
    if wanted.sha256 is not None:
        terms.append("inspected.sha256 = :sha256")
        values[":sha256"] = {"S": wanted.sha256}
    if wanted.wider is not None:
        terms.append("inspected.width > :wider")
        values[":wider"] = {"N": str(wanted.wider)}
    if wanted.rows_over is not None:
        terms.append("inspected.#rows > :rows_over")
        values[":rows_over"] = {"N": str(wanted.rows_over)}
    return " AND ".join(terms), values
