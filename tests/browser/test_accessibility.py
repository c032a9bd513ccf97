"""WCAG AA by axe-core: every page, light and dark, wide and narrow."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.console import pages
from reinventure.console.place import Place, key_address
from tests.browser.conftest import Loser, Opener
from tests.browser.visit import NARROW, WIDE, Visit
from tests.local.redelivery import deliver_again, has_followed, lines
from tests.waiting import wait_until

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"

ALL = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
COLOURS = {"type": "rule", "values": ["color-contrast"]}
"""The rules that can differ between the schemes."""

RUN = "(rules) => axe.run(document, { runOnly: rules, resultTypes: ['violations'] })"


def findings(visit: Visit) -> list[str]:
    """What axe-core finds in both schemes and at both widths, one line each."""
    visit.page.evaluate("document.querySelectorAll('details').forEach((each) => each.open = true)")
    found = []
    for scheme, rules in (("light", ALL), ("dark", COLOURS)):
        visit.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        for width, height in (WIDE, NARROW):
            visit.page.set_viewport_size({"width": width, "height": height})
            result: dict[str, Any] = visit.page.evaluate(RUN, rules)
            found += [
                f"{visit.page.url} {scheme} {width}: {each['impact']} {each['id']}: "
                f"{node['target']} {node['failureSummary']}"
                for each in result["violations"]
                for node in each["nodes"]
            ]
            assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    return found


@pytest.fixture
def audited(opened: Opener) -> Opener:
    def open_(path: str) -> Visit:
        return opened(path, reduced_motion=True, script=AXE.read_text())

    return open_


def test_no_page_has_a_barrier_when_all_is_well(
    audited: Opener, catalog: DeployedCatalog, folder: str
) -> None:
    key = f"{folder}lake.jpg"
    for number in (1, 2):
        catalog.s3.put_object(Bucket=catalog.bucket, Key=key, Body=b"1" * number)
        wait_until(partial(has_followed, catalog, key, number))
    deliver_again(catalog, key, lines(catalog, key, "arrived")[0])
    wait_until(lambda: len(lines(catalog, key, "decided")) == 3)
    visit = audited("/")
    visit.page.get_by_role("button", name="Verify").click()
    expect(visit.page.locator('[data-badge="word"]')).to_have_text("EQUAL")
    found = findings(visit)
    life = pages.of_key(catalog.bucket, key)
    place = Place(catalog.bucket, folder).address(pages.CATALOG)
    row = key_address(pages.OBJECT, catalog.bucket, key)
    visit.tolerated = ("status of 404",)
    for path in (
        "/key",
        life,
        place,
        pages.CATALOG,
        row,
        "/failures",
        "/differences",
        "/command",
        "/nothing",
    ):
        visit.page.goto(f"{visit.origin}{path}")
        found += findings(visit)
    assert not found, "\n".join(found)


def test_no_page_has_a_barrier_when_something_is_wrong(
    audited: Opener, catalog: DeployedCatalog, lose: Loser, folder: str
) -> None:
    broken = lose(f"{folder}lost.txt")
    broken.fail()
    visit = audited("/")
    visit.page.get_by_role("button", name="Verify").click()
    expect(visit.page.locator('[data-badge="word"]')).to_have_text("1 DIFFER")
    expect(visit.page.locator(".count")).to_have_text("1")
    found = findings(visit)
    for path in ("/failures", "/differences", pages.of_key(catalog.bucket, broken.key)):
        visit.go(path)
        found += findings(visit)
    visit.go("/differences")
    visit.page.get_by_role("button", name="Repair").click()
    expect(visit.page.locator('[data-command="ending"]')).to_have_text("Done.")
    found += findings(visit)
    assert not found, "\n".join(found)
