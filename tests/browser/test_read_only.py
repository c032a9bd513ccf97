"""A console with --read-only shows what is wrong, and changes nothing."""

from pathlib import Path

from playwright.sync_api import expect

from reinventure.local.cloud import Cloud
from tests.browser.conftest import Loser, Opener
from tests.console_process import ConsoleProcess


def test_every_change_is_refused(
    opened: Opener, cloud: Cloud, lose: Loser, folder: str, tmp_path: Path
) -> None:
    broken = lose(f"{folder}lost.txt")
    broken.fail()
    console = ConsoleProcess(cloud, tmp_path, "--read-only")
    try:
        visit = opened("/", at=console.address)
        page = visit.page
        expect(page.locator("header .name")).to_contain_text("read-only")
        # A comparison reads only.
        page.get_by_role("button", name="Verify").click()
        page.get_by_role("link", name="1 DIFFER").click()
        expect(page.get_by_role("button", name="Repair")).to_be_disabled()
        visit.go("/failures")
        expect(page.locator("article")).to_contain_text(broken.key)
        for button in page.get_by_role("button", name="Redrive").all():
            expect(button).to_be_disabled()
        # The server refuses, whatever the page shows.
        visit.tolerated = ("status of 403",)
        for path in ("/differences/repair", "/failures/redrive"):
            status = page.evaluate(
                "(path) => fetch(path, { method: 'POST' }).then((reply) => reply.status)",
                path,
            )
            assert status == 403
        assert not broken.repaired()
    finally:
        console.end()
