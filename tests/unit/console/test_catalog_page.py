"""The page of the catalog: totals of folders, rows as JSON, errors, and hostile names."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.console import folder_totals as module
from reinventure.console.folder_totals import FolderTotals, folder_totals
from reinventure.console.place import Place
from reinventure.console.served import Served
from s3_catalog.model.change import Change
from s3_catalog.model.row import Row
from s3_catalog.totals.tally import Tally, Total
from tests import doubles
from tests.unit.console.asgi_browser import Browser
from tests.unit.console.conftest import opened

HOSTILE = "<img src=x onerror=alert(1)>\u202e\n"


def fill(catalog: DeployedCatalog, objects: Sequence[tuple[str, int]], bucket: str = "") -> None:
    """Write rows with these keys and sizes, and count them in the totals."""
    rows = [doubles.row(key, bucket=bucket or catalog.bucket, size=size) for key, size in objects]
    for row in rows:
        assert catalog.store().replace(None, row)
    shard = f"shard-{bucket}"
    changes = [change(number, row) for number, row in enumerate(rows, 1)]
    catalog.totals().apply(shard, changes)


def change(number: int, row: Row) -> Change:
    return Change(str(number), f"{number:021}", 1, row.bucket, row.key, None, row)


def of(catalog: DeployedCatalog, folder: str = "", **more: str) -> str:
    return urlencode({"bucket": catalog.bucket, "folder": folder, **more})


def rows(browser: Browser, query: str) -> Any:
    reply = browser.get(f"/catalog/rows?{query}")
    assert reply.headers["content-type"] == "application/json"
    return json.loads(reply.text)


def test_an_empty_catalog(browser: Browser, catalog: DeployedCatalog) -> None:
    text = browser.get("/catalog").text
    assert "0 objects · 0 bytes" in text
    assert "<svg" not in text
    assert "There is no object here." in text
    assert rows(browser, of(catalog)) == {"rows": [], "next": None, "read": 0}


def test_folders_as_a_list_and_as_areas(browser: Browser, catalog: DeployedCatalog) -> None:
    fill(catalog, [("a/1", 700), ("a/b/2", 200), ("c/3", 90), ("top", 10)])
    text = browser.get("/catalog").text
    assert "4 objects · 1.0 kB" in text
    for folder, numbers in {"a": "2 objects · 900 bytes", "c": "1 object · 90 bytes"}.items():
        assert f"<title>{folder}: {numbers}, " in text
        href = f'href="/catalog?bucket={catalog.bucket}&amp;folder={folder}%2F"'
        # In the list, and in the drawings for wide and narrow pages.
        assert text.count(href) == 3
    assert "<title>objects here: 1 object · 10 bytes, 1.0%</title>" in text
    inside = browser.get(f"/catalog?{of(catalog, 'a/')}").text
    assert "2 objects · 900 bytes" in inside
    assert "b: 1 object · 200 bytes" in inside
    # The part that the script reads again is the part of the page.
    part = browser.get(f"/catalog/totals?{of(catalog, 'a/')}").text
    assert part in inside
    assert "<html" not in part


def test_areas_by_number_of_objects(browser: Browser, catalog: DeployedCatalog) -> None:
    fill(catalog, [("a/1", 1), ("a/2", 1), ("b/1", 98)])
    text = browser.get(f"/catalog?{of(catalog, by='objects')}").text
    assert "a: 2 objects · 2 bytes, 66.7%" in text
    assert 'aria-label="Folders by number of objects"' in text


def test_totals_that_are_not_counted(browser: Browser, catalog: DeployedCatalog) -> None:
    fill(catalog, [("1/2/3/4/5", 9)])
    text = browser.get(f"/catalog?{of(catalog, '1/2/3/4/')}").text
    assert "Folders have totals down to 3 levels" in text
    assert [row["key"] for row in rows(browser, of(catalog, "1/2/3/4/"))["rows"]] == ["5"]


def test_the_largest_folders_and_the_rest(
    catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(catalog, [("a/1", 1), ("b/1", 5), ("c/1", 3), ("c/2", 3), ("top", 2)])
    monkeypatch.setattr(module, "MAX_FOLDERS", 2)
    found = folder_totals(catalog, Place(catalog.bucket))
    assert found == FolderTotals(
        Tally(5, 14), (Total("c/", 2, 6), Total("b/", 1, 5)), Tally(2, 3), more=1
    )


def test_hostile_names_are_text_everywhere(browser: Browser, catalog: DeployedCatalog) -> None:
    fill(catalog, [(f"{HOSTILE}/{HOSTILE}", 1), ("//x", 1), (" /x", 1)])
    folder = "%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E%E2%80%AE%0A/"
    for query in (of(catalog), of(catalog, folder), of(catalog, "/"), of(catalog, "%20/")):
        for path in ("/catalog", "/catalog/totals"):
            text = browser.get(f"{path}?{query}").text
            assert "<img" not in text
            assert "\u202e" not in text
    assert "(empty name)" in browser.get("/catalog").text
    assert '<title>" ": 1 object' in browser.get("/catalog").text
    [row] = rows(browser, of(catalog, folder))["rows"]
    assert row["key"] == '"<img src=x onerror=alert(1)>\\u202e\\n"'
    assert row["href"].isascii()
    # The way to it is the way to this very object.
    assert "<dt>size</dt><dd>1 bytes</dd>" in browser.get(row["href"]).text


def test_a_row_of_the_list(browser: Browser, catalog: DeployedCatalog) -> None:
    fill(catalog, [("a/cat.png", 2048), ("a/dog.txt", 1)])
    cat, dog = rows(browser, of(catalog, "a/"))["rows"]
    assert cat == {
        "key": "cat.png",
        "time": "2026-11-23 12:00:00",
        "size": "2.0 kB",
        "href": f"/object?bucket={catalog.bucket}&key=a%2Fcat.png",
        "picture": f"/object/picture?bucket={catalog.bucket}&key=a%2Fcat.png",
    }
    assert dog["picture"] is None


def test_a_search_has_its_own_page_of_rows(browser: Browser, catalog: DeployedCatalog) -> None:
    fill(catalog, [("a.txt", 1), ("b.txt", 2000)])
    query = of(catalog, larger="1k", suffix=".txt")
    text = browser.get(f"/catalog?{query}").text
    assert f'data-source="/catalog/rows?{query.replace("&", "&amp;")}"' in text
    assert "data-conditional" in text
    assert [row["key"] for row in rows(browser, query)["rows"]] == ["b.txt"]


def test_mistakes_of_a_search(browser: Browser, catalog: DeployedCatalog) -> None:
    query = of(catalog, larger="5 elephants")
    page = browser.get(f"/catalog?{query}")
    assert (page.status, "data-source" in page.text) == (400, False)
    assert 'class="wrong">Invalid size' in page.text
    reply = browser.get(f"/catalog/rows?{query}")
    assert (reply.status, "Invalid size" in reply.text) == (400, True)
    bad = browser.get(f"/catalog/rows?{of(catalog, cursor='x')}")
    assert (bad.status, "cursor" in bad.text) == (400, True)


def test_an_error_of_aws_is_said(browser: Browser, catalog: DeployedCatalog) -> None:
    catalog.dynamodb.delete_table(TableName=catalog.table)
    reply = browser.get(f"/catalog/rows?{of(catalog)}")
    assert (reply.status, "ResourceNotFoundException" in reply.text) == (502, True)
    catalog.dynamodb.delete_table(TableName=catalog.outputs.totals_table_name)
    page = browser.get("/catalog")
    assert (page.status, "ResourceNotFoundException" in page.text) == (502, True)


def test_several_buckets(here: Served, catalog: DeployedCatalog) -> None:
    outputs = replace(catalog.outputs, attached_buckets="attached/2026/")
    several = replace(catalog, outputs=outputs)
    fill(several, [("a", 1)], catalog.bucket)
    fill(several, [("2026/b", 999)], "attached")
    browser = opened(replace(here, catalog=several))
    text = browser.get("/catalog").text
    assert "2 buckets" in text
    assert "attached: 1 object · 999 bytes" in text
    assert f"{catalog.bucket}: 1 object · 1 byte" in text
    assert "2 objects · 1.0 kB" in text
    assert "<html" not in browser.get("/catalog/totals").text
    inside = browser.get("/catalog?bucket=attached").text
    assert ">All buckets</a>" in inside
    assert "In every bucket" in inside
    found = rows(browser, urlencode({"bucket": "attached", "everywhere": "yes"}))["rows"]
    assert [row["key"] for row in found] == ["attached/2026/b", f"{catalog.bucket}/a"]
    refused = browser.get("/catalog?bucket=attached&folder=2025/")
    assert "s3://attached/2026/ only" in refused.text


def test_pages_of_rows_by_the_cursor(browser: Browser, catalog: DeployedCatalog) -> None:
    fill(catalog, [(f"{number:03}", 1) for number in range(150)])
    shown, cursor = list[str](), ""
    while cursor is not None:
        page = rows(browser, of(catalog, cursor=cursor))
        shown += [row["key"] for row in page["rows"]]
        cursor = page["next"]
    assert shown == [f"{number:03}" for number in range(150)]
