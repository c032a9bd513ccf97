"""Searching rows by a cursor: pages follow one another, by Query alone, within a bound."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.console import row_search
from reinventure.console.row_search import START, Cursor, Search, cursor, next_page
from reinventure.errors import UserError
from s3_catalog.table.item import to_item
from s3_catalog.table.row_query import Filter
from tests import doubles

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import WriteRequestTypeDef

KEYS = [
    f"{folder}/{number:03}.{ending}"
    for folder in "ab"
    for number in range(150)
    for ending in ("gif", "jpg")
]


@pytest.fixture
def filled(catalog: DeployedCatalog) -> DeployedCatalog:
    """A catalog with 600 rows."""
    items = [
        to_item(doubles.row(key, bucket=catalog.bucket, size=number), catalog.outputs.shards)
        for number, key in enumerate(KEYS)
    ]
    for start in range(0, len(items), 25):
        puts: list[WriteRequestTypeDef] = [
            {"PutRequest": {"Item": item}} for item in items[start : start + 25]
        ]
        catalog.dynamodb.batch_write_item(RequestItems={catalog.table: puts})
    return catalog


@pytest.fixture
def requests(filled: DeployedCatalog) -> Iterator[list[str]]:
    """The operations of DynamoDB that are requested."""
    found: list[str] = []

    def note(model: Any, **_: object) -> None:
        found.append(model.name)

    events = filled.items.meta.events
    events.register("before-call.dynamodb", note, unique_id="note")
    yield found
    events.unregister("before-call.dynamodb", unique_id="note")


def found(catalog: DeployedCatalog, search: Search) -> list[str]:
    """The keys of all pages; each cursor goes through its text, as through a browser."""
    keys, at = list[str](), START
    while True:
        page = next_page(catalog, search, cursor("" if at == START else str(at)))
        keys += [row.key for row in page.rows]
        if page.next is None:
            return keys
        assert page.next != at
        assert page.next.found == len(keys)
        at = page.next


def test_pages_follow_one_another(filled: DeployedCatalog) -> None:
    assert found(filled, Search((filled.bucket,))) == KEYS
    assert found(filled, Search((filled.bucket,), "b/")) == [k for k in KEYS if k[0] == "b"]


def test_a_page_is_one_query_of_each_shard_and_never_a_scan(
    filled: DeployedCatalog, requests: list[str]
) -> None:
    page = next_page(filled, Search((filled.bucket,)))
    assert requests == ["Query"] * filled.outputs.shards
    assert page.next is not None
    assert len(page.rows) >= row_search.ENOUGH_ROWS
    assert page.read <= row_search.PAGE_ROWS


def test_conditions(filled: DeployedCatalog) -> None:
    larger = Search((filled.bucket,), suffix=".jpg", wanted=Filter(larger=590))
    assert found(filled, larger) == [k for n, k in enumerate(KEYS) if n > 590 and k.endswith("jpg")]
    assert found(filled, replace(larger, limit=2)) == found(filled, larger)[:2]


def test_a_limit_ends_the_search_across_pages(filled: DeployedCatalog, requests: list[str]) -> None:
    assert found(filled, Search((filled.bucket,), limit=450)) == KEYS[:450]
    requests.clear()
    assert found(filled, Search((filled.bucket,), limit=1)) == KEYS[:1]
    assert len(requests) == filled.outputs.shards


def test_a_search_that_finds_little_answers_in_between(
    filled: DeployedCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_search, "MAX_READ", 100)
    monkeypatch.setattr(row_search, "SEARCH_ROWS", 100)
    search = Search((filled.bucket,), wanted=Filter(larger=598))
    page = next_page(filled, search)
    assert (list(page.rows), page.read) == ([], 100)
    assert page.next is not None
    assert found(filled, search) == KEYS[-1:]


def test_several_buckets_and_prefixes(filled: DeployedCatalog) -> None:
    attached = replace(
        filled, outputs=replace(filled.outputs, attached_buckets="zoo/one/,zoo/two/")
    )
    keys = ["one/1", "one/2", "two/1"]
    for key in [*keys, "three/1"]:
        attached.store().replace(None, doubles.row(key, bucket="zoo"))
    assert found(attached, Search(("zoo",))) == keys
    assert found(attached, Search(("zoo",), "t")) == ["two/1"]
    assert found(attached, Search((filled.bucket, "zoo"))) == KEYS + keys
    with pytest.raises(UserError, match="is not in the catalog"):
        next_page(attached, Search(("zoo",), "three/"))
    with pytest.raises(UserError, match="is not in the catalog"):
        next_page(attached, Search(("other",)))


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "{}",
        "[]",
        "[1,2,3]",
        '[-1,"",0]',
        '[0,"",-1]',
        '[0,"\\ud800",0]',
        "[" * 100_000,
        '[0.5,"",0]',
        '["0","",0]',
    ],
)
def test_a_cursor_that_is_none(text: str) -> None:
    with pytest.raises(UserError, match="cursor"):
        cursor(text)


def test_a_cursor_beyond_the_end_finds_nothing(filled: DeployedCatalog) -> None:
    page = next_page(filled, Search((filled.bucket,)), Cursor(99, "z", 0))
    assert (list(page.rows), page.next) == ([], None)
