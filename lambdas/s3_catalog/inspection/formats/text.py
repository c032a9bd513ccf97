"""Encoding and lines of a text, chunk by chunk."""

import codecs
from collections.abc import Iterable, Iterator
from itertools import chain

_MARKS: tuple[tuple[bytes, str], ...] = (
    # In this order: the mark of UTF-16 begins that of UTF-32.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_BINARY = bytes({*range(32)} - {*b"\t\n\f\r\x1b\b"})
"""Bytes that no text in ASCII or an extension of it has."""

UNKNOWN = "unknown-8bit"
"""Text in an encoding that its bytes do not tell, such as one of ISO 8859."""


def encoding(head: bytes, *, whole: bool) -> str | None:
    """Return the encoding that the first bytes of a text speak for, or None if it is no text.

    A mark of Unicode says it. Else it is UTF-8, if it is valid: bytes that are not meant so hardly
    ever are. Which of the older encodings it is, only a guess could tell, and none is made.
    `whole` is whether there are no bytes after `head`, which may otherwise end within a character.
    """
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if head.translate(None, _BINARY) != head:
        return None
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, whole)
    except UnicodeDecodeError:
        return UNKNOWN
    return "utf-8"


class TextScan:
    """Counts the lines of a text, and decodes it to see whether it keeps to its encoding."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._decoder = codecs.getincrementaldecoder(_decodable(name))()
        self._ascii = True
        self._lines = 0
        self._open = False
        self.valid = True

    def decoded(self, chunks: Iterable[bytes]) -> Iterator[str]:
        """Yield the text in `chunks`. Raises UnicodeDecodeError when it leaves its encoding."""
        for chunk in chain(chunks, [b""]):
            self._ascii = self._ascii and chunk.isascii()
            try:
                text = self._decoder.decode(chunk, not chunk)
            except UnicodeDecodeError:
                self.valid = False
                raise
            self._lines += text.count("\n")
            if text:
                self._open = not text.endswith("\n")
                yield text

    @property
    def encoding(self) -> str:
        """The encoding so far: ASCII until something else comes."""
        return "ascii" if self._ascii and self._name == "utf-8" else self._name

    @property
    def lines(self) -> int:
        """The lines so far; a last one without a line feed counts."""
        return self._lines + self._open


def _decodable(name: str) -> str:
    # Latin-1 takes every byte, and leaves line feeds and commas where they are.
    return "latin-1" if name == UNKNOWN else name
