"""A window of the browser that notices what no page of the console may do.

It sends no request to another host, breaks no rule of its Content-Security-Policy, raises no error,
and opens no dialog: `visit` asserts it when the window is closed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Dialog, Page

WIDE = (1280, 900)
NARROW = (390, 844)

WAYS = {"bucket-0 ingest", "ingest table", "table totals", "table publish", "publish feed"}
"""The ways of a change in the system that is deployed."""

_RECORD_ANIMATIONS = """
// In `animated`, whether or not the way is seen at this width.
const animate = Element.prototype.animate;
window.animated = [];
Element.prototype.animate = function (frames, timing) {
  const way = this.parentElement.dataset.way;
  const seen = this.getBoundingClientRect().height > 0;
  window.animated.push({ way, seen, delay: timing.delay, duration: timing.duration });
  return animate.call(this, frames, timing);
};
"""


@dataclass
class Visit:
    """A window at `address`, which has the token; `page` is what it shows.

    `tolerated` are parts of what the browser may report: of a refusal that the test asks for.
    """

    context: BrowserContext
    page: Page
    address: str
    tolerated: tuple[str, ...] = ()
    requests: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def origin(self) -> str:
        """Scheme, host and port of the console."""
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}"

    def go(self, path: str) -> None:
        """Open `path` of the console; the first time the token comes with it."""
        known = self.context.cookies(self.origin)
        token = "" if known else f"{'&' if '?' in path else '?'}{urlsplit(self.address).query}"
        reply = self.page.goto(f"{self.origin}{path}{token}")
        assert reply
        assert reply.ok, reply.text()

    def check(self) -> None:
        """Assert that nothing happened that may not."""
        foreign = [url for url in self.requests if not url.startswith(f"{self.origin}/")]
        assert not foreign, foreign
        left = [fault for fault in self.faults if not any(each in fault for each in self.tolerated)]
        assert not left, left


@contextmanager
def visit(
    browser: Browser,
    address: str,
    *,
    size: tuple[int, int] = WIDE,
    dark: bool = False,
    reduced_motion: bool = False,
    script: str = "",
) -> Iterator[Visit]:
    """Open a window for the body of this context, and check it in the end.

    `script` runs in each page before those of the page.
    """
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce" if reduced_motion else "no-preference",
        locale="en-GB",
    )
    context.add_init_script(_RECORD_ANIMATIONS)
    if script:
        context.add_init_script(script)
    page = context.new_page()
    opened = Visit(context, page, address)
    context.on("request", lambda request: opened.requests.append(request.url))
    context.on(
        "console",
        lambda said: (
            opened.faults.append(f"{said.type}: {said.text}")
            if said.type in ("error", "warning")
            else None
        ),
    )
    context.on("weberror", lambda error: opened.faults.append(str(error.error)))

    def dismiss(dialog: Dialog) -> None:
        opened.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("dialog", dismiss)
    try:
        yield opened
        opened.check()
    finally:
        # A page that loads itself anew while its context closes can block the closing.
        if not page.is_closed():
            page.goto("about:blank")
        context.close()
