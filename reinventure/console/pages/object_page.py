"""One object: its row with all that is known, its picture, and its versions, with undelete."""

from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from rich import filesize
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from reinventure.aws.connection import explain
from reinventure.aws.deployed_catalog import MAX_VERSIONS, KeyState
from reinventure.console import object_changes, pages, picture, posts
from reinventure.console.frame import page
from reinventure.console.markup import Child, Element
from reinventure.console.markup import element as e
from reinventure.console.place import Place, decoded, folder_text, key_address, name_text
from reinventure.console.posts import Form
from reinventure.console.served import Served, served
from reinventure.errors import UserError
from reinventure.printable import printable
from s3_catalog.model.row import Row
from s3_catalog.model.stored_object import IN_PROGRESS, Version
from s3_catalog.model.timestamps import timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = ""
PATH = pages.OBJECT

PICTURE = f"{PATH}/picture"
"""PATH of the picture of an object."""

_MAX_TITLE = 80
_MICROSECONDS = 1_000_000
_OF_PICTURES = {
    # A policy besides that of all pages: alone in a window, it is in an origin of its own.
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Content-Disposition": "inline",
}


def show(request: Request) -> Response:
    """Return the page; without a key, the way to one."""
    here = served(request)
    if "key" not in request.query_params:
        return page(request, "One object", _missing(), current=pages.CATALOG)
    bucket, key = _named(request.query_params, here)
    state = here.catalog.choose(bucket).key_state(key)
    folder, name = key[: key.rfind("/") + 1], key[key.rfind("/") + 1 :]
    known = bool(state.row or state.versions)
    return page(
        request,
        printable(name or key)[:_MAX_TITLE],
        e(
            "section",
            _path(bucket, folder),
            e("h1", e("bdi", name_text(name or key), class_="key")),
            e("p", _summary(state), class_="lead"),
            _picture(state.row),
            _actions(here, state),
            data_object=True,
            data_bucket=bucket,
            data_key=key,
        ),
        e("div", _row(state.row), _versions(here, state), class_="pair") if known else None,
        current=pages.CATALOG,
        scripts=["object.js"],
        styles=["catalog.css"],
        status=HTTPStatus.OK if known else HTTPStatus.NOT_FOUND,
    )


def show_picture(request: Request) -> Response:
    """Return the picture of the object; nothing if it has none that is shown."""
    here = served(request)
    try:
        bucket, key = _named(request.query_params, here)
        found = picture.read(here.catalog.s3, bucket, key)
    except UserError:
        # No error: a name that ends in .jpg promises nothing.
        return Response(status_code=HTTPStatus.NO_CONTENT)
    except (ClientError, BotoCoreError) as error:
        return PlainTextResponse(f"{explain(error)}\n", HTTPStatus.BAD_GATEWAY)
    return Response(found.content, media_type=found.content_type, headers=_OF_PICTURES)


def delete(here: Served, form: Form) -> Response:
    """Delete the object."""
    bucket, key = _of_form(form, here)
    object_changes.delete(here.catalog.s3, bucket, key)
    return RedirectResponse(key_address(PATH, bucket, key), HTTPStatus.SEE_OTHER)


def undelete(here: Served, form: Form) -> Response:
    """Make the newest version of the object current."""
    bucket, key = _of_form(form, here)
    object_changes.undelete(here.catalog.s3, bucket, key)
    return RedirectResponse(key_address(PATH, bucket, key), HTTPStatus.SEE_OTHER)


def _asks_delete(here: Served, form: Form) -> tuple[str, str]:
    bucket, key = _of_form(form, here)
    return "Delete this object?", f"DeleteObject s3://{bucket}/{key}"


def _asks_undelete(here: Served, form: Form) -> tuple[str, str]:
    bucket, key = _of_form(form, here)
    return "Undelete this object?", f"DeleteObject s3://{bucket}/{key}, its delete marker"


def _named(named: "Mapping[str, str]", here: Served) -> tuple[str, str]:
    bucket, key = named.get("bucket", ""), named.get("key", "")
    if not key:
        raise UserError("the address has no key")
    object_changes.require_in_scope(here.catalog, bucket, key)
    return bucket, key


def _of_form(form: Form, here: Served) -> tuple[str, str]:
    return _named({**form, "key": decoded(form.get("key", ""))}, here)


def _missing() -> Element:
    return e(
        "section",
        e("h1", "One object"),
        e("p", "The ", e("a", "catalog", href=pages.CATALOG), " leads to each.", class_="lead"),
        class_="narrow",
    )


