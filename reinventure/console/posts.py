"""Routes that take a form: those that change something, which asks first, and those that do not."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from reinventure.console.frame import page
from reinventure.console.markup import element as e
from reinventure.console.served import Served, served

MAX_FORM_BYTES = 64 * 1024
"""Longest form that is read: sixty keys of the longest kind, percent-encoded."""

_CONFIRMED = "confirmed"
"""The field of the answer to the question."""

Form = Mapping[str, str]
Handler = Callable[[Served, Form], Response]
RequestHandler = Callable[[Request, Form], Response]
Question = Callable[[Served, Form], tuple[str, str]]
"""Returns the question, and what will be done, such as the command that will run."""


class Reading(Route):
    """A route that takes POST but changes nothing: it works with --read-only, too."""


def reading(path: str, handler: Handler) -> Reading:
    """Return the route of a form at `path` whose `handler` changes nothing."""

    def handle(request: Request, form: Form) -> Response:
        return handler(served(request), form)

    return Reading(path, _endpoint(handle), methods=["POST"])


def change(path: str, handler: Handler, question: Question) -> Route:
    """Return the route of a form at `path` whose `handler` changes something.

    Against an account a page asks the `question` first, and sends the form again with the answer.
    On the local cloud, which is there to be changed, the handler runs at once.
    """

    def ask_first(request: Request, form: Form) -> Response:
        here = served(request)
        if here.local or form.get(_CONFIRMED) == "yes":
            return handler(here, form)
        return _asked(request, path, form, *question(here, form))

    return Route(path, _endpoint(ask_first), methods=["POST"])


def _endpoint(handler: RequestHandler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(handler, request, await _form(request))

    return endpoint


async def _form(request: Request) -> dict[str, str]:
    """Return the fields of the form that is the body of `request`. Raises HTTPException."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, errors="strict"))
    except UnicodeDecodeError:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "The form is not UTF-8.") from None


def _asked(request: Request, path: str, form: Form, question: str, done: str) -> Response:
    here = served(request).catalog
    fields = {**form, _CONFIRMED: "yes"}
    return page(
        request,
        "Please confirm",
        e(
            "section",
            e("h1", question),
            e("p", "Changes account ", e("b", here.account), f" in region {here.region}:"),
            e("p", e("code", done)),
            e(
                "form",
                (
                    e("input", type="hidden", name=name, value=value)
                    for name, value in fields.items()
                ),
                e("button", "Do it", class_="danger"),
                e("a", "Cancel", href="/", class_="button"),
                method="post",
                action=path,
                class_="row",
            ),
            class_="narrow",
        ),
    )
