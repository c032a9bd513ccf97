"""One key's life in the browser: a late duplicate comes while the page is open."""

from functools import partial

from playwright.sync_api import Locator, expect

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.console import pages
from tests.browser.conftest import Opener
from tests.local.redelivery import deliver_again, has_followed, lines
from tests.waiting import wait_until


def colour(place: Locator) -> str:
    found: str = place.evaluate("(element) => getComputedStyle(element).color")
    return found


def test_a_superseded_event_comes_to_the_open_page_in_grey_with_its_reason(
    opened: Opener, catalog: DeployedCatalog, folder: str
) -> None:
    key = f"{folder}lake.jpg"
    for number, body in enumerate((b"1", b"22"), 1):
        catalog.s3.put_object(Bucket=catalog.bucket, Key=key, Body=body)
        wait_until(partial(has_followed, catalog, key, number))
    page = opened(pages.of_key(catalog.bucket, key)).page
    events = page.locator("[data-tone]", has_text="Put")
    expect(events).to_have_count(2)
    expect(page.locator('[data-tone="superseded"]')).to_have_count(0)
    [first, _] = lines(catalog, key, "arrived")
    # What the reader has opened stays open, though the life is loaded anew.
    page.locator('[data-tone="current"] summary').click()

    deliver_again(catalog, key, first)
    superseded = page.locator('[data-tone="superseded"]')
    expect(superseded).to_have_count(1)
    expect(superseded.locator("h3")).to_have_text("Put 1 byte wrote nothing")
    expect(superseded.locator("p").first).to_contain_text("Superseded: the row already has")
    current, past = page.locator('[data-tone="current"]'), page.locator('[data-tone="past"]')
    expect(current.locator("h3")).to_have_text("Put 2 bytes current")
    expect(past.locator("h3")).to_have_text("Put 1 byte")
    grey = colour(page.locator(".lead").first)
    assert colour(superseded.locator("h3")) == grey
    assert colour(current.locator("h3")) != grey

    superseded.locator("summary").click()
    expect(superseded.locator("summary")).to_contain_text("EVENT_IS_NEWER did not hold")
    expect(superseded.locator("details")).to_contain_text("The row stayed as it was.")
    expect(current.locator("summary")).to_contain_text("EVENT_IS_NEWER held")
    expect(current.locator("details")).to_have_attribute("open", "")
    size = current.locator(".difference dt", has_text="size").locator("+ dd")
    expect(size.locator("del")).to_have_text("1")
    expect(size.locator("ins")).to_have_text("2")
    # Both writes were counted and published, the duplicate was not.
    for title in ("Counted", "Published"):
        expect(page.locator('[data-tone="followed"]', has_text=title)).to_have_count(2)
    expect(page.locator('[data-tone="equal"]')).to_contain_text("Equal to S3")


def test_a_key_without_a_row_or_a_line_says_so(opened: Opener, folder: str) -> None:
    page = opened(f"{pages.KEY}?key={folder}never").page
    expect(page.get_by_text("There is no row.")).to_be_visible()
    expect(page.get_by_text("There is no version.")).to_be_visible()
    expect(page.get_by_text("The log has no line about this key")).to_be_visible()
