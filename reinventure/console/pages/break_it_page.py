"""Break the local cloud on purpose, see what the rule promises, and see it kept; and the tour."""

from datetime import datetime
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from reinventure.console import badge, pages, posts
from reinventure.console.breakages import BREAKAGES, BY_FAULT, SECONDS, Breakage, Remedy
from reinventure.console.breaking import CHANGES_PER_SECOND, Breaking, FaultRun, Phase
from reinventure.console.comparison_state import Comparison
from reinventure.console.frame import page
from reinventure.console.markup import Child, Element
from reinventure.console.markup import element as e
from reinventure.console.posts import Form
from reinventure.console.served import Served, served
from reinventure.console.tour import Tour
from reinventure.console.tour_traffic import PREFIX
from reinventure.local.fault_control import Fault

NAME = "Break it"
PATH = pages.BREAK

_NOW = f"{PATH}/now"
"""What changes of the page, for its script."""


def show(request: Request) -> Response:
    """Return the page."""
    here = served(request)
    faults, tour = _local(here)
    return page(
        request,
        NAME,
        e(
            "section",
            e("h1", "Break it, and watch it heal"),
            e(
                "p",
                f"Each button breaks the local cloud for {SECONDS} seconds, while "
                f"{CHANGES_PER_SECOND:.0f} changes a second below ",
                e("code", PREFIX),
                " show it. What is on ends by itself, even if the console is killed.",
                class_="lead",
            ),
            e(
                "form",
                e(
                    "button",
                    "Start the tour",
                    class_="go",
                    data_read_only=here.read_only,
                    disabled=here.read_only or faults.busy or tour.shown().running,
                ),
                e("span", "About a minute: files, one key's life, two faults, and the proof."),
                method="post",
                action=pages.START_TOUR,
                class_="row",
            ),
        ),
        e("p", role="status", class_="unseen", data_said=True),
        e("div", _content(here), data_breaking=_NOW, class_="breaking"),
        current=PATH,
        scripts=["break_it.js"],
    )


def show_now(request: Request) -> Response:
    """Return the part of the page that changes."""
    return HTMLResponse("".join(map(str, _content(served(request)))))


def begin(here: Served, form: Form) -> Response:
    """Switch a fault on."""
    faults, tour = _local(here)
    try:
        fault = Fault(form.get("fault", ""))
    except ValueError:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "There is no such fault.") from None
    if tour.shown().running or not faults.begin(fault):
        raise HTTPException(HTTPStatus.CONFLICT, "Another fault, or the tour, has not ended.")
    return _back()


def end(here: Served, _form: Form) -> Response:
    """Switch the fault off that is on."""
    faults, _ = _local(here)
    faults.end()
    return _back()


def start_tour(here: Served, _form: Form) -> Response:
    """Start the tour."""
    _, tour = _local(here)
    if not tour.start():
        raise HTTPException(HTTPStatus.CONFLICT, "A fault, or another tour, has not ended.")
    return _back()


def stop_tour(here: Served, _form: Form) -> Response:
    """Stop the tour, or close the bar of one that has ended."""
    _, tour = _local(here)
    tour.stop()
    return _back()


def saw(here: Served, form: Form) -> Response:
    """Note that a page has shown what the tour promised."""
    _, tour = _local(here)
    view = form.get("view", "")
    if not (view.isascii() and view.isdecimal()):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "There is no such view.")
    tour.saw(int(view))
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _back() -> Response:
    return RedirectResponse(PATH, HTTPStatus.SEE_OTHER)


def _local(here: Served) -> tuple[FaultRun, Tour]:
    """Return what breaks the local cloud. Raises HTTPException elsewhere: an account has neither.

    The routes are not there either then; this holds whatever becomes of them.
    """
    if not here.local or here.faults is None or here.tour is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return here.faults, here.tour


def _content(here: Served) -> tuple[Element, ...]:
    faults, tour = _local(here)
    breaking = faults.shown()
    idle = not (faults.busy or tour.shown().running or here.read_only)
    return (
        _state(breaking, here.comparison.shown(), read_only=here.read_only),
        e("div", (_card(each, breaking, idle=idle) for each in BREAKAGES), class_="cards"),
    )


