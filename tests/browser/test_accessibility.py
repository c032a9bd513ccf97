"""WCAG AA by axe-core: every page, light and dark, wide and narrow."""

from functools import partial

from playwright.sync_api import expect

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.console import pages
from reinventure.console.place import Place, key_address
from tests.browser.axe import findings
from tests.browser.conftest import Loser, Opener
from tests.local.redelivery import deliver_again, has_followed, lines
from tests.waiting import wait_until


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
        pages.COST,
        pages.BREAK,
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
