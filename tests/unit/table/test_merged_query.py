"""The merge of several partitions: order, pages, their ends, and failures."""

import heapq
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from s3_catalog.table import merged_query
from s3_catalog.table.merged_query import Reading, merged

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

MAX_QUERIES = 40
FAILED = ClientError({"Error": {"Code": "ThrottlingException"}}, "Query")


class Partitions:
    """DynamoDB whose partitions have the given pages.

    A page is its keys, such as `a c`. A key in parentheses, the last of its page, was read and
    dropped by a filter. The page `!` fails.
    """

    def __init__(self, **partitions: list[str]) -> None:
        self._partitions = partitions
        self.queries: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def query(self, **query: Any) -> Any:
        with self._lock:
            self.queries.append(query)
            assert len(self.queries) <= MAX_QUERIES, "the merge does not end"
        name = query["TableName"]
        pages = self._partitions[name]
        start = query.get("ExclusiveStartKey", {"sk": {"S": ""}})["sk"]["S"]
        number = 0 if not start else 1 + [self._last(page) for page in pages].index(start)
        if pages[number] == "!":
            raise FAILED
        keys = pages[number].split()
        reply: dict[str, Any] = {
            "Items": [{"sk": {"S": key}, "of": {"S": name}} for key in keys if key[0] != "("],
            "ScannedCount": len(keys),
        }
        if number + 1 < len(pages):
            last = self._last(pages[number])
            reply["LastEvaluatedKey"] = {"pk": {"S": name}, "sk": {"S": last}}
        return reply

    @staticmethod
    def _last(page: str) -> str:
        return page.rsplit(maxsplit=1)[-1].strip("()")

    def requests(self, name: str) -> list[tuple[str | None, int]]:
        """The start and the limit of each query of a partition."""
        return [
            (query.get("ExclusiveStartKey", {"sk": {"S": None}})["sk"]["S"], query["Limit"])
            for query in self.queries
            if query["TableName"] == name
        ]

    def merged(self, reading: Reading | None = None) -> list[str]:
        """Each key with its partition, such as `a1`; the end of a page is `a-`."""
        queries: Any = [{"TableName": name} for name in self._partitions]
        found = merged(cast("DynamoDBClient", self), queries, reading)
        return [key + (item["of"]["S"] if item else "-") for key, item in found]


def test_partitions_are_merged_in_the_order_of_the_keys() -> None:
    assert Partitions(x=["a d é"], y=["b 🚀"], z=[""]).merged() == ["ax", "by", "dx", "éx", "🚀y"]


def test_the_last_key_of_each_page_but_the_last_comes_again_without_an_item() -> None:
    table = Partitions(x=["a d", "e", "(g)", "i"], y=["b c", "h"])
    assert table.merged() == ["ax", "by", "cy", "c-", "dx", "d-", "ex", "e-", "g-", "hy", "ix"]


def one_by_one(partitions: dict[str, list[str]]) -> list[str]:
    """What `Partitions.merged` returns, by the rule: a merge of single items, and no threads."""

    def stream(name: str, pages: list[str]) -> Iterator[tuple[str, str]]:
        for number, page in enumerate(pages, 1):
            for key in page.split():
                if key[0] != "(":
                    yield key, name
            if number < len(pages):
                yield page.split()[-1].strip("()"), "-"

    streams = [stream(name, pages) for name, pages in partitions.items()]
    return [key + name for key, name in heapq.merge(*streams, key=lambda found: found[0])]


@st.composite
def tables(draw: st.DrawFn) -> dict[str, list[str]]:
    """Partitions of different keys, in pages; some pages end with a key that a filter dropped."""
    keys = sorted(draw(st.sets(st.text("abcé🚀", min_size=1, max_size=3), max_size=24)))
    names = draw(st.lists(st.sampled_from("xyz"), min_size=len(keys), max_size=len(keys)))
    found: dict[str, list[str]] = {}
    for name in "xyz":
        mine = [key for key, of in zip(keys, names, strict=True) if of == name]
        pages: list[list[str]] = [[]]
        for key in mine:
            pages[-1].append(key)
            if draw(st.booleans()):
                pages[-1][-1] = draw(st.sampled_from([key, f"({key})"]))
                pages.append([])
        found[name] = [" ".join(page) for page in pages if page] or [""]
    return found


@given(table=tables())
def test_chunks_have_what_a_merge_of_single_items_has(table: dict[str, list[str]]) -> None:
    partitions, reading = Partitions(**table), Reading()
    assert partitions.merged(reading) == one_by_one(table)
    assert reading.rows == sum(len(page.split()) for pages in table.values() for page in pages)


