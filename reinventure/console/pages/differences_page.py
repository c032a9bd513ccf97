"""The differences between catalog and buckets, and their repair."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from reinventure.console import badge, pages, posts
from reinventure.console.comparison_state import Comparison, Found
from reinventure.console.frame import page
from reinventure.console.markup import Child, Element
from reinventure.console.markup import element as e
from reinventure.console.posts import Form
from reinventure.console.served import Served, served
from s3_catalog.model.row import Row
from s3_catalog.model.stored_object import StoredObject
from s3_catalog.reconciliation.difference import Kind

NAME = ""
PATH = pages.DIFFERENCES

ETAG_CHARACTERS = 8
"""Of an ETag that are shown: enough to see that two differ. The whole is in the title."""

_EXPLAINED = {
    Kind.MISSING: "The object has no row.",
    Kind.STALE: "Object and row are not the same.",
    Kind.GHOST: "The row has no object.",
    Kind.IMPLAUSIBLE: "No event of S3 has this sequencer.",
}


def show(request: Request) -> Response:
    """Return the page."""
    here = served(request)
    comparison = here.comparison.shown()
    return page(
        request,
        badge.word(comparison),
        e(
            "section",
            e("h1", _heading(comparison)),
            e("p", comparison.problem, class_="problem") if comparison.problem else None,
            e("p", _explanation(comparison), class_="lead"),
            e(
                "div",
                e("form", e("button", "Compare now"), method="post", action=f"{PATH}/verify"),
                e(
                    "form",
                    e("button", "Repair", class_="go", disabled=here.read_only),
                    method="post",
                    action=f"{PATH}/repair",
                )
                if comparison.differ
                else None,
                class_="row",
            ),
            _table(comparison) if comparison.found else None,
            data_refresh_on="comparison",
            class_=None if comparison.found else "narrow",
        ),
        current=PATH,
    )


def verify(here: Served, _form: Form) -> Response:
    """Start a comparison."""
    here.comparison.start()
    return RedirectResponse(PATH, HTTPStatus.SEE_OTHER)


def repair(here: Served, _form: Form) -> Response:
    """Start `reinventure repair`."""
    here.command.start("repair")
    return RedirectResponse(pages.COMMAND, HTTPStatus.SEE_OTHER)


def _question(here: Served, _form: Form) -> tuple[str, str]:
    return f"Repair {here.comparison.shown().differ:,} differences?", "reinventure repair"


def _heading(comparison: Comparison) -> str:
    if comparison.at is None:
        return "Comparing" if comparison.running else "Not compared yet"
    if comparison.problem:
        return "The last comparison failed"
    if not comparison.differ:
        return "The catalog equals its buckets"
    return f"{comparison.differ:,} of {comparison.compared:,} keys differ"


def _explanation(comparison: Comparison) -> Child:
    if comparison.at is None:
        return "A comparison reads the listing of every bucket, and every row."
    if comparison.problem and not comparison.differ:
        return f"The one before compared {comparison.compared:,} keys, and found no difference."
    if not comparison.differ:
        return (
            f"{comparison.compared:,} keys compared: every key, size, ETag and version of the "
            "catalog is that of the bucket; none is missing, none is left over."
        )
    return [
        "New differences are shown when they have stayed for some seconds. ",
        e("code", "reinventure repair"),
        " makes the rows right, also while the buckets change.",
    ]


def _table(comparison: Comparison) -> Element:
    rest = comparison.differ - len(comparison.found)
    return e(
        "div",
        e(
            "table",
            # On a phone they are no table to the eye; the roles keep it one to a screen reader.
            e(
                "thead",
                e(
                    "tr",
                    (e("th", each, scope="col", role="columnheader") for each in _COLUMNS),
                    role="row",
                ),
                role="rowgroup",
            ),
            e("tbody", map(_row, comparison.found), role="rowgroup"),
            role="table",
        ),
        _kinds(comparison),
        e("p", f"And {rest:,} more: ", e("code", "reinventure verify"), " lists all.")
        if rest
        else None,
        class_="scroll",
    )


def _kinds(comparison: Comparison) -> Element:
    """Return what the kinds of differences that are shown mean."""
    shown = {found.difference.kind for found in comparison.found}
    return e(
        "dl",
        (
            (e("dt", kind.value), e("dd", text))
            for kind, text in _EXPLAINED.items()
            if kind in shown
        ),
        class_="kinds",
    )


_COLUMNS = ("kind", "key", "in the bucket", "in the catalog")


def _row(found: Found) -> Element:
    difference = found.difference
    row = difference.row
    return e(
        "tr",
        e("td", e("b", difference.kind.value, class_="bad"), role="cell"),
        e(
            "td",
            e("a", e("bdi", difference.key), href=pages.of_key(found.bucket, difference.key)),
            e("small", f"s3://{found.bucket}/"),
            class_="key",
            role="cell",
        ),
        _side(difference.stored, _COLUMNS[2]),
        _side(None if row and row.deleted else row, _COLUMNS[3]),
        role="row",
    )


def _side(known: StoredObject | Row | None, column: str) -> Element:
    if known is None or known.size is None:
        return e("td", "nothing", data_column=column, role="cell")
    etag = known.etag or ""
    end = "…" if len(etag) > ETAG_CHARACTERS else ""
    shown = f"{known.size:,} bytes · {etag[:ETAG_CHARACTERS]}{end}"
    return e("td", shown, title=f"ETag {etag}", data_column=column, role="cell")


routes = [
    Route(PATH, show),
    posts.reading(f"{PATH}/verify", verify),
    posts.change(f"{PATH}/repair", repair, _question),
]
