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
    # XML without a mark begins with "<?" in its encoding (XML 1.0, appendix F).
    ("<?".encode("utf-16-le"), "utf-16-le"),
    ("<?".encode("utf-16-be"), "utf-16-be"),
)

_BINARY = bytes({*range(32)} - {*b"\t\n\f\r\x1b\b"})
"""Control characters that do not occur in text in ASCII or an extension of it."""

_TEXT_PER_CONTROL = 100
_TABLE_PER_CONTROL = 20
"""Bytes of a text, and of a table, for each stray control character that they may have."""

UNKNOWN = "unknown-8bit"
"""Text in an 8-bit encoding that its bytes do not identify, such as one of ISO 8859."""


def is_text(head: bytes, *, table: bool = False) -> bool:
    """Return whether the first bytes `head` are of text in ASCII or an extension of it.

    A stray control character does not make a text binary, and NUL does not make a table so: damaged
    fields of exports have them.
    """
    controls = len(head) - len(head.translate(None, _BINARY))
    if table:
        return controls <= max(1, len(head) // _TABLE_PER_CONTROL)
    return controls <= len(head) // _TEXT_PER_CONTROL and b"\0" not in head


def detect_encoding(head: bytes, *, whole: bool, table: bool = False) -> str | None:
    """Return the encoding by the first bytes `head`, or None if they are binary.

    A byte order mark decides. Without one, valid UTF-8 is UTF-8: other bytes are rarely valid by
    chance. Older encodings cannot be told apart by their bytes: `UNKNOWN`. `whole` means that
    `head` is the whole content; otherwise it may end within a character. `table` means that the
    name of the content is that of a table.
    """
    for mark, name in _MARKS:
        if head.startswith(mark):
            # Of two bytes, a mark may be there by chance: no text has the character NUL.
            return None if "\0" in decode_start(head, name) else name
    if not is_text(head, table=table):
        return None
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, whole)
    except UnicodeDecodeError:
        return UNKNOWN
    return "utf-8"


def decode_start(head: bytes, encoding: str) -> str:
    """Return the text in `head`, without white space before it."""
    decoder = codecs.getincrementaldecoder(_decodable(encoding))(errors="ignore")
    return decoder.decode(head).lstrip("\ufeff \t\r\n\f")


_PART = 2**17
"""Bytes that are decoded at once. Larger texts leave the processor's cache between two steps, and
their memory goes back to the system after each."""


class TextScan:
    """Decodes a text, counts its lines, and checks that it is valid in its encoding.

    UTF-8 that is not valid later on is in an unknown encoding, as a whole.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._decoder = codecs.getincrementaldecoder(_decodable(name))()
        self._ascii = True
        self._lines = 0
        self._open = False
        self._carriage_returns = False
        self.error: UnicodeDecodeError | None = None
        self.changed = False
        """Whether the encoding turned out to be another one than the first bytes have."""

    def decoded(self, chunks: Iterable[bytes]) -> Iterator[str]:
        """Yield the text in `chunks`. Raises UnicodeDecodeError where a marked one is invalid."""
        for chunk in chain(_parts(chunks), [b""]):
            self._ascii = self._ascii and chunk.isascii()
            try:
                text = self._decoder.decode(chunk, not chunk)
            except UnicodeDecodeError as error:
                if self._name != "utf-8":
                    self.error = error
                    raise
                text = self._change(chunk)
            self._lines += text.count("\n")
            if not self._lines:
                self._carriage_returns = self._carriage_returns or "\r" in text
            if text:
                self._open = not text.endswith("\n")
                yield text

    def _change(self, chunk: bytes) -> str:
        """Continue in an unknown encoding, from the bytes that are not decoded yet."""
        waiting, _ = self._decoder.getstate()
        self._name, self.changed = UNKNOWN, True
        self._decoder = codecs.getincrementaldecoder(_decodable(UNKNOWN))()
        return self._decoder.decode(waiting + chunk)

    @property
    def encoding(self) -> str:
        """The encoding of the text so far: ASCII until another character comes."""
        if self._name == "utf-8" and self._ascii:
            return "ascii"
        return "utf-16" if self._name.startswith("utf-16") else self._name

    @property
    def lines(self) -> int | None:
        """The number of lines so far; a last one without a line feed counts.

        None if lines end with carriage returns alone: what a line is depends on the reader.
        """
        if not self._lines and self._carriage_returns:
            return None
        return self._lines + self._open


def _parts(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), _PART):
            yield chunk[start : start + _PART]


def _decodable(name: str) -> str:
    # Latin-1 decodes every byte, and keeps line feeds and commas.
    return "latin-1" if name == UNKNOWN else name
