"""The catalog: buckets and folders with live totals, a search, and a place to drop files."""

from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus

from botocore.exceptions import BotoCoreError, ClientError
from rich import filesize
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from reinventure.aws.connection import explain
from reinventure.console import find_form, pages, picture, treemap_drawing, upload_route
from reinventure.console.drop_zone import drop_zone
from reinventure.console.find_form import Asked
from reinventure.console.folder_totals import MAX_FOLDERS, FolderTotals, folder_totals
from reinventure.console.frame import page
from reinventure.console.markup import Child, Element
from reinventure.console.markup import element as e
from reinventure.console.pages import object_page
from reinventure.console.place import Place, key_address, name_text, place
from reinventure.console.row_search import Search, cursor, next_page
from reinventure.console.served import Served, served
from reinventure.console.treemap_drawing import TALL, WIDE, Tile, numbers
from reinventure.errors import UserError
from reinventure.printable import printable
from s3_catalog.model.row import Row
from s3_catalog.totals.tally import Tally, Total

NAME = "Catalog"
PATH = pages.CATALOG

_TOTALS, _ROWS = f"{PATH}/totals", f"{PATH}/rows"
"""What the script asks for: the totals as HTML, and a page of rows as JSON."""

_OBJECTS = "objects"
"""Value of the parameter `by` for a drawing by the number of objects."""


def show(request: Request) -> Response:
    """Return the page of a place; of several buckets, the page of all, unless one is named."""
    here = served(request)
    if len(here.catalog.scope.buckets) > 1 and "bucket" not in request.query_params:
        return _all_buckets(request, here)
    at = place(request.query_params, here.catalog)
    asked = find_form.read(request.query_params, at, here.catalog.scope.buckets)
    return page(
        request,
        printable(at.folder or at.bucket),
        e(
            "section",
            _path(here, at),
            e("div", _totals(request, here, at), data_totals=f"{_TOTALS}?{request.url.query}"),
            data_bucket=at.bucket,
            data_folder=printable(at.folder),
            class_="place",
        ),
        drop_zone(here, at),
        _objects(request, here, at, asked),
        current=PATH,
        scripts=["catalog.js", "row_list.js", "drop_zone.js"],
        styles=["catalog.css"],
        status=HTTPStatus.BAD_REQUEST if asked.errors else HTTPStatus.OK,
    )


def show_totals(request: Request) -> Response:
    """Return the part of the page with the totals, as they are now."""
    here = served(request)
    if "bucket" not in request.query_params and len(here.catalog.scope.buckets) > 1:
        return HTMLResponse("".join(map(str, _bucket_totals(request, here))))
    at = place(request.query_params, here.catalog)
    return HTMLResponse("".join(map(str, _totals(request, here, at))))


def rows(request: Request) -> Response:
    """Return the next page of rows of the search in the address, as JSON."""
    here = served(request)
    named = request.query_params
    try:
        at = place(named, here.catalog)
        asked = find_form.read(named, at, here.catalog.scope.buckets)
        if asked.search is None:
            raise UserError("; ".join(asked.errors.values()))
        found = next_page(here.catalog, asked.search, cursor(named.get("cursor", "")))
    except UserError as error:
        return JSONResponse({"problem": str(error)}, HTTPStatus.BAD_REQUEST)
    except (ClientError, BotoCoreError) as error:
        return JSONResponse({"problem": explain(error)}, HTTPStatus.BAD_GATEWAY)
    several = len(asked.search.buckets) > 1
    return JSONResponse(
        {
            "rows": [_listed(row, at, several=several) for row in found.rows],
            "next": None if found.next is None else str(found.next),
            "read": found.read,
        }
    )


def _listed(row: Row, at: Place, *, several: bool) -> dict[str, object]:
    """Return what the list shows of `row`: texts, and where it leads to."""
    key = row.key if several else row.key.removeprefix(at.folder)
    shown = f"{row.bucket}/{key}" if several else key
    return {
        "key": name_text(shown) or "(the folder itself)",
        "time": row.event_time[:19].replace("T", " "),
        "size": "deleted" if row.deleted else filesize.decimal(row.size or 0),
        "href": key_address(pages.OBJECT, row.bucket, row.key),
        "picture": key_address(object_page.PICTURE, row.bucket, row.key)
        if picture.may_be(row)
        else None,
    }


def _all_buckets(request: Request, here: Served) -> Response:
    return page(
        request,
        "Catalog",
        e(
            "section",
            e(
                "div",
                _bucket_totals(request, here),
                data_totals=f"{_TOTALS}?{request.url.query}",
            ),
            class_="place",
        ),
        current=PATH,
        scripts=["catalog.js"],
        styles=["catalog.css"],
    )


def _bucket_totals(request: Request, here: Served) -> Sequence[Child]:
    totals, sum_ = here.catalog.totals(), Tally()
    buckets = [totals.total(bucket, "") for bucket in here.catalog.scope.buckets]
    named = [
        replace(each, folder=bucket)
        for bucket, each in zip(here.catalog.scope.buckets, buckets, strict=True)
    ]
    for each in named:
        sum_.add(Tally(each.objects, each.bytes))
    return _shown(
        request,
        f"{len(named):,} buckets",
        FolderTotals(sum_, tuple(named)),
        [(each, each.folder, Place(each.folder)) for each in named],
    )


def _totals(request: Request, here: Served, at: Place) -> Sequence[Child]:
    found = folder_totals(here.catalog, at)
    name = at.folder.split("/")[-2] if at.folder else at.bucket
    if not found.counted:
        return [
            e("h1", e("bdi", name_text(name), class_="key")),
            e(
                "p",
                f"Folders have totals down to {here.catalog.outputs.totals_depth} levels (setting "
                "totals_depth).",
                class_="lead",
            ),
        ]
    places = [
        (each, each.folder[len(at.folder) : -1], Place(at.bucket, each.folder))
        for each in found.folders
    ]
    return _shown(request, name, found, places)


