"""The page of what the changes cost since the console was started, and what a million would."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from reinventure.console.current_cost import CurrentCost, sums, texts
from reinventure.console.frame import page
from reinventure.console.markup import Child, Element
from reinventure.console.markup import element as e
from reinventure.console.pages import COST
from reinventure.console.served import Served, served
from reinventure.cost import prices

NAME = "Cost"
PATH = COST

_COLUMNS = {
    "service": "service",
    "reason": "for",
    "quantity": "used",
    "unit": "unit",
    "dollars": "so far",
    "million": "a million changes",
    "from": "from",
}


def show(request: Request) -> Response:
    """Return the page."""
    here = served(request)
    return page(
        request,
        "Cost so far",
        e(
            "section",
            e("h1", "Cost so far"),
            e("p", here.cost.problem, class_="problem", data_problem="cost"),
            _sums(here.cost),
            _table(here.cost),
            _legend(here),
            class_="cost",
        ),
        current=PATH,
        scripts=["cost.js"],
    )


def _sums(cost: CurrentCost) -> Element:
    found = cost.found
    shown = sums(found) if found else dict.fromkeys(("changes", "dollars", "million"), "…")
    return e(
        "dl",
        (
            e("div", e("dt", label), e("dd", shown[name], data_sum=name))
            for name, label in (
                ("dollars", "since the console was started"),
                ("changes", "changes"),
                ("million", "for a million such changes"),
            )
        ),
        class_="sums",
    )


def _table(cost: CurrentCost) -> Child:
    found = cost.found
    if not found or not found.lines:
        return e("p", "Nothing was used yet.", class_="empty", data_lines=0)
    return e(
        "div",
        e(
            "table",
            e("thead", e("tr", (e("th", name, scope="col") for name in _COLUMNS.values()))),
            e("tbody", (_row(texts(found, n)) for n in range(len(found.lines)))),
            data_lines=len(found.lines),
        ),
        class_="scroll",
    )


def _row(shown: dict[str, str]) -> Element:
    return e(
        "tr",
        (e("td", shown[name], data_field=name, data_column=_COLUMNS[name]) for name in _COLUMNS),
        data_from=shown["from"],
    )


def _legend(here: Served) -> Element:
    counted = (
        "Counted are invocations and their durations, which the emulator logs, and changes, which "
        "come to the console. The emulator does not count the rest: that is the model's, for as "
        "many changes in an account. Durations are those of this machine, which is not Lambda's. "
        "Nothing of it is paid."
        if here.local
        else "Counted is what CloudWatch counts, a minute or two late; what AWS does not count is "
        "the model's. It is read every five minutes while a page is open: each reading costs less "
        "than a tenth of a cent."
    )
    return e(
        "details",
        e("summary", "What the figures are"),
        e("p", counted),
        e(
            "p",
            f"List prices of {prices.LOCATION}, before discounts and free allowances, without what "
            "a catalog costs without any change: keys, alarms, storage. ",
            e("code", "reinventure cost"),
            " has a whole month, and docs/cost.md every assumption.",
        ),
        class_="legend",
    )


routes = [Route(PATH, show)]
