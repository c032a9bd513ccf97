"""Take the pictures of the console that the README shows: `python -m tests.browser.pictures`.

They are of a local cloud of their own, on which a few files are put, changed and deleted.
"""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import boto3
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from bench import chromium
from reinventure.aws import deployed_catalog as deployed
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.console import pages
from reinventure.contract import CATALOG
from reinventure.local import background_process as background
from reinventure.local import cloud as clouds
from reinventure.local.cloud import Cloud
from reinventure.local.deployment import start_and_deploy
from reinventure.progress import Steps
from tests.browser.visit import Visit, visit
from tests.console_process import ConsoleProcess
from tests.local.redelivery import deliver_again, has_followed, lines
from tests.waiting import PATIENCE, wait_until

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "pictures"

KEY = "holiday/2026/lake.jpg"
OTHERS = (
    "holiday/2026/boat.jpg",
    "holiday/2026/mountains at dawn.jpg",
    "reports/2026-11/sales.csv",
    "reports/2026-11/notes.txt",
    "reports/2026-10/sales.csv",
    "letters/Grüße aus Köln.txt",
)

WARM_UP = "warm-up.txt"
"""Put before the console starts: the first call of a function takes a second."""

_FREEZE = """() => {
    for (const each of document.getAnimations()) {
        const { delay, duration } = each.effect.getTiming();
        each.pause();
        each.currentTime = delay + duration * 0.55;
    }
}"""


def main() -> int:
    """Take all pictures. Return 1 if there is no browser."""
    program = chromium.executable()
    if program is None:
        print("Chromium is not installed. Install it with: make browser", file=sys.stderr)
        return 1
    background.end_with_this_process()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as temporary, _cloud(Path(temporary)) as cloud:
        catalog = deployed.find(boto3.Session(region_name=clouds.REGION), CATALOG)
        _put(catalog, WARM_UP, 1)
        wait_until(lambda: has_followed(catalog, WARM_UP, 1))
        catalog.s3.delete_object(Bucket=catalog.bucket, Key=WARM_UP)
        wait_until(lambda: has_followed(catalog, WARM_UP, 2))
        console = ConsoleProcess(cloud, Path(temporary))
        wait_until(console.follows)
        try:
            _fill(catalog)
            with sync_playwright() as playwright:
                expect.set_options(timeout=PATIENCE * 1000)
                browser = playwright.chromium.launch(executable_path=program)
                for dark in (False, True):
                    with visit(browser, console.address, size=(1280, 860), dark=dark) as opened:
                        _take(opened, catalog, "dark" if dark else "light")
                browser.close()
        finally:
            console.end()
    return 0


@contextmanager
def _cloud(folder: Path) -> Iterator[Cloud]:
    with Steps() as steps:
        cloud = start_and_deploy(folder / "cloud", steps)
    os.environ.pop("AWS_PROFILE", None)
    os.environ.update(cloud.environment)
    try:
        yield cloud
    finally:
        clouds.stop(cloud.directory)


def _fill(catalog: DeployedCatalog) -> None:
    """Make changes, the last ones to `KEY`: its first event comes again after its second."""
    for number, key in enumerate(OTHERS):
        _put(catalog, key, 2_000 * 3**number)
    catalog.s3.delete_object(Bucket=catalog.bucket, Key=OTHERS[3])
    for number, size in enumerate((284_311, 412_903), 1):
        _put(catalog, KEY, size)
        wait_until(partial(has_followed, catalog, KEY, number))
    deliver_again(catalog, KEY, lines(catalog, KEY, "arrived")[0])
    wait_until(lambda: len(lines(catalog, KEY, "decided")) == 3)


def _put(catalog: DeployedCatalog, key: str, size: int) -> None:
    catalog.s3.put_object(Bucket=catalog.bucket, Key=key, Body=bytes(size))


def _take(opened: Visit, catalog: DeployedCatalog, scheme: str) -> None:
    opened.go("/")
    page = opened.page
    page.get_by_role("button", name="Verify").click()
    expect(page.locator('[data-badge="word"]')).to_have_text("EQUAL")
    expect(page.locator('svg.wide [data-part="feed"] [data-line="second"]')).to_contain_text("p50")
    rows = page.locator("[data-changes] li")
    before = rows.count()
    _put(catalog, OTHERS[1], 731_000)
    expect(rows).to_have_count(before + 1)
    page.evaluate(_FREEZE)
    _save(page, f"console-live-{scheme}")

    opened.go(pages.of_key(catalog.bucket, KEY))
    page.set_viewport_size({"width": 1280, "height": 900})
    page.locator('[data-tone="superseded"] summary').click()
    page.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0); }")
    _save(page, f"console-key-{scheme}")


def _save(page: Page, name: str) -> None:
    file = FOLDER / f"{name}.png"
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    # 256 colours: two thirds fewer bytes, and no difference that one sees.
    picture.quantize(dither=Image.Dither.NONE).save(file)
    print(f"{file.relative_to(ROOT)}: {file.stat().st_size // 1000} kB")


if __name__ == "__main__":
    sys.exit(main())
