"""Reading several partitions of a table as one, in the order of the sort key, page by page."""

from bisect import bisect_right
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        QueryInputTypeDef,
        QueryOutputTypeDef,
    )

    Found = tuple[str, dict[str, AttributeValueTypeDef] | None]

FIRST_PAGE = 50
"""Items in the first page of each partition. The merge waits for the first pages of all."""

PAGE = 500
"""Items in each further page. Of each partition two pages are in memory: the current one and the
next."""

_MAX_THREADS = 16

_KEY: "Callable[[Found], str]" = itemgetter(0)


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
) -> "Iterator[Found]":
    """Yield the sort key and item of all matches of `queries`, in the order of the sort keys.

    Each query is of one partition. At the end of a page comes its last sort key with None, also if
    nothing in the page matched: so a reader can stop there, without reading the partition on to the
    next match or its end. `reading` counts the items.

    Raises botocore's ClientError or BotoCoreError when the table cannot be read.
    """
    for chunk in merged_chunks(client, queries, reading):
        yield from chunk


def merged_chunks(
    client: "DynamoDBClient",
    queries: "Sequence[QueryInputTypeDef]",
    reading: Reading | None = None,
) -> "Iterator[list[Found]]":
    """Yield what `merged` yields, in lists. Each has what is certain without a further page."""

    def fetch(query: "QueryInputTypeDef") -> "QueryOutputTypeDef":
        query["Limit"] = PAGE if "ExclusiveStartKey" in query else FIRST_PAGE
        return client.query(**query)

    def start(query: "QueryInputTypeDef") -> "Future[QueryOutputTypeDef]":
        return pool.submit(fetch, query)

    pool = ThreadPoolExecutor(min(len(queries), _MAX_THREADS), thread_name_prefix="query")
    try:
        partitions = [_Partition(query, start(query)) for query in queries]
        # The first item may be in the first page of any partition: fetch no second page before.
        wait([each.page for each in partitions], return_when=FIRST_EXCEPTION)
        due = partitions
        while partitions:
            for partition in due:
                partition.read_page(start, reading)
            # All that is missing is in further pages, whose keys are greater than this one.
            certain = min((each.end for each in partitions if each.end is not None), default=None)
            # Sorting parts that are in order is a merge. It keeps the end of a page behind its
            # last item.
            yield sorted(chain.from_iterable(each.take(certain) for each in partitions), key=_KEY)
            due = [each for each in partitions if each.end is not None and each.end == certain]
            partitions = [each for each in partitions if each.found or each in due]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


@dataclass(slots=True, eq=False)
class _Partition:
    """A partition while it is read.

    `page` is its next page, or the last one. Of the page before it, `found` has what has not been
    yielded, and `end` is the last key, or None if there is no next page.
    """

    query: "QueryInputTypeDef"
    page: "Future[QueryOutputTypeDef]"
    found: "list[Found]" = field(default_factory=list)
    end: str | None = None

    def read_page(
        self,
        start: "Callable[[QueryInputTypeDef], Future[QueryOutputTypeDef]]",
        reading: Reading | None,
    ) -> None:
        """Take over the next page, and start the one after it."""
        result = self.page.result()
        if reading:
            reading.rows += result["ScannedCount"]
        self.found = [(item["sk"]["S"], item) for item in result["Items"]]
        self.end = None
        if last := result.get("LastEvaluatedKey"):
            self.page = start({**self.query, "ExclusiveStartKey": last})
            self.end = last["sk"]["S"]
            self.found.append((self.end, None))

    def take(self, certain: str | None) -> "list[Found]":
        """Remove and return what has no greater key than `certain`; None is for everything."""
        number = len(self.found)
        if certain is not None:
            number = bisect_right(self.found, certain, key=_KEY)
        taken, self.found = self.found[:number], self.found[number:]
        return taken
