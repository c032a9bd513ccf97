"""One key's life: what S3 sent about it, what became of it and why, and what it is now."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from botocore.exceptions import BotoCoreError, ClientError
from rich import filesize
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from reinventure.aws.connection import explain
from reinventure.aws.deployed_catalog import KeyState
from reinventure.console import pages
from reinventure.console.frame import page
from reinventure.console.key_life import life
from reinventure.console.life_drawing import fields, timeline
from reinventure.console.markup import Element
from reinventure.console.markup import element as e
from reinventure.console.served import Served, served
from reinventure.errors import UserError
from reinventure.printable import printable
from s3_catalog import key_log
from s3_catalog.model import object_key
from s3_catalog.model.row import Row
from s3_catalog.model.timestamps import timestamp

NAME = "One key"
PATH = pages.KEY

_MICROSECONDS = 1_000_000
"""In a second."""

_LIFE = f"{PATH}/life"
"""What changes of the page, for its script."""


def show(request: Request) -> Response:
    """Return the page; without a key, the form that asks for one."""
    here, (bucket, key) = served(request), _asked(request)
    if not key:
        return page(request, "One key", _question(here, bucket, key), current=PATH)
    place = {"bucket": bucket, "key": key}
    return page(
        request,
        f"{printable(key)[:80]}",
        e(
            "section",
            e("p", f"One key's life · {bucket}", class_="lead"),
            e("h1", e("bdi", key, class_="key")),
            _form(here, bucket, key),
            class_="asked",
        ),
        e(
            "div",
            _content(here, bucket, key),
            class_="columns",
            data_life=f"{_LIFE}?{urlencode(place)}",
            data_place=key_log.place(bucket, key),
            data_bucket=bucket,
            data_key=key,
        ),
        current=PATH,
        scripts=["key.js"],
    )


def show_life(request: Request) -> Response:
    """Return the part of the page that changes."""
    bucket, key = _asked(request)
    return HTMLResponse("".join(map(str, _content(served(request), bucket, key))))


def _asked(request: Request) -> tuple[str, str]:
    """Return the bucket and the key of a request. Raises UserError for a key that S3 forbids."""
    here = served(request)
    bucket = request.query_params.get("bucket") or here.catalog.scope.buckets[0]
    key = request.query_params.get("key", "")
    try:
        return bucket, object_key.check(key) if key else ""
    except ValueError as error:
        raise UserError(str(error)) from None


def _content(here: Served, bucket: str, key: str) -> list[Element]:
    state = here.catalog.choose(bucket, key).key_state(key)
    lines, problem = _lines(here, bucket, key)
    return [
        e(
            "section",
            e("h2", "What happened"),
            e("p", problem, class_="problem") if problem else None,
            timeline(life(lines, state.row, state.versions, equal=state.agree)),
            None if lines or problem else _no_lines(),
            class_="told",
        ),
        e("div", _row(state.row), _versions(state)),
    ]


def _lines(here: Served, bucket: str, key: str) -> tuple[list[dict[str, Any]], str | None]:
    """Return the lines of a key, and why there are none if the log cannot be read."""
    try:
        return here.keys.lines(bucket, key), None
    except (ClientError, BotoCoreError) as error:
        return [], f"The log of the functions cannot be read: {explain(error)}"


def _no_lines() -> Element:
    return e(
        "p",
        "The log has no line about this key in the last 24 hours. The functions write them with "
        "the setting ",
        e("code", "log_level=debug"),
        ", which the local cloud has.",
        class_="empty",
    )


def _question(here: Served, bucket: str, key: str) -> Element:
    return e(
        "section",
        e("h1", "One key's life"),
        e(
            "p",
            "What S3 sent about a key, what became of it, and why its row is right.",
            class_="lead",
        ),
        _form(here, bucket, key),
        class_="narrow",
    )


def _form(here: Served, bucket: str, key: str) -> Element:
    # An input has one line, and shows no character that has no glyph: such a key is not edited.
    shown = key if printable(key) == key else ""
    buckets = here.catalog.scope.buckets
    return e(
        "form",
        e(
            "label",
            "Bucket ",
            e(
                "select",
                (e("option", each, selected=each == bucket) for each in buckets),
                name="bucket",
            ),
        )
        if len(buckets) > 1
        else e("input", type="hidden", name="bucket", value=bucket),
        e(
            "label",
            "Key ",
            e(
                "input",
                name="key",
                value=shown,
                required=True,
                autocomplete="off",
                autocapitalize="none",
                spellcheck="false",
                placeholder="holiday/lake.jpg",
            ),
        ),
        e("button", "Show"),
        action=PATH,
        class_="row ask",
    )


def _row(row: Row | None) -> Element:
    return e(
        "section",
        e("h2", "Its row"),
        fields(_attributes(row)) if row else e("p", "There is no row.", class_="empty"),
    )


def _attributes(row: Row) -> Mapping[str, object]:
    names = (*key_log.STATE, "requester", "source_ip", "checksum_algorithm")
    found = {name: getattr(row, name) for name in names}
    for name, unit in (
        ("asked_at", _MICROSECONDS),
        ("healed_at", _MICROSECONDS),
        ("expires_at", 1),
    ):
        if found[name] is not None:
            found[name] = timestamp(datetime.fromtimestamp(found[name] / unit, UTC))
    if row.inspected:
        found |= {name: getattr(row.inspected, name) for name in row.inspected.__slots__}
    return {name: value for name, value in found.items() if value is not None}


def _versions(state: KeyState) -> Element:
    return e(
        "section",
        e("h2", "In S3"),
        e(
            "ol",
            (
                e(
                    "li",
                    e("time", timestamp(each.modified)),
                    e("b", "delete marker" if each.size is None else filesize.decimal(each.size)),
                    e("span", "current", class_="word") if each.latest else None,
                    e("code", each.version_id),
                )
                for each in state.versions
            ),
            class_="versions",
            role="list",
        )
        if state.versions
        else e("p", "There is no version.", class_="empty"),
    )


routes = [Route(PATH, show), Route(_LIFE, show_life)]
