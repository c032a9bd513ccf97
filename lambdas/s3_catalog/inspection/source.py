"""The bytes to be inspected: of known size, read in order or at an offset."""

from collections.abc import Iterator
from typing import Protocol


class Source(Protocol):
    """The bytes of one version of an object."""

    @property
    def size(self) -> int:
        """The number of bytes."""

    def chunks(self) -> Iterator[bytes]:
        """Yield all bytes in order, in pieces of at most 1 MiB."""

    def at(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset`, or as many as there are."""


def tail(source: Source, length: int) -> bytes:
    """Return the last `length` bytes of `source`, or all, if it has fewer."""
    length = min(length, source.size)
    return source.at(source.size - length, length) if length else b""
