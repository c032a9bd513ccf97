"""What is wrong is seen, and made right, from the page."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.broken import Broken
from tests.browser.conftest import Loser, Opener
from tests.waiting import wait_until


@pytest.fixture
def broken(lose: Loser, folder: str) -> Broken:
    return lose(f"{folder}lost.txt")


def badge_says(page: Page, word: str, state: str) -> None:
    expect(page.locator('[data-badge="word"]')).to_have_text(word)
    expect(page.locator(".badge")).to_have_attribute("data-state", state)


def test_a_difference_is_found_and_repaired(opened: Opener, broken: Broken) -> None:
    page = opened("/").page
    page.get_by_role("button", name="Verify").click()
    badge_says(page, "1 DIFFER", "bad")
    page.get_by_role("link", name="1 DIFFER").click()
    [row] = page.locator("tbody tr").all()
    expect(row).to_contain_text(broken.key)
    expect(row.locator("td").first).to_have_text("missing")
    expect(row.locator("td").nth(2)).to_contain_text("4 bytes")
    expect(row.locator("td").nth(3)).to_have_text("nothing")

    page.get_by_role("button", name="Repair").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("reinventure repair")
    expect(page.locator('[data-command="ending"]')).to_have_text("Done.")
    expect(page.locator('[data-command="lines"]')).to_contain_text("Repaired 1 of")
    assert broken.repaired()
    # It compares again by itself.
    badge_says(page, "EQUAL", "good")
    page.get_by_role("link", name="EQUAL").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The catalog equals its buckets")


def test_a_failure_is_seen_and_redriven(opened: Opener, broken: Broken) -> None:
    live = opened("/")
    page = live.page
    failures = page.get_by_role("navigation").get_by_role("link", name="Failures")
    letters = page.locator('svg.wide [data-part="ingest"] .failures')
    expect(letters).to_have_text("What failed in ingest0 failed")
    broken.fail()
    expect(failures).to_have_text("Failures1")
    expect(letters).to_have_text("What failed in ingest1 failed")
    failing = page.locator('svg.wide [data-way$=" ingest"]')
    expect(failing).to_have_class("failing")
    bad = page.locator(".count").evaluate("(element) => getComputedStyle(element).color")
    expect(failing.locator(".way")).to_have_css("stroke", bad)

    letters.click()
    expect(page).to_have_url(f"{live.origin}/failures#ingest")
    letter = page.locator("#ingest article")
    expect(letter).to_have_count(1)
    expect(letter.get_by_role("heading")).to_have_text("<b>ThrottlingException</b>")
    expect(letter).to_contain_text(broken.key)
    expect(letter).to_contain_text("goes to ingest")
    assert not broken.repaired()
    letter.get_by_role("button", name="Redrive").click()
    expect(page.locator('[data-command="ending"]')).to_have_text("Done.")
    wait_until(broken.repaired)
    expect(failures).to_have_text("Failures")
    failures.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing failed")
    badge_says(page, "EQUAL", "good")