def _path(bucket: str, folder: str) -> Element:
    """Return the way from the bucket to the folder of the object."""
    place = Place(bucket, folder)
    return e(
        "nav",
        e("a", bucket, href=Place(bucket).address(pages.CATALOG)),
        (
            [
                " / ",
                e(
                    "a",
                    e("bdi", name_text(name) or "(empty name)"),
                    href=each.address(pages.CATALOG),
                ),
            ]
            for name, each in place.above()
        ),
        class_="path",
        aria_label="Path",
    )


def _summary(state: KeyState) -> Child:
    row = state.row
    if not row and not state.versions:
        return "It is neither in the catalog nor in the bucket."
    if not state.agree:
        return (
            "Catalog and bucket differ about this key. An event may be on its way: this page "
            "follows it."
        )
    if row and not row.deleted and row.size is not None:
        return f"{filesize.decimal(row.size)} · catalog and bucket agree"
    return "Deleted · catalog and bucket agree"


def _picture(row: Row | None) -> Element | None:
    if row is None or not picture.may_be(row):
        return None
    return e(
        "img",
        src=key_address(PICTURE, row.bucket, row.key),
        alt="Picture of this object",
        class_="picture",
    )


def _actions(here: Served, state: KeyState) -> Element:
    latest = state.versions[0] if state.versions else None
    exists = latest is not None and latest.size is not None
    return e(
        "div",
        e("a", "Its life", href=pages.of_key(state.bucket, state.key), class_="button"),
        _button(here, state, "delete", "Delete") if exists else None,
        class_="row",
    )


def _button(here: Served, state: KeyState, action: str, label: str) -> Element:
    return e(
        "form",
        e("input", type="hidden", name="bucket", value=state.bucket),
        e("input", type="hidden", name="key", value=folder_text(state.key)),
        e("button", label, disabled=here.read_only, class_="go" if action == "undelete" else None),
        method="post",
        action=f"{PATH}/{action}",
    )


def _row(row: Row | None) -> Element:
    return e(
        "section",
        e("h2", "In the catalog"),
        e("dl", ((e("dt", name), e("dd", text)) for name, text in _known(row)), class_="known")
        if row
        else e("p", "There is no row.", class_="empty"),
    )


def _known(row: Row) -> Iterator[tuple[str, str]]:
    """Yield name and value of all that is known by `row`."""
    if row.size is not None:
        yield "size", f"{row.size:,} bytes"
    yield ("deleted" if row.deleted else "changed"), row.event_time
    yield "event", row.event_name
    texts = {
        "etag": row.etag,
        "version": row.version_id,
        "storage class": row.storage_class
        or (None if row.deleted else "STANDARD or not yet known"),
        "restore": "in progress" if row.restore == IN_PROGRESS else row.restore,
        "checksum": row.checksum_algorithm,
        "requester": row.requester,
        "source IP": row.source_ip,
        "sequencer": row.sequencer,
        "looked up in S3": _time(row.asked_at, _MICROSECONDS),
        "healed": _time(row.healed_at, _MICROSECONDS),
        "kept until": _time(row.expires_at, 1),
    }
    yield from ((name, text) for name, text in texts.items() if text)
    if row.inspected:
        for name in row.inspected.__slots__:
            value = getattr(row.inspected, name)
            if value is not None:
                text = f"{value:,}" if isinstance(value, int) else str(value)
                yield name.replace("_", " "), text


def _time(since_1970: int | None, unit: int) -> str | None:
    if since_1970 is None:
        return None
    return timestamp(datetime.fromtimestamp(since_1970 / unit, UTC))


def _versions(here: Served, state: KeyState) -> Element:
    deleted = bool(state.versions) and state.versions[0].size is None
    kept = any(each.size is not None for each in state.versions)
    return e(
        "section",
        e("h2", "Versions in S3"),
        e("ol", map(_version, state.versions), class_="stored")
        if state.versions
        else e("p", "There is none.", class_="empty"),
        e("p", f"The newest {MAX_VERSIONS}.", class_="soft hint")
        if len(state.versions) == MAX_VERSIONS
        else None,
        e(
            "div",
            e("p", "Undelete removes the delete marker: the version below is current again."),
            _button(here, state, "undelete", "Undelete"),
            class_="undelete",
        )
        if deleted and kept
        else None,
    )


def _version(version: Version) -> Element:
    marker = version.size is None
    return e(
        "li",
        e("time", timestamp(version.modified)),
        e("b", "delete marker" if marker else filesize.decimal(version.size or 0)),
        e("span", "current", class_="tag") if version.latest else None,
        e("code", version.version_id),
        class_="marker" if marker else None,
    )


routes = [
    Route(PATH, show),
    Route(PICTURE, show_picture),
    posts.change(f"{PATH}/delete", delete, _asks_delete),
    posts.change(f"{PATH}/undelete", undelete, _asks_undelete),
]
