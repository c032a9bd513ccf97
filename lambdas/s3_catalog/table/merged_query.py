"""Reading several partitions of a table as one, in the order of the sort key, page by page."""

import heapq
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        QueryInputTypeDef,
        QueryOutputTypeDef,
    )

FIRST_PAGE = 50
"""Items in the first page of each partition. The merge waits for the first pages of all."""

PAGE = 500
"""Items in each further page. Of each partition two pages are in memory: the current one and the
next."""

_MAX_THREADS = 16


@dataclass(slots=True)
class Reading:
    """The number of items read so far, including those that a filter dropped.

    Pages that were fetched ahead but not used, at most one of each partition, do not count.
    """

    rows: int = 0


def merged(
    client: "DynamoDBClient",
    queries: "Sequence[QueryInputTypeDef]",
    reading: Reading | None = None,
) -> "Iterator[tuple[str, dict[str, AttributeValueTypeDef] | None]]":
    """Yield the sort key and item of all matches of `queries`, in the order of the sort keys.

    Each query is of one partition. At the end of a page comes its last sort key with None, also if
    nothing in the page matched: so a reader can stop there, without reading the partition on to the
    next match or its end. `reading` counts the items.

    Raises botocore's ClientError or BotoCoreError when the table cannot be read.
    """

    def fetch(query: "QueryInputTypeDef") -> "QueryOutputTypeDef":
        query["Limit"] = PAGE if "ExclusiveStartKey" in query else FIRST_PAGE
        return client.query(**query)

    pool = ThreadPoolExecutor(min(len(queries), _MAX_THREADS), thread_name_prefix="query")

    def partition(
        query: "QueryInputTypeDef", page: "Future[QueryOutputTypeDef]"
    ) -> "Iterator[tuple[str, dict[str, AttributeValueTypeDef] | None]]":
        while True:
            result = page.result()
            if reading:
                reading.rows += result["ScannedCount"]
            last = result.get("LastEvaluatedKey")
            if last:
                page = pool.submit(fetch, {**query, "ExclusiveStartKey": last})
            yield from ((item["sk"]["S"], item) for item in result["Items"])
            if not last:
                return
            yield last["sk"]["S"], None

    try:
        first_pages = [pool.submit(fetch, query) for query in queries]
        # The first item may be in the first page of any partition: fetch no second page before.
        wait(first_pages, return_when=FIRST_EXCEPTION)
        yield from heapq.merge(*map(partition, queries, first_pages), key=lambda found: found[0])
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
