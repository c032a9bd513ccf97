"""Uploading an object as its bytes come: never more than one part of it is in memory."""

import re
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from anyio import CancelScope
from botocore.exceptions import ClientError
from starlette.concurrency import run_in_threadpool

from reinventure.errors import UserError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef

PART_BYTES = 8 * 1024 * 1024
"""Of a multipart upload; smaller objects are put as a whole. S3 takes 5 MiB at least."""

MAX_BYTES = 5 * 1024**3
"""Of an object that is uploaded from here. The AWS CLI sends larger ones in parallel parts."""

_MEDIA_TYPE = re.compile(r"[\w.+-]{1,80}/[\w.+-]{1,80}", re.ASCII)
"""A content type that is passed on to S3 (RFC 6838, 4.2)."""

_EXISTS = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
"""Error codes of S3 for a conditional write."""


class ExistsError(UserError):
    """There is an object with this key, and the upload is not to overwrite one."""


async def upload(
    client: "S3Client",
    bucket: str,
    key: str,
    body: AsyncIterator[bytes],
    length: int,
    *,
    content_type: str = "",
    overwrite: bool = False,
) -> None:
    """Write the `length` bytes of `body` as the object `key`.

    It is there as a whole, or not at all. Raises ExistsError unless it may `overwrite`, UserError
    if `body` has another length, and botocore's ClientError or BotoCoreError.
    """
    named: dict[str, Any] = {"Bucket": bucket, "Key": key}
    condition: dict[str, Any] = {} if overwrite else {"IfNoneMatch": "*"}
    typed: dict[str, Any] = {}
    if _MEDIA_TYPE.fullmatch(content_type):
        typed["ContentType"] = content_type
    parts = _parts(body, length)
    try:
        if length <= PART_BYTES:
            content = await anext(parts, b"")
            request = {**named, **typed, **condition, "Body": content}
            await run_in_threadpool(client.put_object, **request)
        else:
            await _in_parts(client, named, typed, condition, parts)
    except ClientError as error:
        if error.response["Error"].get("Code") in _EXISTS:
            raise ExistsError("there is an object with this key") from None
        raise


async def _in_parts(
    client: "S3Client",
    named: dict[str, Any],
    typed: dict[str, Any],
    condition: dict[str, Any],
    parts: AsyncIterator[bytes],
) -> None:
    made = await run_in_threadpool(client.create_multipart_upload, **named, **typed)
    named = {**named, "UploadId": made["UploadId"]}
    sent: list[CompletedPartTypeDef] = []
    try:
        async for content in parts:
            number = len(sent) + 1
            reply = await run_in_threadpool(
                client.upload_part, **named, PartNumber=number, Body=content
            )
            sent.append({"ETag": reply["ETag"], "PartNumber": number})
        await run_in_threadpool(
            client.complete_multipart_upload,
            **named,
            **condition,
            MultipartUpload={"Parts": sent},
        )
    except BaseException:
        # Parts that stay have a price. Also when the browser is gone, or the console is stopped.
        with CancelScope(shield=True):
            await run_in_threadpool(client.abort_multipart_upload, **named)
        raise


async def _parts(body: AsyncIterator[bytes], length: int) -> AsyncIterator[bytes]:
    """Yield `body` in parts of `PART_BYTES`. Raises UserError if it has not `length` bytes."""
    part, whole = bytearray(), 0
    async for chunk in body:
        part += chunk
        whole += len(chunk)
        if whole > length:
            break
        # The last part comes below, once the length is certain.
        while len(part) > PART_BYTES:
            yield bytes(part[:PART_BYTES])
            del part[:PART_BYTES]
    if whole != length:
        raise UserError(f"the upload has not the {length:,} bytes that it was to have")
    if part:
        yield bytes(part)
