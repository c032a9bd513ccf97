"""The ASGI application: the pages, the events and the files, behind the guard."""

from http import HTTPStatus
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from reinventure.aws.connection import explain
from reinventure.console import pages
from reinventure.console.frame import page
from reinventure.console.guard import Guard
from reinventure.console.markup import element as e
from reinventure.console.posts import Reading
from reinventure.console.served import Served, served
from s3_catalog.exceptions import CatalogError

STATIC = Path(__file__).parent / "static"
"""Style sheet, scripts and icon."""


def application(here: Served, *, port: int, token: str) -> Guard:
    """Return the application that shows `here`, for those who have `token`, at this `port`."""
    routes = [route for each in pages.listed(breakable=here.breakable) for route in each.routes]
    app = Starlette(
        routes=[
            *routes,
            Route("/events", _events),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        exception_handlers={
            HTTPException: _refusal,
            CatalogError: _failure,
            ClientError: _failure,
            BotoCoreError: _failure,
        },
    )
    app.state.served = here
    readings = {route.path for route in routes if isinstance(route, Reading)}
    return Guard(app, port=port, token=token, read_only=here.read_only, readings=readings)


async def _events(request: Request) -> Response:
    here = served(request)
    # A browser that connects again sends the header; a page that was just loaded, its position.
    position = request.headers.get("last-event-id") or request.query_params.get("after", "")
    return StreamingResponse(here.events.read(position), media_type="text/event-stream")


async def _refusal(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    phrase = HTTPStatus(status).phrase
    detail = error.detail if isinstance(error, HTTPException) else ""
    text = "There is no such page." if status == HTTPStatus.NOT_FOUND else detail
    way = e("a", "Go to the system, live", href="/")
    section = e("section", e("h1", phrase), e("p", text, class_="lead"), way, class_="narrow")
    return page(request, phrase, section, status=status)


async def _failure(request: Request, error: Exception) -> Response:
    """Answer with the line that the command would print for `error`."""
    reason = explain(error) if isinstance(error, ClientError | BotoCoreError) else str(error)
    return page(
        request,
        "It did not work",
        e(
            "section",
            e("h1", "It did not work"),
            e("p", reason, class_="problem"),
            e("a", "Try again", href=""),
            class_="narrow",
        ),
        status=HTTPStatus.BAD_GATEWAY,
    )
