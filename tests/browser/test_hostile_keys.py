"""Keys that try to be more than text, on every page that shows a key."""

import re
from collections.abc import Iterable

import pytest
from playwright.sync_api import Page, expect

from reinventure.console import pages
from reinventure.console.place import Place, key_address
from tests.browser.broken import Broken
from tests.browser.conftest import Loser, Opener
from tests.browser.visit import NARROW
from tests.waiting import wait_until

HEBREW, ARABIC = "\u05e9\u05dc\u05d5\u05dd", "\u0645\u0631\u062d\u0628\u0627"

FOLDER = "hostile/"
SHOWN = {
    "<img src=x onerror=alert(1)>": "<img src=x onerror=alert(1)>",
    "\"'><script>alert(1)</script>": "\"'><script>alert(1)</script>",
    "</template><iframe src=//evil.example>": "</template><iframe src=//evil.example>",
    "javascript:alert(1)//&lt;b&gt;${alert(1)}": "javascript:alert(1)//&lt;b&gt;${alert(1)}",
    "\x1b[31mred\nline\ttab": "\\x1b[31mred\\nline\\ttab",
    "invoice\u202egnp.exe\u2066\u200b": "invoice\\u202egnp.exe\\u2066\\u200b",
    f"{HEBREW}/{ARABIC}.txt": f"{HEBREW}/{ARABIC}.txt",
    "../../%2e%2e/a+b?c=d#e&f": "../../%2e%2e/a+b?c=d#e&f",
    "w" * 900: "w" * 900,
}
"""Keys, and the text that a page shows of them."""

MADE_BY_A_KEY = "img, iframe, script:not([src]), [onerror], main b b, a[href^='javascript:']"


@pytest.fixture
def lost(lose: Loser) -> dict[str, Broken]:
    """An object of each key, without its row and with its event in the dead-letter queue."""
    lost = {shown: lose(f"{FOLDER}{key}") for key, shown in SHOWN.items()}
    for each in lost.values():
        each.fail()
    return lost


def test_a_key_is_text_on_every_page(opened: Opener, lost: dict[str, Broken]) -> None:
    visit = opened("/", size=NARROW)
    page = visit.page
    page.get_by_role("button", name="Verify").click()
    expect(page.locator('[data-badge="word"]')).to_have_text(f"{len(SHOWN)} DIFFER")
    for path in ("/differences", "/failures"):
        visit.go(path)
        are_text(page, lost)
    for path in (pages.BREAK, pages.COST):
        visit.go(path)
        are_text(page, [])
    visit.go("/")
    for shown, each in lost.items():
        each.catalog.s3.put_object(Bucket=each.catalog.bucket, Key=each.key, Body=shown.encode())
    # New rows are made by the script of the page; those of a page that is loaded, by the server.
    are_text(page, lost)
    page.reload()
    are_text(page, lost)
    wait_until(lambda: all(each.repaired() for each in lost.values()))
    visit.go(Place(each.catalog.bucket, FOLDER).address(pages.CATALOG))
    are_text(page, lost, "")
    for shown, each in lost.items():
        visit.go(pages.of_key(each.catalog.bucket, each.key))
        are_text(page, [shown])
        assert page.title() == f"{FOLDER}{shown}"[:80] + " · reinventure"
        expect(page.locator('[data-tone="equal"]')).to_have_count(1)
        visit.go(key_address(pages.OBJECT, each.catalog.bucket, each.key))
        are_text(page, [shown.rpartition("/")[2]], "")


def are_text(page: Page, shown: Iterable[str], before: str = FOLDER) -> None:
    """Assert that the page shows these keys as text, and nothing that they could have made."""
    for text in shown:
        expect(
            page.get_by_role("main").get_by_text(before + text, exact=True).first
        ).to_be_visible()
    assert page.locator(MADE_BY_A_KEY).count() == 0
    assert not re.search("[\u202e\u2066\u200b\u001b]", page.content())
    # None makes the page wider than the window, or begins at its right edge.
    assert page.evaluate("document.documentElement.scrollWidth") == NARROW[0]
    lefts = page.evaluate(
        "[...document.querySelectorAll('main .key')].map((key) => key.getClientRects()[0].left)"
    )
    assert max(lefts, default=0) - min(lefts, default=0) < NARROW[0] / 2, lefts