@given(table=tables(), number=st.integers(1, 10))
def test_a_reader_that_stops_caused_only_one_query_ahead_in_each_partition(
    table: dict[str, list[str]], number: int
) -> None:
    expected = one_by_one(table)
    partitions = Partitions(**table)
    queries: Any = [{"TableName": name} for name in table]
    found = merged(cast("DynamoDBClient", partitions), queries)
    read = [key for key, _ in islice(found, number)]
    found.close()  # type: ignore[attr-defined]
    passed = sum(each.endswith("-") for each in expected[: len(read) - 1])
    assert len(partitions.queries) <= 2 * len(table) + passed


def test_first_pages_have_50_items_and_further_pages_500() -> None:
    table = Partitions(x=["a", "b", "c"], y=["d"])
    table.merged()
    assert table.requests("x") == [(None, 50), ("a", 500), ("b", 500)]
    assert table.requests("y") == [(None, 50)]


def test_a_further_page_starts_after_the_key_of_both_attributes() -> None:
    table = Partitions(x=["a", "b"])
    table.merged()
    assert table.queries[1]["ExclusiveStartKey"] == {"pk": {"S": "x"}, "sk": {"S": "a"}}


def test_items_that_the_filter_dropped_count_as_read() -> None:
    reading = Reading()
    assert Partitions(x=["a (b)", "c"], y=["(d)"]).merged(reading) == ["ax", "b-", "cx"]
    assert reading == Reading(rows=4)


@pytest.mark.parametrize("pages", [["!"], ["a", "!"]])
def test_a_failed_query_is_raised(pages: list[str]) -> None:
    with pytest.raises(ClientError, match="ThrottlingException"):
        Partitions(x=["a"], y=pages).merged()


def test_all_partitions_are_queried_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=5)

    class Waiting(Partitions):
        def query(self, **query: Any) -> Any:
            together.wait()
            return super().query(**query)

    assert Waiting(x=["a"], y=["b"], z=["c"]).merged() == ["ax", "by", "cz"]


def test_at_most_16_threads_query(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, workers: int, thread_name_prefix: str) -> None:
            threads.append(workers)
            super().__init__(workers, thread_name_prefix)

    monkeypatch.setattr(merged_query, "ThreadPoolExecutor", Pool)
    for number in (1, 16, 17):
        Partitions(**{f"p{n}": ["a"] for n in range(number)}).merged()
    assert threads == [1, 16, 16]


class Late(Partitions):
    """DynamoDB that replies to some queries after `released`, or after a second."""

    def __init__(self, **partitions: list[str]) -> None:
        super().__init__(**partitions)
        self.begun = threading.Event()
        self.released = threading.Event()
        self.late: list[str] = []

    def query(self, **query: Any) -> Any:
        if self.is_late(query):
            self.begun.set()
            self.released.wait(1)
            self.late.append(query["TableName"])
        return super().query(**query)

    def is_late(self, query: dict[str, Any]) -> bool:
        """Further pages are."""
        return "ExclusiveStartKey" in query


def test_a_closed_merge_neither_waits_for_pages_fetched_ahead_nor_begins_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pools: list[ThreadPoolExecutor] = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            pools.append(self)

    monkeypatch.setattr(merged_query, "ThreadPoolExecutor", Pool)
    monkeypatch.setattr(merged_query, "_MAX_THREADS", 1)
    table = Late(x=["a", "c"], y=["b", "d"])
    queries: Any = [{"TableName": name} for name in "xy"]
    found = merged(cast("DynamoDBClient", table), queries)
    assert next(found)[0] == "a"
    assert table.begun.wait(5)
    found.close()  # type: ignore[attr-defined]
    assert table.late == []
    table.released.set()
    pools[0].shutdown(wait=True)
    assert table.late == ["x"]


def test_a_failure_does_not_wait_for_the_other_partitions() -> None:
    class LateFirst(Late):
        def is_late(self, query: dict[str, Any]) -> bool:
            return bool(query["TableName"] == "y")

    table = LateFirst(x=["!"], y=["a"])
    with pytest.raises(ClientError, match="ThrottlingException"):
        table.merged()
    assert table.late == []
    table.released.set()


def test_second_pages_wait_for_all_first_pages() -> None:
    first_of_y = threading.Event()
    early: list[str] = []

    class Ordered(Partitions):
        def query(self, **query: Any) -> Any:
            if "ExclusiveStartKey" in query and not first_of_y.is_set():
                early.append(query["TableName"])
            if query["TableName"] == "y":
                time.sleep(0.02)
                first_of_y.set()
            return super().query(**query)

    assert Ordered(x=["a", "b"], y=["c"]).merged() == ["ax", "a-", "bx", "cy"]
    assert early == []
