"""Encoding and lines of a text, chunk by chunk."""

import codecs
from collections.abc import Iterable, Iterator
from itertools import chain

_MARKS: tuple[tuple[bytes, str], ...] = (
    # UTF-32 first: its byte order mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_BINARY = bytes({*range(32)} - {*b"\t\n\f\r\x1b\b"})
"""Control characters that do not occur in text in ASCII or an extension of it."""

UNKNOWN = "unknown-8bit"
"""Text in an 8-bit encoding that its bytes do not identify, such as one of ISO 8859."""


def detect_encoding(head: bytes, *, whole: bool) -> str | None:
    """Return the encoding by the first bytes `head`, or None if they are binary.

    A byte order mark decides. Without one, valid UTF-8 is UTF-8: other bytes are rarely valid by
    chance. Older encodings cannot be told apart by their bytes: `UNKNOWN`. `whole` means that
    `head` is the whole content; otherwise it may end within a character.
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
    """Decodes a text, counts its lines, and checks that it is valid in its encoding."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._decoder = codecs.getincrementaldecoder(_decodable(name))()
        self._ascii = True
        self._lines = 0
        self._open = False
        self.valid = True

    def decoded(self, chunks: Iterable[bytes]) -> Iterator[str]:
        """Yield the text in `chunks`. Raises UnicodeDecodeError at the first invalid bytes."""
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
        """The encoding of the text so far: ASCII until another character comes."""
        return "ascii" if self._ascii and self._name == "utf-8" else self._name

    @property
    def lines(self) -> int:
        """The number of lines so far; a last one without a line feed counts."""
        return self._lines + self._open


def _decodable(name: str) -> str:
    # Latin-1 decodes every byte, and keeps line feeds and commas.
    return "latin-1" if name == UNKNOWN else name
