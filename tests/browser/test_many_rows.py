"""A catalog of 100,000 rows: how many requests its list sends, and how many elements it has."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from bench import chromium, processes
from bench.deliveries import BUCKET
from bench.processes import TOOLS
from bench.stub_rows import KEYS, SHARDS, TABLE, StubRows
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.console import badge, pages
from reinventure.console.comparison_state import Comparison
from reinventure.console.served import serve
from s3_catalog.model.timestamps import utc_now
from tests.browser.conftest import Opener
from tests.browser.served_console import ServedConsole
from tests.waiting import wait_until

ROWS = 100_000
MORE = re.compile(r"^[\d,]+ read, more as you scroll$")

NO_PICTURES = ("status of 502",)
"""The stub has rows of pictures, and no objects."""


class CountedTable:
    """A client of a table that has 100,000 rows, and no totals: it counts the requests."""

    def __init__(self) -> None:
        self._rows = StubRows(ROWS)
        self.sent = Counter[str]()

    def query(self, **request: Any) -> Any:
        if request["TableName"] != TABLE:
            return {"Items": [], "Count": 0}
        self.sent["Query"] += 1
        return json.loads(self._rows.query(request))

    def batch_get_item(self, **request: Any) -> Any:
        self.sent["BatchGetItem"] += 1
        found = {name: list[object]() for name in request["RequestItems"]}
        return {"Responses": found, "UnprocessedKeys": {}}

    def get_item(self, **_request: Any) -> Any:
        self.sent["GetItem"] += 1
        return {}


@cache
def table_of_many_rows() -> CountedTable:
    return CountedTable()


@pytest.fixture
def table() -> CountedTable:
    return table_of_many_rows()


class ManyRows(DeployedCatalog):
    """A catalog whose table is the stub."""

    @property
    def items(self) -> Any:
        return table_of_many_rows()


@pytest.fixture
def console(catalog: DeployedCatalog) -> Iterator[ServedConsole]:
    outputs = replace(catalog.outputs, bucket_name=BUCKET, table_name=TABLE, shards=SHARDS)
    many = ManyRows(catalog.session, catalog.stack, outputs)
    console = ServedConsole(serve(many, None, None, local=True, read_only=False))
    console.start()
    yield console
    console.here.events.close()
    console.stop()


def test_the_list_reads_a_page_at_a_time_by_query_and_has_few_elements(
    opened: Opener, console: ServedConsole, table: CountedTable
) -> None:
    visit = opened("/", at=console.address)
    visit.tolerated = NO_PICTURES
    page = visit.page
    table.sent.clear()
    visit.go(pages.CATALOG)
    rows = page.locator('[data-rows="rows"] [role="row"]')
    told = page.locator('[data-rows="told"]')
    expect(rows.first).to_contain_text("2026/00/00/picture-000000.jpg")
    expect(told).to_have_text(MORE)
    # One Query of each of the 16 shards.
    assert table.sent == {"BatchGetItem": 1, "Query": 16}
    window = page.locator('[data-rows="window"]')
    height = window.evaluate("(element) => element.clientHeight")
    row = rows.first.evaluate("(element) => element.clientHeight")
    # As many as are seen, and some more.
    assert height // row <= rows.count() <= 60

    for number in range(2, 12):
        before = told.text_content() or ""
        window.evaluate("(element) => { element.scrollTop = element.scrollHeight; }")
        expect(told).not_to_have_text(before)
        expect(told).to_have_text(MORE)
        assert table.sent == {"BatchGetItem": 1, "Query": 16 * number}
        assert rows.count() <= 60
    assert page.evaluate("document.querySelectorAll('*').length") < 1_000


def test_what_make_bench_measures_is_the_time_until_the_first_row(
    console: ServedConsole, tmp_path: Path
) -> None:
    arguments = (console.address, chromium.executable(), KEYS[0], 2)
    environment = processes.environment(tmp_path)
    with ThreadPoolExecutor(1) as pool:
        program = pool.submit(
            partial(processes.figures, environment=environment),
            *(TOOLS, "bench.first_rows_program", *arguments),
        )
        # It begins when the console has compared.
        wait_until(lambda: console.here.events.readers > 0 or program.done())
        console.here.events.publish("comparison", badge.data(Comparison(at=utc_now())))
        seconds = program.result()
    assert len(seconds) == 2
    assert all(each > 0 for each in seconds)


def test_going_back_reads_nothing_again(
    opened: Opener, console: ServedConsole, table: CountedTable
) -> None:
    visit = opened(pages.CATALOG, at=console.address)
    visit.tolerated = NO_PICTURES
    page = visit.page
    told = page.locator('[data-rows="told"]')
    link = page.get_by_role("link", name="2026/00/00/picture-000000.jpg")
    expect(link).to_be_visible()
    before = told.text_content() or ""
    link.focus()
    page.keyboard.press("End")
    expect(told).not_to_have_text(before)
    sent = table.sent.copy()
    page.keyboard.press("Home")
    expect(link).to_be_focused()
    assert table.sent == sent
