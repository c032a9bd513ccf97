"""The page Break it: each button breaks, the badge shows it, all ends equal; and the tour."""

import re
from itertools import groupby
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.console import pages
from reinventure.console.breakages import BREAKAGES, Breakage, Remedy
from reinventure.console.tour_traffic import PREFIX
from reinventure.local.fault_control import Fault
from tests.browser.axe import findings
from tests.browser.conftest import Opener

DIFFER = re.compile("^[0-9]+ DIFFER$")
TOUR_SECONDS = 180
"""Most that the tour takes: a minute on an idle machine."""


@pytest.mark.usefixtures("no_dead_letters")
@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda each: each.fault.value)
def test_a_button_breaks_the_badge_shows_it_and_the_catalog_ends_equal(
    audited: Opener, breakage: Breakage
) -> None:
    visit = audited(pages.BREAK)
    page = visit.page
    badge, word = page.locator(".badge"), page.locator('[data-badge="word"]')
    # The console may still show the failures of an earlier test.
    expect(page.locator("nav .count")).to_have_count(0)
    card = page.locator(f'[data-fault="{breakage.fault.value}"]')
    card.get_by_role("button", name=breakage.name).press("Enter")
    expect(card.locator(".on")).to_have_text("On")
    # All others wait; the one that ends it has the focus of the one that began it.
    expect(page.locator(".cards button:enabled")).to_have_text("End it now")
    expect(page.locator(":focus")).to_have_text("End it now")
    expect(page.get_by_role("button", name="Start the tour")).to_be_disabled()
    expect(word).to_have_text(DIFFER)
    expect(badge).to_have_attribute("data-state", "bad")
    if breakage.fault is Fault.EVENTS_LOST:
        assert findings(visit) == []
    if breakage.remedy is Remedy.REDRIVE:
        # Before, Lambda would try all events again with success.
        expect(page.locator("nav .count")).to_be_visible()
    page.keyboard.press("Enter")
    said = page.locator(".state .said")
    if breakage.remedy is Remedy.NONE:
        expect(said).to_have_text("EQUAL again, by itself.")
    else:
        expect(said).to_contain_text(f"It becomes equal: {breakage.remedy.value.lower()}")
        expect(badge).to_have_attribute("data-state", "bad")
        redrive = breakage.remedy is Remedy.REDRIVE
        name = "Redrive what failed" if redrive else "Repair"
        page.get_by_role("button", name=name).press("Enter")
        expect(page.locator('[data-command="ending"]')).to_have_text("Done.")
        expect(word).to_have_text("EQUAL")
        visit.go(pages.BREAK)
        expect(said).to_have_text("EQUAL again.")
    expect(word).to_have_text("EQUAL")
    expect(badge).to_have_attribute("data-state", "good")


@pytest.mark.timeout(2 * TOUR_SECONDS)
def test_the_tour_goes_to_its_end_without_a_mouse(
    audited: Opener, catalog: DeployedCatalog
) -> None:
    visit = audited(pages.BREAK)
    page = visit.page
    page.get_by_role("button", name="Start the tour").press("Enter")
    bar = page.locator(".tour")
    expect(bar.locator('[data-tour="place"]')).to_have_text("Step 1 of 8")
    expect(bar.get_by_role("button")).to_have_text("Stop the tour")
    over = bar.locator('[data-tour="text"]')
    expect(over).to_have_text(
        re.compile("^The tour (is over|has ended|was stopped)"), timeout=TOUR_SECONDS * 1000
    )
    expect(over).to_have_text("The tour is over. Its files are deleted.")
    expect(page.locator('[data-badge="word"]')).to_have_text("EQUAL")
    shown = [urlsplit(url).path for url in visit.requests]
    assert [path for path, _ in groupby(each for each in shown if each in PAGES)] == [
        *(pages.BREAK, pages.LIVE, pages.KEY, pages.BREAK, pages.DIFFERENCES, pages.COMMAND),
        pages.LIVE,
    ]
    left = catalog.s3.list_object_versions(Bucket=catalog.bucket, Prefix=PREFIX)
    assert not left.get("Versions")
    assert findings(visit) == []
    bar.get_by_role("button", name="Close the tour").press("Enter")
    expect(bar).to_be_hidden()


PAGES = {pages.LIVE, pages.KEY, pages.BREAK, pages.DIFFERENCES, pages.COMMAND}
