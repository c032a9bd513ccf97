"""The route of uploads: the drop zone of the catalog sends one request of each file."""

import asyncio
from http import HTTPStatus

from botocore.exceptions import BotoCoreError, ClientError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reinventure.aws.connection import explain
from reinventure.console import object_changes, pages
from reinventure.console.place import key_address
from reinventure.console.served import served
from reinventure.console.upload import MAX_BYTES, ExistsError, upload
from reinventure.errors import UserError
from s3_catalog.model import object_key

PATH = "/upload"

_SLOTS = asyncio.Semaphore(4)
"""Uploads at the same time. Further ones wait, with nothing of them in memory."""


class RefusedError(UserError):
    """An upload that is refused before anything is sent, with the status of the answer."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def exists(request: Request) -> Response:
    """Answer whether the catalog has an object with this key, before a large file is sent."""
    try:
        bucket, key = _named(request)
        row = served(request).catalog.store().read(bucket, key)
    except (UserError, ClientError, BotoCoreError) as error:
        return _problem(error)
    return JSONResponse({"exists": row is not None and not row.deleted})


async def put(request: Request) -> Response:
    """Write the body of the request as an object. The answer is JSON: its address, or a problem."""
    catalog = served(request).catalog
    try:
        bucket, key = _named(request)
        length = _length(request)
        _require_confirmed(request)
        async with _SLOTS:
            await upload(
                catalog.s3,
                bucket,
                key,
                request.stream(),
                length,
                content_type=request.headers.get("content-type", ""),
                overwrite=request.query_params.get("overwrite") == "yes",
            )
    except ClientDisconnect:
        # Nobody reads the answer.
        return _problem(UserError("the upload was cancelled"))
    except (UserError, ClientError, BotoCoreError) as error:
        return _problem(error)
    return JSONResponse({"href": key_address(pages.OBJECT, bucket, key)}, HTTPStatus.CREATED)


def _named(request: Request) -> tuple[str, str]:
    """Return bucket and key of a request. Raises UserError."""
    bucket = request.query_params.get("bucket", "")
    try:
        key = object_key.check(request.query_params.get("key", ""))
    except ValueError as error:
        raise UserError(str(error)) from None
    object_changes.require_in_scope(served(request).catalog, bucket, key)
    return bucket, key


def _length(request: Request) -> int:
    """Return the bytes of the body, by its header. Raises RefusedError."""
    text = request.headers.get("content-length", "")
    if not (text.isascii() and text.isdigit()):
        raise RefusedError(HTTPStatus.LENGTH_REQUIRED, "the upload has no Content-Length")
    if int(text) > MAX_BYTES:
        raise RefusedError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"the file has more than {MAX_BYTES // 1024**3} GiB: upload it with the AWS CLI",
        )
    return int(text)


def _require_confirmed(request: Request) -> None:
    if not served(request).local and request.query_params.get("confirmed") != "yes":
        raise RefusedError(
            HTTPStatus.PRECONDITION_REQUIRED, "an upload to an account must be confirmed"
        )


def _problem(error: UserError | ClientError | BotoCoreError) -> Response:
    """Return the answer to a request that failed with `error`."""
    match error:
        case RefusedError():
            status = error.status
        case ExistsError():
            status = HTTPStatus.CONFLICT
        case UserError():
            status = HTTPStatus.BAD_REQUEST
        case _:
            status = HTTPStatus.BAD_GATEWAY
    reason = str(error) if isinstance(error, UserError) else explain(error)
    return JSONResponse({"problem": f"{reason[:1].upper()}{reason[1:]}."}, status)


routes = [Route(PATH, exists), Route(PATH, put, methods=["PUT"])]
