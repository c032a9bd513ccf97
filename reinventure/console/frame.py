"""What surrounds every page: where one is, the ways to the other pages, and the badge."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import HTMLResponse

from reinventure.console import badge, pages
from reinventure.console.markup import Child, Element
from reinventure.console.markup import element as e
from reinventure.console.served import Served, served
from reinventure.console.tour_bar import SCRIPT as TOUR_SCRIPT
from reinventure.console.tour_bar import tour_bar

SCRIPT = "frame.js"
"""The script of every page."""

STYLES = "console.css"
"""The style sheet of every page."""

_OFFLINE = {
    "lost": (
        "The console does not answer. Numbers and changes are those of before; it connects again "
        "by itself."
    ),
    "refused": "This console has ended. Open the address that the one in its place has printed.",
}
"""What a page says without its stream of events, by the states of `events.js`."""


def page(
    request: Request,
    title: str,
    *content: Child,
    current: str | None = None,
    scripts: Sequence[str] = (),
    styles: Sequence[str] = (),
    status: int = 200,
) -> HTMLResponse:
    """Return a page with `content` in its `main`.

    `current` is the PATH of the page in the navigation; `scripts` and `styles` are files of
    `static` besides those of the frame.
    """
    here = served(request)
    all_scripts = (SCRIPT, *([TOUR_SCRIPT] if here.tour else []), *scripts)
    document = e(
        "html",
        e(
            "head",
            e("meta", charset="utf-8"),
            e("meta", name="viewport", content="width=device-width,initial-scale=1"),
            # So that no white page comes before the style sheet.
            e("meta", name="color-scheme", content="light dark"),
            e("title", f"{title} · reinventure"),
            e("link", rel="icon", href="/static/icon.svg", type="image/svg+xml"),
            (e("link", rel="stylesheet", href=f"/static/{sheet}") for sheet in (STYLES, *styles)),
            (e("script", type="module", src=f"/static/{script}") for script in all_scripts),
        ),
        e(
            "body",
            e("a", "Skip to content", href="#content", class_="skip"),
            _account(here),
            e(
                "header",
                e("p", e("b", "reinventure"), e("span", f" {_where(here)}"), class_="name"),
                _navigation(here, current),
                badge.badge(here.comparison.shown()),
            ),
            (
                e("p", text, class_="offline", role="status", data_connection=state, hidden=True)
                for state, text in _OFFLINE.items()
            ),
            e("main", *content, id="content", tabindex="-1"),
            tour_bar(here.tour.shown()) if here.tour else None,
            # Where the stream of events goes on from: what is shown here includes all before.
            data_position=here.events.position(),
        ),
        lang="en",
    )
    return HTMLResponse(f"<!doctype html>{document}", status)


def _where(here: Served) -> str:
    place = "local cloud" if here.local else here.catalog.stack
    return f"{place} · read-only" if here.read_only else place


def _account(here: Served) -> Element | None:
    """Return the bar that says whose money and data these are; the local cloud has none."""
    if here.local:
        return None
    rest = "Nothing can be changed from here." if here.read_only else "Every change asks first."
    return e(
        "aside",
        e("b", f"AWS account {here.catalog.account}"),
        f" · {here.catalog.region} · stack {here.catalog.stack}. {rest}",
        class_="account",
        aria_label="Account",
    )


def _navigation(here: Served, current: str | None) -> Element:
    failed = here.numbers.failed()
    cost = here.cost.total()
    return e(
        "nav",
        (
            e(
                "a",
                each.NAME,
                e("span", f"{failed:,}", class_="count")
                if failed and each.PATH == pages.FAILURES
                else None,
                e("span", cost, class_="sum") if cost and each.PATH == pages.COST else None,
                href=each.PATH,
                aria_current="page" if current == each.PATH else None,
                data_page=each.PATH,
            )
            for each in pages.listed(breakable=here.breakable)
            if each.NAME
        ),
        aria_label="Pages",
    )