def _state(breaking: Breaking, comparison: Comparison, *, read_only: bool) -> Element:
    """Return what was broken last and what became of it."""
    if breaking.fault is None:
        return e("p", breaking.problem, class_="problem") if breaking.problem else e("p")
    breakage = BY_FAULT[breaking.fault]
    said, state = _said(breaking, comparison, breakage)
    remedies = breaking.phase is Phase.DIFFERS and comparison.differ
    return e(
        "section",
        e("h2", breakage.name),
        e("p", breaking.problem, class_="problem") if breaking.problem else None,
        e("p", said, class_="said", data_state=state),
        e(
            "p",
            f"{breaking.changes:,} changes were made. At most {breaking.most:,} keys differed.",
            class_="soft",
        )
        if breaking.phase in (Phase.EQUAL, Phase.DIFFERS)
        else None,
        e(
            "div",
            _button("/failures/redrive", "Redrive what failed", disabled=read_only)
            if breakage.remedy is not Remedy.REPAIR
            else None,
            _button("/differences/repair", "Repair", disabled=read_only),
            e("a", "See the differences", href=pages.DIFFERENCES),
            class_="row",
        )
        if remedies
        else None,
        class_="state",
    )


def _said(breaking: Breaking, comparison: Comparison, breakage: Breakage) -> tuple[Child, str]:
    """Return the sentence on a fault, and the state that it is in."""
    match breaking.phase:
        case Phase.ON:
            return ["On. ", _remaining(breaking.until)], "bad"
        case Phase.HEALING:
            return "Off. Waiting until the catalog has caught up.", "unknown"
        case Phase.EQUAL:
            return "EQUAL again, by itself.", "good"
        case _ if comparison.differ:
            return (
                f"{badge.word(comparison)}. It becomes equal: {breakage.remedy.value.lower()}",
                "bad",
            )
        case _:
            return "EQUAL again.", badge.state(comparison)


def _remaining(until: datetime | None) -> Element | None:
    if until is None:
        return None
    return e("time", f"Ends at {until:%H:%M:%S} UTC.", datetime=until.isoformat(), data_until=True)


def _card(breakage: Breakage, breaking: Breaking, *, idle: bool) -> Element:
    on = breaking.phase is Phase.ON and breaking.fault is breakage.fault
    return e(
        "section",
        e("h2", breakage.name, e("b", "On", class_="on") if on else None),
        e("p", breakage.happens),
        e("p", e("b", f"{breakage.rules}: "), breakage.promise, class_="promise"),
        e("p", e("b", "Equal again: "), breakage.remedy.value, class_="soft"),
        _button(f"{PATH}/end", "End it now", id=breakage.fault.value)
        if on
        else _button(
            f"{PATH}/begin",
            breakage.name,
            id=breakage.fault.value,
            disabled=not idle,
            fault=breakage.fault.value,
        ),
        data_fault=breakage.fault.value,
        data_on=on,
    )


def _button(
    action: str, label: str, *, id: str | None = None, disabled: bool = False, **fields: str
) -> Element:
    return e(
        "form",
        (e("input", type="hidden", name=name, value=value) for name, value in fields.items()),
        e("button", label, id=id, disabled=disabled),
        method="post",
        action=action,
    )


def _question(_here: Served, _form: Form) -> tuple[str, str]:
    # An account has none of these routes, and `_local` refuses them there.
    raise HTTPException(HTTPStatus.NOT_FOUND)


routes = [
    Route(PATH, show),
    Route(_NOW, show_now),
    posts.change(f"{PATH}/begin", begin, _question),
    posts.change(f"{PATH}/end", end, _question),
    posts.change(pages.START_TOUR, start_tour, _question),
    posts.change(pages.STOP_TOUR, stop_tour, _question),
    posts.change(pages.SAW_TOUR, saw, _question),
]