def _shown(
    request: Request, name: str, found: FolderTotals, places: list[tuple[Total, str, Place]]
) -> Sequence[Child]:
    by = _OBJECTS if request.query_params.get("by") == _OBJECTS else ""
    tiles = [
        Tile(name_text(label) or "(empty name)", to.address(PATH, by=by), each.objects, each.bytes)
        for each, label, to in places
    ]
    rest = Tile("objects here", None, found.rest.objects, found.rest.bytes)
    return [
        e("h1", e("bdi", name_text(name) or "(empty name)", class_="key")),
        e("p", numbers(found.whole.objects, found.whole.bytes), class_="lead"),
        e(
            "div",
            e("div", _measure(request, by), _drawings(tiles, rest, by), class_="area"),
            _list(tiles, rest, found.more),
            class_="folders",
        )
        if tiles
        else None,
    ]


def _measure(request: Request, by: str) -> Element:
    """Return the links that choose what the areas of the drawing are."""
    named = {name: value for name, value in request.query_params.items() if name != "by"}

    def link(label: str, value: str) -> Element:
        chosen = {**named, "by": value} if value else named
        return e(
            "a",
            label,
            href=str(request.url.replace(path=PATH, query="").include_query_params(**chosen)),
            aria_current="true" if by == value else None,
        )

    return e(
        "p",
        "Area: ",
        link("size", ""),
        link("number of objects", _OBJECTS),
        class_="measure",
    )


def _drawings(tiles: list[Tile], rest: Tile, by: str) -> list[Child]:
    drawn = [
        treemap_drawing.drawing(tiles, rest, by_objects=bool(by), within=within, class_=class_)
        for within, class_ in ((WIDE, "wide"), (TALL, "tall"))
    ]
    if any(drawn):
        return list(drawn)
    return [e("p", "All of it has 0 bytes.", class_="empty")]


def _list(tiles: list[Tile], rest: Tile, more: int) -> Element:
    return e(
        "ul",
        (
            e(
                "li",
                e("a", e("bdi", tile.name), href=tile.href, class_="key"),
                e("span", f"{tile.objects:,}", class_="number soft", title="objects"),
                e("span", filesize.decimal(tile.bytes), class_="number"),
            )
            for tile in tiles
        ),
        e(
            "li",
            e("span", f"and {more:,} folders with fewer bytes" if more else rest.name),
            e("span", f"{rest.objects:,}", class_="number soft", title="objects"),
            e("span", filesize.decimal(rest.bytes), class_="number"),
            class_="rest",
        )
        if rest.objects
        else None,
        class_="totals",
        aria_label="Folders" if more == 0 else f"The {MAX_FOLDERS:,} largest folders",
    )


def _path(here: Served, at: Place) -> Element | None:
    """Return the way to what the place is in; None for the only bucket, which is in nothing."""
    ways: list[Element] = []
    if len(here.catalog.scope.buckets) > 1:
        ways.append(e("a", "All buckets", href=PATH))
    if at.folder:
        ways.append(e("a", at.bucket, href=Place(at.bucket).address(PATH)))
    ways += [
        e("a", e("bdi", name_text(name) or "(empty name)"), href=each.address(PATH))
        for name, each in at.above()[:-1]
    ]
    if not ways:
        return None
    return e("nav", ([way, " / "] for way in ways), class_="path", aria_label="Path")


def _objects(request: Request, here: Served, at: Place, asked: Asked) -> Element:
    heading = "Found" if asked.used else "Objects"
    return e(
        "section",
        e(
            "div",
            e("h2", heading, id="objects"),
            e("p", class_="soft", data_rows="told", role="status"),
            e("button", "Stop", data_rows="stop", type="button", hidden=True),
            e("button", data_rows="again", type="button", hidden=True),
            class_="row heading",
        ),
        find_form.element(request.query_params, at, here.catalog.scope.buckets, asked, PATH),
        e("p", class_="problem", role="alert", data_rows="problem"),
        _grid(f"{_ROWS}?{request.url.query}", asked.search) if asked.search else None,
        e(
            "p",
            "Nothing matches." if asked.used else "There is no object here.",
            class_="empty",
            data_rows="empty",
            hidden=True,
        ),
        class_="objects",
    )


def _grid(source: str, search: Search) -> Element:
    columns = ("Key", "Deleted" if search.wanted.deleted else "Changed", "Size")
    return e(
        "div",
        e(
            "template",
            e(
                "div",
                e("span", e("a", tabindex="-1", class_="key"), role="gridcell"),
                e("span", role="gridcell", class_="number soft", data_cell="time"),
                e("span", role="gridcell", class_="number", data_cell="size"),
                role="row",
            ),
        ),
        e(
            "div",
            e(
                "div",
                (e("span", each, role="columnheader") for each in columns),
                role="row",
                class_="columns-of-rows",
            ),
            role="rowgroup",
        ),
        e("div", e("div", role="rowgroup", data_rows="rows"), class_="window", data_rows="window"),
        role="grid",
        aria_labelledby="objects",
        aria_rowcount="-1",
        aria_readonly="true",
        class_="rows",
        data_source=source,
        data_conditional=search.conditional,
        data_everywhere=len(search.buckets) > 1,
    )


routes = [
    Route(PATH, show),
    Route(_TOTALS, show_totals),
    Route(_ROWS, rows),
    *upload_route.routes,
]
