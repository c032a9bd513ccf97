"""Reading the rows of a bucket in key order, at any size."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from s3_catalog.model import object_key
from s3_catalog.model.requester import is_by
from s3_catalog.model.row import BEFORE_ALL, Row
from s3_catalog.model.sequencer import bounds
from s3_catalog.model.stored_object import STANDARD
from s3_catalog.model.timestamps import timestamp
from s3_catalog.table.item import from_item
from s3_catalog.table.merged_query import Reading, merged, merged_chunks

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        QueryInputTypeDef,
    )


@dataclass(frozen=True, slots=True)
class Filter:
    """The rows that DynamoDB returns. It reads the others as well, and charges for them.

    `deleted` selects tombstones instead of rows of existing objects; `implausible_at` adds those
    whose sequencer was implausible at that time. `larger` and `smaller` are exclusive, in bytes;
    tombstones have no size. `newer` is inclusive and `older` exclusive, both of the time of the
    last event. `storage_class` is exact; STANDARD includes rows without a class. `by` is an id of
    the requester (see `s3_catalog.model.requester.is_by`).

    The other fields are of the inspection result; rows without one do not match. `content_type` is
    exact, or a prefix with an asterisk (`image/*`). `sha256` is hexadecimal in lower case. `wider`
    and `rows_over` are exclusive, in pixels and rows.
    """

    deleted: bool = False
    implausible_at: datetime | None = None
    larger: int | None = None
    smaller: int | None = None
    newer: datetime | None = None
    older: datetime | None = None
    storage_class: str | None = None
    by: str | None = None
    content_type: str | None = None
    sha256: str | None = None
    wider: int | None = None
    rows_over: int | None = None


EXISTING = Filter()
"""Every object that exists."""

_MAX_QUERIES = 16
"""Queries of a page at the same time."""


@dataclass(frozen=True, slots=True)
class RowPage:
    """The matching `rows` up to the key `last`, in key order; None if there are no further ones.

    `read` is the number of rows that DynamoDB read and charged for.
    """

    rows: list[Row]
    last: str | None
    read: int


def row_page(
    client: "DynamoDBClient",
    table: str,
    bucket: str,
    shards: int,
    wanted: Filter = EXISTING,
    *,
    prefix: str = "",
    after: str = "",
    limit: int,
) -> RowPage:
    """Return the next rows under `prefix` that match `wanted`, with keys greater than `after`.

    One Query of each shard, which reads `limit` rows: nothing is read ahead, and nothing is kept
    between two pages. A row is in the page if no shard has an unread one before it, so a page with
    a `last` has at least `limit` rows if all match. Raises botocore's ClientError or BotoCoreError
    when the table cannot be read.
    """
    queries = [
        _query(table, partition, wanted, prefix=prefix, after=after, consistent=False)
        for partition in object_key.partitions(bucket, shards)
    ]
    with ThreadPoolExecutor(min(len(queries), _MAX_QUERIES), thread_name_prefix="page") as pool:
        pages = list(pool.map(lambda query: client.query(**query, Limit=limit), queries))
    ends = [page["LastEvaluatedKey"]["sk"]["S"] for page in pages if "LastEvaluatedKey" in page]
    last = min(ends, default=None)
    rows = sorted(
        (
            from_item(item)
            for page in pages
            for item in page["Items"]
            if last is None or item["sk"]["S"] <= last
        ),
        key=lambda row: row.key,
    )
    return RowPage(
        [
            row
            for row in rows
            if row.key.startswith(prefix) and (wanted.by is None or is_by(row.requester, wanted.by))
        ],
        # With `after`, a query does not end with the prefix.
        last if last is not None and last.startswith(prefix) else None,
        sum(page["ScannedCount"] for page in pages),
    )


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
    """Yield the rows under `prefix` that match `wanted`, in the order of S3's listing.

    Only keys greater than `after` and, unless it is None, not greater than `until`.

    Each shard is one Query in sort-key order, and the merge is in the order of the keys' UTF-8
    bytes, which S3, DynamoDB and Python share. `consistent` reads see every write acknowledged
    before, at twice the price. `reading` counts the rows read.

    Raises botocore's ClientError or BotoCoreError when the table cannot be read.
    """
    found = rows_and_pages(
        client,
        table,
        bucket,
        shards,
        wanted,
        prefix=prefix,
        after=after,
        until=until,
        consistent=consistent,
        reading=reading,
    )
    return (row for _, row in found if row)


def rows_and_pages(
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
) -> Iterator[tuple[str, Row | None]]:
    """Yield what `matching_rows` yields, each row with its key.

    At the end of a page comes its last key with None: every row up to that key has been yielded.
    """
    queries = [
        _query(table, partition, wanted, prefix=prefix, after=after, consistent=consistent)
        for partition in object_key.partitions(bucket, shards)
    ]
    for key, item in merged(client, queries, reading):
        if (until is not None and key > until) or not key.startswith(prefix):
            return
        row = from_item(item) if item else None
        if row is None or wanted.by is None or is_by(row.requester, wanted.by):
            yield key, row


@dataclass(frozen=True, slots=True)
class Listed:
    """What a listing shows of an existing object: see `Row`."""

    key: str
    event_time: str
    size: int


def listing(
    client: "DynamoDBClient", table: str, bucket: str, shards: int, *, prefix: str = ""
) -> Iterator[list[Listed]]:
    """Yield every object that exists under `prefix`, in lists, in the order of S3's listing.

    DynamoDB sends only what is shown, a third of a row: it charges for the whole one. Raises
    botocore's ClientError or BotoCoreError when the table cannot be read.
    """
    queries: list[QueryInputTypeDef] = [
        {
            **_query(table, partition, EXISTING, prefix=prefix, after="", consistent=False),
            "ProjectionExpression": "sk, event_time, #size",
            "ExpressionAttributeNames": {"#size": "size"},
        }
        for partition in object_key.partitions(bucket, shards)
    ]
    for chunk in merged_chunks(client, queries):
        yield [
            Listed(key, item["event_time"]["S"], int(item["size"]["N"]))
            for key, item in chunk
            if item
        ]


def _query(
    table: str, partition: str, wanted: Filter, *, prefix: str, after: str, consistent: bool
) -> "QueryInputTypeDef":
    chosen, values = _expression(wanted)
    condition = "pk = :partition"
    values[":partition"] = {"S": partition}
    # A query takes one condition on the sort key. With `after` within the prefix, the reader stops
    # at the end of the prefix.
    if after and after >= prefix:
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
    # `size` and `rows` are reserved words. DynamoDB refuses names that the filter does not use.
    names = {f"#{name}": name for name in ("size", "rows") if f"#{name}" in chosen}
    if names:
        query["ExpressionAttributeNames"] = names
    return query


def _expression(wanted: Filter) -> "tuple[str, dict[str, AttributeValueTypeDef]]":
    """Return `wanted` as a filter expression and the values in it."""
    terms = [f"attribute_{'exists' if wanted.deleted else 'not_exists'}(expires_at)"]
    values: dict[str, AttributeValueTypeDef] = {}
    if wanted.implausible_at is not None:
        least, greatest = bounds(wanted.implausible_at)
        low = "sequencer > :before_all AND sequencer < :least"
        terms = [f"({terms[0]} OR sequencer > :greatest OR {low})"]
        values[":before_all"], values[":least"] = {"S": BEFORE_ALL}, {"S": least}
        values[":greatest"] = {"S": greatest}
    if wanted.storage_class == STANDARD:
        terms.append("attribute_not_exists(storage_class)")
    for term, value in _comparisons(wanted):
        if value is not None:
            terms.append(term)
            name = term[term.index(":") :].removesuffix(")")
            values[name] = {"N": str(value)} if isinstance(value, int) else {"S": value}
    return " AND ".join(terms), values


def _comparisons(wanted: Filter) -> list[tuple[str, str | int | None]]:
    """Return all comparisons, each with its value in `wanted`, or None."""
    start = wanted.content_type and wanted.content_type.removesuffix("*")
    exact = start == wanted.content_type
    type_is = "inspected.content_type = :type"
    type_begins = "begins_with(inspected.content_type, :type)"
    return [
        ("#size > :larger", wanted.larger),
        ("#size < :smaller", wanted.smaller),
        # Times are texts of fixed width, which compare like the times.
        ("event_time >= :newer", timestamp(wanted.newer) if wanted.newer else None),
        ("event_time < :older", timestamp(wanted.older) if wanted.older else None),
        (
            "storage_class = :storage_class",
            None if wanted.storage_class == STANDARD else wanted.storage_class,
        ),
        # More than the requesters that match: DynamoDB cannot compare parts of a text.
        ("contains(requester, :by)", wanted.by and wanted.by.removeprefix("AWS:")),
        (type_is if exact else type_begins, start),
        ("inspected.sha256 = :sha256", wanted.sha256),
        ("inspected.width > :wider", wanted.wider),
        ("inspected.#rows > :rows_over", wanted.rows_over),
    ]
