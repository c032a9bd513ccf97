"""The stream of events: what a page does with it, when it breaks off, and what is left behind."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.console import badge, command_run, pages
from reinventure.console.command_run import Run
from reinventure.console.comparison_state import Comparison
from reinventure.console.place import key_address
from reinventure.console.served import Served, serve
from reinventure.local.cloud import Cloud
from s3_catalog.model.timestamps import utc_now
from tests.browser.conftest import Opener
from tests.browser.served_console import ServedConsole
from tests.console_process import ConsoleProcess
from tests.waiting import wait_until

BROKEN_OFF = (
    "ERR_CONNECTION_REFUSED",
    "ERR_CONNECTION_RESET",
    "ERR_EMPTY_RESPONSE",
    "ERR_INCOMPLETE_CHUNKED_ENCODING",
)


def served(catalog: DeployedCatalog) -> Served:
    return serve(catalog, None, None, local=True, read_only=False)


@pytest.fixture
def console(catalog: DeployedCatalog) -> Iterator[ServedConsole]:
    console = ServedConsole(served(catalog))
    console.start()
    yield console
    console.here.events.close()
    console.stop()


def change(key: str) -> dict[str, object]:
    texts = {"time": "10:15:30", "kind": "created", "key": key, "size": "1 byte", "delay": "+9 ms"}
    return {"bucket": "b", "href": "/key", "milliseconds": 9.0, "texts": texts}


def changes(page: Page) -> list[str]:
    return page.locator('[data-changes] [data-field="key"]').all_text_contents()


def says_offline(page: Page) -> None:
    expect(page.get_by_role("status")).to_contain_text("The console does not answer.")


def test_a_page_says_that_the_server_is_gone_and_gets_what_it_missed(
    opened: Opener, console: ServedConsole
) -> None:
    visit = opened("/", at=console.address)
    visit.tolerated = BROKEN_OFF
    console.here.events.publish("change", change("before"))
    expect(visit.page.locator("[data-changes] li")).to_have_count(1)
    expect(visit.page.get_by_role("status")).to_have_count(0)
    visit.page.evaluate("window.same = true")
    console.stop()
    says_offline(visit.page)
    console.here.events.publish("change", change("meanwhile"))
    console.start()
    expect(visit.page.get_by_role("status")).to_have_count(0)
    expect(visit.page.locator("[data-changes] li")).to_have_count(2)
    assert changes(visit.page) == ["meanwhile", "before"]
    # Not by loading the page anew.
    assert visit.page.evaluate("window.same")


def test_a_page_that_cannot_get_what_it_missed_is_loaded_anew(
    opened: Opener, console: ServedConsole, catalog: DeployedCatalog
) -> None:
    visit = opened("/", at=console.address)
    visit.tolerated = BROKEN_OFF
    console.here.events.publish("change", change("of the run before"))
    expect(visit.page.locator("[data-changes] li")).to_have_count(1)
    console.stop()
    says_offline(visit.page)
    console.here = served(catalog)
    console.start()
    # The state of the new run, which has no change.
    expect(visit.page.locator("[data-changes] li")).to_have_count(0)
    expect(visit.page.get_by_role("status")).to_have_count(0)
    console.here.events.publish("change", change("of this run"))
    expect(visit.page.locator("[data-changes] li")).to_have_count(1)


def test_a_page_of_a_console_that_was_started_again_says_where_to_go(
    opened: Opener, cloud: Cloud, tmp_path: Path
) -> None:
    first = ConsoleProcess(cloud, tmp_path)
    visit = opened("/", at=first.address)
    visit.tolerated = (*BROKEN_OFF, "status of 403")
    first.end()
    says_offline(visit.page)
    again = ConsoleProcess(cloud, tmp_path, "--port", str(first.port))
    try:
        # Its token is another one.
        expect(visit.page.get_by_role("status")).to_contain_text("Open the address")
    finally:
        again.end()


def compared(differ: int) -> dict[str, object]:
    return badge.data(Comparison(at=utc_now(), compared=3, differ=differ))


def test_a_page_that_is_shown_anew_cancels_no_navigation(
    opened: Opener, console: ServedConsole
) -> None:
    visit = opened(pages.DIFFERENCES, at=console.address)
    word = visit.page.locator('[data-badge="word"]')
    for number in range(1, 21):
        # Each comes to the page just when it is being left.
        console.here.events.publish("comparison", compared(number))
        visit.go(pages.COMMAND)
        assert visit.page.url.endswith(pages.COMMAND)
        visit.go(pages.DIFFERENCES)
        expect(visit.page.get_by_role("heading", level=1)).to_have_text("Not compared yet")
    console.here.events.publish("comparison", compared(21))
    expect(word).to_have_text("21 DIFFER")


def test_a_click_is_not_lost_when_the_page_is_shown_anew_meanwhile(
    opened: Opener, console: ServedConsole, catalog: DeployedCatalog, folder: str
) -> None:
    key = f"{folder}lake.txt"
    address = key_address(pages.OBJECT, catalog.bucket, key)
    catalog.s3.put_object(Bucket=catalog.bucket, Key=key, Body=b"a lake")
    visit = opened(address, at=console.address)
    page = visit.page
    page.evaluate("window.same = true")
    link = page.get_by_role("link", name="Its life")
    link.hover()
    page.mouse.down()
    with page.expect_response(lambda reply: reply.url.endswith(address)) as reply:
        shown = change(key) | {"bucket": catalog.bucket}
        console.here.events.publish("change", shown)
    reply.value.finished()
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    page.mouse.up()
    expect(page.get_by_role("heading", level=1)).to_have_text(key)
    expect(page).to_have_url(f"{visit.origin}{pages.of_key(catalog.bucket, key)}")


def test_a_command_that_begins_later_comes_to_its_page(
    opened: Opener, console: ServedConsole
) -> None:
    page = opened(pages.COMMAND, at=console.address).page
    heading, ending = page.get_by_role("heading", level=1), page.locator(".lead")
    expect(heading).to_have_text("No command has run yet")
    for status, said in ((None, "Running."), (1, "It ended with exit code 1."), (0, "Done.")):
        run = Run(("redrive", "--all"), ("one <b>line</b>",), status)
        console.here.events.publish("command", command_run.data(run))
        expect(ending).to_have_text(said)
        expect(heading.locator("code")).to_have_text("reinventure redrive --all")
        expect(page.locator(".output li")).to_have_text("one <b>line</b>")


def test_what_is_shown_anew_keeps_the_focus_and_what_is_open(
    opened: Opener, console: ServedConsole, catalog: DeployedCatalog, folder: str
) -> None:
    visit = opened(pages.COST, at=console.address)
    page = visit.page
    expect(page.get_by_text("Nothing was used yet.")).to_be_visible()
    page.evaluate("window.same = true")
    legend = page.locator("summary", has_text="What the figures are")
    legend.press("Enter")
    catalog.s3.put_object(Bucket=catalog.bucket, Key=f"{folder}boat.txt", Body=b"a boat")

    def counted() -> bool:
        console.here.cost.read()
        return console.here.cost.total() is not None

    wait_until(counted)
    expect(page.locator("tbody")).to_contain_text("Lambda")
    expect(page.locator("nav .sum")).to_have_text(console.here.cost.total() or "")
    expect(legend).to_be_focused()
    expect(page.locator("details.legend")).to_have_attribute("open", "")
    assert page.evaluate("window.same")


def test_pages_that_were_left_leave_neither_connections_nor_tasks(
    opened: Opener, console: ServedConsole
) -> None:
    visit = opened("/", at=console.address)
    wait_until(lambda: console.here.events.readers == 1)
    wait_until(lambda: connections(console) <= 2)
    before = console.tasks
    for _ in range(12):
        visit.go("/")
        visit.go("/command")
    wait_until(lambda: console.here.events.readers == 1)
    # A browser keeps idle connections for a while, at most six to one host.
    wait_until(lambda: connections(console) <= 6, left=lambda: connections(console))
    wait_until(lambda: console.tasks <= before + 12, left=lambda: (before, console.tasks))
    visit.context.close()
    wait_until(lambda: console.here.events.readers == 0)
    wait_until(lambda: connections(console) == 0, left=lambda: connections(console))


def connections(console: ServedConsole) -> int:
    """Number of connections that the server has open."""
    return sum(
        bool(each.raddr) and each.laddr.port == console.port
        for each in psutil.Process().net_connections("tcp")
        if each.laddr and each.status == psutil.CONN_ESTABLISHED
    )


def test_an_open_page_does_not_grow(opened: Opener, console: ServedConsole) -> None:
    visit = opened("/", at=console.address)
    page = visit.page
    browser = visit.context.new_cdp_session(page)
    browser.send("Performance.enable")

    def grown(count: int) -> dict[str, float]:
        for number in range(1, count + 1):
            console.here.events.publish("change", change(f"{number} of {count}"))
            # A page that is late by more than is kept would be loaded anew.
            if number % 1_000 == 0:
                row = page.locator("[data-changes] li").first
                expect(row).to_contain_text(f"{number} of {count}")
        wait_until(lambda: page.evaluate("document.getAnimations().length") == 0)
        browser.send("HeapProfiler.collectGarbage")
        found = browser.send("Performance.getMetrics")["metrics"]
        return {each["name"]: each["value"] for each in found}

    first, then = grown(2_000), grown(6_000)
    assert page.locator("[data-changes] li").count() == 40
    for name in ("Nodes", "JSEventListeners", "Documents"):
        assert then[name] <= first[name] * 1.2, (name, first[name], then[name])
    assert then["JSHeapUsedSize"] < first["JSHeapUsedSize"] + 2_000_000
    # What is kept of them here, too, is bounded.
    run = console.here.events.run
    assert len(console.here.events.since(f"{run}-6000") or []) == 2_000
    assert console.here.events.since(f"{run}-5999") is None
