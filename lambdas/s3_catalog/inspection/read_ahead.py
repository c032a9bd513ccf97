"""Read-ahead of a large object onto a scratch volume."""

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryFile
from threading import Event
from typing import BinaryIO, Protocol

from s3_catalog.inspection.source import Source

PART = 64 * 2**20
"""Bytes of a part: one GET request each."""

CONNECTIONS = 8
"""Parts that are fetched at the same time. S3 sends some 90 MB/s on each connection ("Performance
Guidelines for Amazon S3")."""

MAX_PARTS_AHEAD = 32
"""Parts on the scratch volume at most: 2 GiB."""

_CHUNK = 2**20


class PartedSource(Source, Protocol):
    """A source whose parts several threads may read."""

    def between(self, start: int, end: int) -> Generator[bytes, None, None]:
        """Yield the bytes from `start` up to `end`, in pieces of at most 1 MiB."""


class ReadAhead:
    """The bytes of `source`, fetched in parallel parts into files in `directory`.

    One connection is slower than the network of an instance, and slower than hashing. Parts wait on
    the volume, so memory use stays the same. The files have no names: the system removes them,
    however the process ends. The methods raise what those of `source` raise, and OSError when the
    volume is full or broken.
    """

    def __init__(self, source: PartedSource, directory: Path) -> None:
        self._source = source
        self._directory = directory

    @property
    def size(self) -> int:
        """The number of bytes."""
        return self._source.size

    def at(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset`, or as many as there are."""
        return self._source.at(offset, length)

    def chunks(self) -> Iterator[bytes]:
        """Yield all bytes in order, in pieces of at most 1 MiB."""
        starts = iter(range(0, self.size, PART))
        parts: deque[Future[BinaryIO]] = deque()
        abandoned = Event()
        pool = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="part")
        try:
            while True:
                while len(parts) < MAX_PARTS_AHEAD and (start := next(starts, None)) is not None:
                    parts.append(pool.submit(self._fetch, start, abandoned))
                if not parts:
                    return
                with parts.popleft().result() as part:
                    while chunk := part.read(_CHUNK):
                        yield chunk
        finally:
            abandoned.set()
            pool.shutdown(cancel_futures=True)
            for unread in parts:
                if not unread.cancelled() and unread.exception() is None:
                    unread.result().close()

    def _fetch(self, start: int, abandoned: Event) -> BinaryIO:
        """Return a file with the part from `start`, at its beginning; less if `abandoned`."""
        part = TemporaryFile(dir=self._directory)  # noqa: SIM115 (the reader closes it)
        try:
            with closing(self._source.between(start, min(start + PART, self.size))) as chunks:
                for chunk in chunks:
                    if abandoned.is_set():
                        break
                    part.write(chunk)
            part.seek(0)
        except BaseException:
            part.close()
            raise
        return part
