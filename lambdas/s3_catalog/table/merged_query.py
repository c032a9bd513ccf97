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
"""Items of the first query of each partition: the merge waits for all of these."""

PAGE = 500
"""Items of each further one. Two pages of each partition are in memory, one being read and one
fetched."""

_MAX_THREADS = 16


@dataclass(slots=True)
class Reading:
    """How many items have been read so far, those that a filter then dropped included.

    The pages that were fetched ahead but not needed, at most one of each partition, are left out.
    """

    rows: int = 0


def merged(
    client: "DynamoDBClient",
    queries: "Sequence[QueryInputTypeDef]",
    reading: Reading | None = None,
) -> "Iterator[tuple[str, dict[str, AttributeValueTypeDef] | None]]":
    """Yield the sort key and the item of all that `queries` find, by sort key.

    Each query asks one partition. Where a page ends, its last sort key comes with None, whether or
    not anything there matched: so a reader that wants no more can stop without reading a partition
    to its next match, or its end. `reading` counts along.

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
        # The first item of the whole may be on any of them: a further page would be in their way.
        wait(first_pages, return_when=FIRST_EXCEPTION)
        yield from heapq.merge(*map(partition, queries, first_pages), key=lambda found: found[0])
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
