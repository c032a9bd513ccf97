"""Content of any size, made as it is read: for measurements of memory in a process of its own."""

import resource
import sys
from collections.abc import Iterator

from s3_catalog.inspection.inspect_content import inspect_content

ENDLESS: dict[str, tuple[bytes, bytes]] = {
    "string": (b'["', b"a" * 99),
    "escapes": (b'["', b"\\u0041"),
    "objects": (b"[", b'{"a": 1, "b": "two"},'),
    "nested": (b"[", b'{"a": {"b": [1, 2]}},'),
    "record": (b"a,b\n1,", b'"",'),
    "quoted": (b'a,b\n1,"', b"x\n"),
    "line": (b"", b"x"),
    "commas": (b"", b","),
    "blank": (b"", b" \n\n"),
    "returns": (b"", b"\r"),
    "quotes": (b"", b'"\n'),
    "escaped": (b"a,b\n", b'1,"\\"x\\""\n'),
    "literal": (b"a\tb\n", b'1\t"x" y\n'),
    "beginning": (b'"', b"x\n"),
    "bracket": (b"[x],y\n", b"1,2\n"),
    "accent": (b"a" * 5000, b"\xfc\n"),
}
"""Kinds of content: the first bytes, and the bytes that are repeated after them."""


class Endless:
    """A `Source` of about `size` bytes of one of the kinds of content."""

    def __init__(self, kind: str, size: int) -> None:
        self._start, self._part = ENDLESS[kind]
        self._size = size

    @property
    def size(self) -> int:
        return self._size

    def chunks(self) -> Iterator[bytes]:
        yield self._start
        chunk = self._part * (2**20 // len(self._part))
        for _ in range(self._size // len(chunk)):
            yield chunk

    def at(self, offset: int, length: int) -> bytes:
        raise AssertionError(f"{length} bytes of a text were read at {offset}")


def peak() -> int:
    """Return the greatest amount of memory that this process had so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    before = peak()
    found = inspect_content(
        Endless(sys.argv[1], int(sys.argv[2])), f"k.{sys.argv[3]}", "now", lambda: None
    )
    print(peak() - before, found.sha256 is not None, found.error or "")
