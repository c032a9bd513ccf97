"""What failed for good, and what a redrive would give to which function."""

from http import HTTPStatus
from itertools import groupby

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from reinventure.aws import dead_letters
from reinventure.aws.dead_letters import DeadLetter
from reinventure.console import pages, posts
from reinventure.console.frame import page
from reinventure.console.markup import Child, Element
from reinventure.console.markup import element as e
from reinventure.console.posts import Form
from reinventure.console.served import Served, served

NAME = "Failures"
PATH = pages.FAILURES

MAX_KEYS = 10
"""Keys of a message that are shown."""

MAX_LETTERS = 200
"""Messages that are shown. SQS has no order, and no listing without receiving."""


def show(request: Request) -> Response:
    """Return the page. The messages stay, visible to other readers."""
    here = served(request)
    letters = dead_letters.waiting(here.catalog, dead_letters.queues(here.catalog))
    letters.sort(key=lambda letter: (_function(letter), letter.failed_at))
    redrivable = [letter for letter in letters if letter.refusal is None]
    return page(
        request,
        "Failures",
        e(
            "section",
            e("h1", f"{len(letters):,} messages failed" if letters else "Nothing failed"),
            e("p", _explanation(letters), class_="lead"),
            _redrive("--all", f"Redrive {len(redrivable):,}", disabled=here.read_only, class_="go")
            if redrivable
            else None,
            class_=None if letters else "narrow",
        ),
        (
            e(
                "section",
                e("h2", function),
                (_letter(letter, read_only=here.read_only) for letter in group),
                id=function,
            )
            for function, group in groupby(letters[:MAX_LETTERS], key=_function)
        ),
        current=PATH,
    )


def redrive(here: Served, form: Form) -> Response:
    """Start `reinventure redrive` with one id, or all."""
    here.command.start("redrive", _chosen(form), "--yes")
    return RedirectResponse(pages.COMMAND, HTTPStatus.SEE_OTHER)


def _question(_here: Served, form: Form) -> tuple[str, str]:
    chosen = _chosen(form)
    what = "all that can be redriven" if chosen == "--all" else "this message"
    return f"Redrive {what}?", f"reinventure redrive {chosen}"


def _chosen(form: Form) -> str:
    """Return the argument of the command: an id of SQS, and never another option."""
    chosen = form.get("id", "--all")
    return "--all" if chosen.startswith("-") else chosen


def _explanation(letters: list[DeadLetter]) -> str:
    if not letters:
        return (
            "Every event that came was catalogued, counted and published. What a function fails on "
            "for good waits in its dead-letter queue for 14 days, and is listed here."
        )
    return (
        "Each goes back to the function whose role sent it, through the same code as all events: "
        "one that is superseded by now changes nothing. It leaves the queue when that succeeds."
    )


def _function(letter: DeadLetter) -> str:
    return letter.function or letter.queue.function


def _letter(letter: DeadLetter, *, read_only: bool) -> Element:
    refusal = letter.refusal
    goes = f"goes to {letter.function}" if refusal is None else refusal
    return e(
        "article",
        e("h3", letter.reason or "no reason given"),
        e(
            "dl",
            _described("failed", e("time", f"{letter.failed_at:%Y-%m-%d %H:%M:%SZ}")),
            _described("keys", _keys(letter)),
            _described("redrive", goes),
            _described("message", e("code", letter.id)),
        ),
        None if refusal else _redrive(letter.id, "Redrive", disabled=read_only),
        class_="letter",
    )


def _described(name: str, value: Child) -> tuple[Element, Element]:
    return e("dt", name), e("dd", value)


def _keys(letter: DeadLetter) -> Child:
    if not letter.keys:
        return "none that can be read"
    more = len(letter.keys) - MAX_KEYS
    shown = (e("bdi", key, class_="key") for key in letter.keys[:MAX_KEYS])
    return e("span", shown, f" and {more:,} more" if more > 0 else None, class_="keys")


def _redrive(id: str, label: str, *, disabled: bool, class_: str | None = None) -> Element:
    return e(
        "form",
        e("input", type="hidden", name="id", value=id),
        e("button", label, class_=class_, disabled=disabled),
        method="post",
        action=f"{PATH}/redrive",
    )


routes = [Route(PATH, show), posts.change(f"{PATH}/redrive", redrive, _question)]
