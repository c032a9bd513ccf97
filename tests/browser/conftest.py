"""A browser, and a console of the local cloud that tests/local has as well.

Playwright's loop runs while `browser` is there, and asyncio allows no other in its thread: so it
ends with this folder.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from bench import chromium
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local.cloud import Cloud
from tests.browser.axe import AXE
from tests.browser.broken import Broken, lose_row
from tests.browser.visit import Visit, visit
from tests.console_process import ConsoleProcess
from tests.local.leftovers import purge
from tests.waiting import PATIENCE, wait_until

Opener = Callable[..., Visit]
Loser = Callable[[str], Broken]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        chosen = playwright.chromium.launch(executable_path=chromium.executable())
        yield chosen
        chosen.close()


@pytest.fixture(scope="package")
def console(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleProcess]:
    """One console for all tests that do not end it."""
    started = ConsoleProcess(cloud, tmp_path_factory.mktemp("console"))
    wait_until(started.follows)
    yield started
    started.end()
    assert "Traceback" not in started.said


@pytest.fixture
def opened(browser: Browser, console: ConsoleProcess) -> Iterator[Opener]:
    """A function that opens a path of the console, in a window of its own."""
    with ExitStack() as windows:

        def open_(path: str = "/", *, at: str = console.address, **options: Any) -> Visit:
            opened = windows.enter_context(visit(browser, at, **options))
            opened.go(path)
            return opened

        yield open_


@pytest.fixture
def audited(opened: Opener) -> Opener:
    """A function that opens a path in a window without motion, for `axe.findings`."""

    def open_(path: str) -> Visit:
        return opened(path, reduced_motion=True, script=AXE.read_text())

    return open_


@pytest.fixture
def lose(catalog: DeployedCatalog) -> Iterator[Loser]:
    """A function that puts an object and loses its row. In the end no object is without one.

    Pages show how many events failed, so none of an earlier test is there.
    """
    purge(catalog)
    lost: list[Broken] = []

    def lose_(key: str) -> Broken:
        lost.append(lose_row(catalog, key))
        return lost[-1]

    yield lose_
    purge(catalog)
    for each in lost:
        catalog.s3.delete_object(Bucket=catalog.bucket, Key=each.key)
    for each in lost:
        wait_until(each.repaired)


@pytest.fixture
def folder(request: pytest.FixtureRequest) -> str:
    """A prefix of the test's own."""
    return f"browser/{request.node.name}/"
