"""The bytes of one version of an object in S3: all reads are of that version."""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import TYPE_CHECKING

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    IncompleteReadError,
    ResponseStreamingError,
)
from urllib3.exceptions import SSLError

from s3_catalog.exceptions import ArchivedError, GoneError

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import GetObjectRequestTypeDef

    from s3_catalog.model.row import Row

_CHUNK = 2**20
_WINDOW = 2**16
"""Bytes of a read at least: parsers of headers read many small pieces."""

_MAX_FAILURES = 5
"""Consecutive reads that may fail without a byte received."""

_GONE = {
    "404",
    "412",
    "416",
    "InvalidRange",
    "MethodNotAllowed",
    "NoSuchKey",
    "NoSuchVersion",
    "PreconditionFailed",
}
"""S3's error codes when the object is missing, replaced, or behind a delete marker."""


class StoredBytes:
    """The bytes of the object of `row`, identified by its version id, or else by its ETag.

    After a broken connection, reading resumes where it broke. Each method raises GoneError,
    ArchivedError, or botocore's ClientError or BotoCoreError when S3 does not answer. `pause` is
    `time.sleep`, called with seconds before a read is retried.
    """

    def __init__(
        self, client: "S3Client", row: "Row", pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._pause = pause
        self._object: GetObjectRequestTypeDef = {"Bucket": row.bucket, "Key": row.key}
        if row.version_id is not None:
            self._object["VersionId"] = row.version_id
        else:
            self._object["IfMatch"] = f'"{row.etag}"'
        self._size = row.size or 0
        self._window = 0, b""

    @property
    def size(self) -> int:
        """The number of bytes."""
        return self._size

    def chunks(self) -> Iterator[bytes]:
        """Yield all bytes in order, in pieces of at most 1 MiB."""
        return self._read(0, self._size)

    def between(self, start: int, end: int) -> Generator[bytes, None, None]:
        """Yield the bytes from `start` up to `end`, in pieces of at most 1 MiB; thread-safe."""
        return self._read(start, end)

    def at(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset`, or as many as there are."""
        end = min(offset + length, self._size)
        start, window = self._window
        if not (start <= offset and end <= start + len(window)):
            start = offset
            window = b"".join(self._read(start, min(max(end, start + _WINDOW), self._size)))
            self._window = start, window
        return window[offset - start : max(end - start, 0)]

    def _read(self, start: int, end: int) -> Generator[bytes, None, None]:
        failures = 0
        while start < end:
            before = start
            try:
                with closing(self._get(start, end)) as body:
                    for chunk in _chunks(body):
                        start += len(chunk)
                        failures = 0
                        yield chunk
                if start == before:
                    raise IncompleteReadError(actual_bytes=0, expected_bytes=end - start)
            except BotoCoreError:
                failures += 1
                if failures > _MAX_FAILURES:
                    raise
                self._pause(0.1 * 2**failures)

    def _get(self, start: int, end: int) -> "StreamingBody":
        try:
            request: GetObjectRequestTypeDef = {**self._object, "Range": f"bytes={start}-{end - 1}"}
            reply = self._client.get_object(**request)
        except ClientError as error:
            code = error.response["Error"].get("Code", "")
            if code in _GONE:
                raise GoneError(code) from error
            if code == "InvalidObjectState":
                raise ArchivedError(code) from error
            raise
        # A server may ignore the range and send the whole object: those would be the wrong bytes.
        length = reply["ContentLength"]
        if length != end - start:
            reply["Body"].close()
            raise IncompleteReadError(actual_bytes=length, expected_bytes=end - start)
        return reply["Body"]


def _chunks(body: "StreamingBody") -> Iterator[bytes]:
    try:
        yield from body.iter_chunks(_CHUNK)
    except SSLError as error:
        # A TLS record that is broken. botocore makes errors of its own of urllib3's others only.
        raise ResponseStreamingError(error=error) from error
