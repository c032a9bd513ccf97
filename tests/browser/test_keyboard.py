"""Everything by the keyboard alone: reached in the order of the page, seen, and pressed."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.console import pages
from reinventure.console.place import key_address
from tests.browser.conftest import Loser, Opener
from tests.browser.visit import NARROW, WIDE

_FOCUSABLE = """[...document.querySelectorAll(
    "a[href], button:enabled, input:not([type=hidden]), select, summary, [tabindex]"
)].filter((each) => each.tabIndex >= 0 && each.checkVisibility())"""
"""By their positions, as a page may replace a part of itself by an equal one."""

NUMBER = f"() => {_FOCUSABLE}.length"

FOCUSED = f"""() => {{
    const element = document.activeElement;
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    const shape = element.querySelector("rect");
    const around = shape && getComputedStyle(shape);
    const label = element.closest("label.button");
    return {{
        number: {_FOCUSABLE}.indexOf(element),
        name: element.tagName + " " + element.textContent.slice(0, 40),
        outlined: (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2)
            || (around !== null && parseFloat(around.strokeWidth) >= 3)
            || (label !== null && getComputedStyle(label).outlineStyle !== "none"),
        inside: box.width > 0 && box.height > 0 && box.right > 0 && box.left < innerWidth
            && box.bottom > 0 && box.top < innerHeight,
    }};
}}"""


def tabbed(page: Page) -> list[dict[str, Any]]:
    """What has the focus after each press of Tab, until the page's end."""
    found = list[dict[str, Any]]()
    while True:
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused["number"] < 0 or focused["number"] in [each["number"] for each in found]:
            return found
        found.append(focused)


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_tab_reaches_everything_in_order_and_shows_where_it_is(
    opened: Opener, catalog: DeployedCatalog, lose: Loser, folder: str, size: tuple[int, int]
) -> None:
    broken = lose(f"{folder}lost.txt")
    broken.fail()
    visit = opened("/", size=size)
    visit.page.get_by_role("button", name="Verify").press("Enter")
    expect(visit.page.locator('[data-badge="word"]')).to_have_text("1 DIFFER")
    key = pages.of_key(catalog.bucket, broken.key)
    row = key_address(pages.OBJECT, catalog.bucket, broken.key)
    for path in (
        *("/", "/key", key, pages.CATALOG, row, "/failures", "/differences", "/command"),
        *(pages.COST, pages.BREAK),
    ):
        visit.go(path)
        number = visit.page.evaluate(NUMBER)
        found = tabbed(visit.page)
        # A list of many rows grows at its end while Tab goes through it.
        assert [each["number"] for each in found][:number] == list(range(number)), path
        assert [each["name"] for each in found if not each["outlined"]] == [], path
        assert [each["name"] for each in found if not each["inside"]] == [], path


def test_a_difference_is_found_and_repaired_without_a_mouse(
    opened: Opener, lose: Loser, folder: str
) -> None:
    broken = lose(f"{folder}lost.txt")
    visit = opened("/")
    page = visit.page
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to content")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()

    go_to(page, "Verify")
    page.keyboard.press("Space")
    expect(page.locator('[data-badge="word"]')).to_have_text("1 DIFFER")
    go_to(page, "1 DIFFER", backwards=True)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{visit.origin}/differences")
    expect(page.get_by_role("button", name="Repair")).to_be_visible()
    go_to(page, "Repair")
    page.keyboard.press("Enter")
    expect(page.locator('[data-command="ending"]')).to_have_text("Done.")
    assert broken.repaired()
    go_to(page, "One key")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{visit.origin}/key")
    go_to(page, "Show", backwards=True)
    page.keyboard.press("Shift+Tab")
    page.keyboard.type(broken.key)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(broken.key)


def go_to(page: Page, name: str, *, backwards: bool = False) -> None:
    """Press Tab until the focus is on what has a name that begins with `name`."""
    for _ in range(100):
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
        text: str = page.evaluate("document.activeElement.textContent")
        if text.startswith(name):
            return
    pytest.fail(f"Tab does not reach {name!r}")
