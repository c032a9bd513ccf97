"""Reads of an object resume after broken connections, and are all of one version."""

import io
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import urllib3
from botocore.exceptions import IncompleteReadError, ReadTimeoutError
from botocore.response import StreamingBody

from s3_catalog.inspection.stored_bytes import StoredBytes
from tests.doubles import row


class Flaky:
    """S3 whose connections break after `max_bytes`; the first `failures` before any byte."""

    def __init__(self, content: bytes, max_bytes: int, failures: int = 0) -> None:
        self._content, self._max_bytes, self._failures = content, max_bytes, failures
        self.requests: list[Any] = []

    def get_object(self, **request: Any) -> Any:
        self.requests.append(request)
        start, end = map(int, request["Range"].removeprefix("bytes=").split("-"))
        body = SimpleNamespace(close=lambda: None, iter_chunks=self._chunks(start, end + 1))
        return {"Body": body, "ContentLength": end + 1 - start}

    def _chunks(self, start: int, end: int) -> Callable[[int], Iterator[bytes]]:
        def chunks(_: int) -> Iterator[bytes]:
            if len(self.requests) > self._failures:
                yield self._content[start : min(end, start + self._max_bytes)]
            if end - start > self._max_bytes:
                raise ReadTimeoutError(endpoint_url="s3")

        return chunks


CONTENT = bytes(range(256)) * 40


def stored(client: Any, version_id: str | None, pauses: list[float] | None = None) -> StoredBytes:
    """Return the source for an object with `CONTENT`; `pauses` gets the seconds of each pause."""
    of_object = row(size=len(CONTENT), etag="e", version_id=version_id)
    return StoredBytes(client, of_object, ([] if pauses is None else pauses).append)


def test_reading_resumes_where_a_connection_broke() -> None:
    client = Flaky(CONTENT, max_bytes=1000, failures=2)
    pauses: list[float] = []
    source = stored(client, None, pauses)
    assert b"".join(source.chunks()) == CONTENT
    assert {request["IfMatch"] for request in client.requests} == {'"e"'}
    assert client.requests[3]["Range"] == "bytes=1000-10239"
    assert len(pauses) == len(client.requests) - 1


class Broken(io.BytesIO):
    """The body of a response, of which a read behind the first thousand bytes raises `error`."""

    def __init__(self, content: bytes, error: Exception) -> None:
        super().__init__(content)
        self._error = error

    def read(self, _: int | None = None) -> bytes:
        if self.tell():
            raise self._error
        return super().read(1000)


@pytest.mark.parametrize(
    "error",
    [
        urllib3.exceptions.ProtocolError("Connection broken"),
        # botocore lets it pass.
        urllib3.exceptions.SSLError("decryption failed or bad record mac"),
    ],
)
def test_each_error_of_urllib3_is_a_broken_connection(error: Exception) -> None:
    class Cloud:
        def get_object(self, **request: Any) -> Any:
            start = int(request["Range"].removeprefix("bytes=").partition("-")[0])
            rest = CONTENT[start:]
            body = StreamingBody(Broken(rest, error), len(rest))
            return {"Body": body, "ContentLength": len(rest)}

    assert b"".join(stored(Cloud(), "v1").chunks()) == CONTENT


def test_small_reads_share_a_request_for_the_version() -> None:
    client = Flaky(CONTENT, max_bytes=2**30)
    source = stored(client, "v1")
    assert [source.at(at, 7) for at in (0, 300, 10_238, 10_240)] == [
        CONTENT[at : at + 7] for at in (0, 300, 10_238, 10_240)
    ]
    [request] = client.requests
    assert request["VersionId"] == "v1"
    assert "IfMatch" not in request


def test_the_sixth_failure_in_a_row_is_raised() -> None:
    pauses: list[float] = []
    client = Flaky(CONTENT, max_bytes=2**30, failures=5)
    assert b"".join(stored(client, None, pauses).chunks()) == CONTENT
    assert pauses == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2])

    dead = Flaky(CONTENT, max_bytes=1000, failures=99)
    with pytest.raises(ReadTimeoutError):
        list(stored(dead, None).chunks())
    assert len(dead.requests) == 6


def test_a_reply_with_another_range_is_not_used() -> None:
    class IgnoresRange(Flaky):
        def get_object(self, **request: Any) -> Any:
            return super().get_object(**{**request, "Range": "bytes=0-10239"})

    source = stored(IgnoresRange(CONTENT, max_bytes=2**30), "v")
    assert b"".join(source.chunks()) == CONTENT
    with pytest.raises(IncompleteReadError):
        list(source.between(1, len(CONTENT)))
