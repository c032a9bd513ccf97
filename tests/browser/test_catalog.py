"""The pages of the catalog: files dropped, overwritten, deleted and undeleted, and searched."""

from functools import partial
from typing import Any

from playwright.sync_api import JSHandle, Page, expect

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.console import pages
from reinventure.console.place import Place, key_address
from tests.browser.conftest import Opener
from tests.browser.visit import WAYS
from tests.local.redelivery import has_followed
from tests.waiting import wait_until

FILES = {"lake.txt": "a lake", "tree <b>.txt": "a tree", "boat.txt": "a boat"}


def transfer(page: Page, files: dict[str, str]) -> JSHandle:
    """What a person drags, with these files."""
    return page.evaluate_handle(
        """(files) => {
            const found = new DataTransfer();
            for (const [name, text] of Object.entries(files)) {
                found.items.add(new File([text], name, { type: "text/plain" }));
            }
            return found;
        }""",
        files,
    )


def drop(page: Page, files: dict[str, str]) -> None:
    for name in ("dragenter", "dragover", "drop"):
        page.dispatch_event("main", name, {"dataTransfer": transfer(page, files)})


def states(page: Page) -> list[str]:
    return page.locator('[data-upload="files"] [data-file="state"]').all_text_contents()


def test_dropped_files_go_all_the_way_and_can_be_overwritten_deleted_and_undeleted(
    opened: Opener, catalog: DeployedCatalog, folder: str
) -> None:
    live = opened("/")
    here = opened(Place(catalog.bucket, folder).address(pages.CATALOG))
    page = here.page
    drop(page, FILES)
    told = page.locator('[data-upload="told"]')
    expect(told).to_have_text("3 of 3 uploaded")
    assert states(page) == ["uploaded"] * 3
    for name, text in FILES.items():
        stored = catalog.s3.get_object(Bucket=catalog.bucket, Key=f"{folder}{name}")
        assert stored["Body"].read() == text.encode()
    # Seen on the other page on every way, and counted here.
    expect(live.page.locator("[data-changes] li", has_text=folder)).to_have_count(3)
    seen: list[dict[str, Any]] = live.page.evaluate("() => window.animated")
    assert {each["way"] for each in seen} == WAYS
    expect(page.locator("[data-totals] .lead")).to_have_text("3 objects · 18 bytes")
    page.get_by_role("button", name="3 changes since: show").click()
    expect(page.get_by_role("link", name="lake.txt").last).to_be_visible()

    drop(page, {"lake.txt": "a larger lake"})
    expect(told).to_have_text("3 of 4 uploaded, 1 exists already")
    assert catalog.s3.head_object(Bucket=catalog.bucket, Key=f"{folder}lake.txt")[
        "ContentLength"
    ] == len("a lake")
    here.tolerated = ("status of 409",)
    page.get_by_role("button", name="Overwrite lake.txt").click()
    expect(told).to_have_text("4 of 4 uploaded")

    here.go(key_address(pages.OBJECT, catalog.bucket, f"{folder}lake.txt"))
    expect(page.locator(".stored li")).to_have_count(2)
    page.get_by_role("button", name="Delete", exact=True).click()
    undelete = page.get_by_role("button", name="Undelete")
    expect(undelete).to_be_visible()
    # The deletion has come to the page, too.
    expect(live.page.locator("[data-changes] li", has_text=f"{folder}lake.txt")).to_have_count(3)
    undelete.click()
    expect(page.locator(".stored li")).to_have_count(2)
    expect(page.get_by_role("button", name="Delete", exact=True)).to_be_visible()
    restored = catalog.s3.get_object(Bucket=catalog.bucket, Key=f"{folder}lake.txt")
    assert restored["Body"].read() == b"a larger lake"
    wait_until(lambda: catalog.key_state(f"{folder}lake.txt").agree)
    expect(live.page.locator("[data-changes] li", has_text=f"{folder}lake.txt")).to_have_count(4)


def test_a_search_finds_and_says_a_mistake_beside_its_field(
    opened: Opener, catalog: DeployedCatalog, folder: str
) -> None:
    for name, size in (("small.jpg", 10), ("large.jpg", 20_000), ("large.txt", 20_000)):
        catalog.s3.put_object(Bucket=catalog.bucket, Key=f"{folder}{name}", Body=bytes(size))
        wait_until(partial(has_followed, catalog, f"{folder}{name}", 1))
    here = opened(Place(catalog.bucket, folder).address(pages.CATALOG))
    page = here.page
    rows = page.locator('[data-rows="rows"] [role="row"]')
    expect(rows).to_have_count(3)
    page.locator("summary", has_text="Find").click()
    page.get_by_label("Ends with").fill(".jpg")
    page.get_by_label("Larger than").fill("10k")
    page.get_by_label("Larger than").press("Enter")
    expect(page.get_by_role("heading", name="Found")).to_be_visible()
    expect(page.locator('[data-rows="told"]')).to_have_text("1 found in 3 rows read")
    expect(rows).to_have_count(1)
    expect(rows.get_by_role("link")).to_have_text("large.jpg")

    here.tolerated = ("status of 400",)
    page.get_by_label("Larger than").fill("5 elephants")
    page.get_by_role("button", name="Find", exact=True).click()
    expect(page.get_by_label("Larger than")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#find-larger-note")).to_contain_text("5 elephants")
    expect(rows).to_have_count(0)
