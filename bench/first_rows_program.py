"""Print as JSON the seconds from the request for the page of the catalog until a row is seen.

python -m bench.first_rows_program ADDRESS CHROMIUM KEY TIMES
"""

import json
import re
import sys
import time
from urllib.parse import urljoin

from playwright.sync_api import expect, sync_playwright

_PATIENCE = 180
"""Seconds after which what the page has not shown is an error."""


def main() -> None:
    """Open the page TIMES times, when the first comparison of the console has ended."""
    address, browser, key, times = sys.argv[1:]
    expect.set_options(timeout=_PATIENCE * 1000)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser)
        page = chromium.new_page()
        page.goto(address)
        expect(page.locator('[data-badge="word"]')).to_have_text(re.compile("EQUAL|DIFFER$"))
        found = []
        for _ in range(int(times)):
            start = time.perf_counter()
            page.goto(urljoin(address, "/catalog"))
            page.get_by_role("link", name=key, exact=True).wait_for()
            found.append(time.perf_counter() - start)
        chromium.close()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
