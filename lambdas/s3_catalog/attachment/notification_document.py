"""The notification configuration of a bucket, as the XML document that S3 sends and accepts.

S3 replaces the whole configuration with each write. An SDK would lose the elements that its model
lacks, so the document stays bytes: one element is inserted or cut out, and every other byte is sent
back as it came.
"""

import re
from dataclasses import dataclass
from typing import Self
from xml.parsers import expat

from s3_catalog.exceptions import MalformedError

_ROOT = "NotificationConfiguration"
_SWITCH = "EventBridgeConfiguration"

_MAX_DEPTH = 32
"""Levels of elements. S3's documents have five."""

_TAG = re.compile(rb"""<(?:[^"'>]|"[^"]*"|'[^']*')*>""")

Element = tuple[str, tuple[tuple[str, str], ...], str, tuple["Element", ...]]
"""Name, attributes, text and child elements. The order of attributes and children, and the space
between elements, do not count: S3 may change them."""


@dataclass(frozen=True, slots=True)
class NotificationDocument:
    """A document in UTF-8. `entries` are the elements of the configuration without the switch.

    `switches` are the places of the elements that switch EventBridge on, as offsets in `content`,
    and `end` is that of the closing tag; the tag of an empty document is both.
    """

    content: bytes
    entries: tuple[Element, ...]
    switches: tuple[tuple[int, int], ...]
    end: int

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Return the document in `content`.

        Raises MalformedError if that is no notification configuration, or has a document type:
        entities could make it grow without limit, and S3 sends none.
        """
        # UTF-16, which the parser would recognise, has them; bytes are inserted as UTF-8.
        if b"\0" in content:
            raise MalformedError("notification configuration is not XML in UTF-8: it has NUL bytes")
        reader = _Reader(content)
        try:
            reader.read()
        except expat.ExpatError as error:
            raise MalformedError(f"notification configuration is not XML: {error}") from error
        return cls(content, tuple(sorted(reader.entries)), tuple(reader.switches), reader.end)

    @property
    def on(self) -> bool:
        """Whether S3 sends the events of the bucket to EventBridge."""
        return bool(self.switches)

    def switched(self, on: bool) -> bytes:
        """Return the document with EventBridge `on` or off, and all else as it is."""
        if on == self.on:
            return self.content
        if on:
            return self._insert(f"<{_SWITCH}/>".encode())
        kept, begin = b"", 0
        for start, end in self.switches:
            kept += self.content[begin:start]
            begin = end
        return kept + self.content[begin:]

    def _insert(self, element: bytes) -> bytes:
        before, closing = self.content[: self.end], self.content[self.end :]
        if closing.startswith(b"</"):
            return before + element + closing
        tag = _tag(self.content, self.end)
        rest = self.content[self.end + len(tag) :]
        return before + tag.removesuffix(b"/>") + b">" + element + f"</{_ROOT}>".encode() + rest


class _Reader:
    """Reads a document, and remembers where the switches are."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.entries: list[Element] = []
        self.switches: list[tuple[int, int]] = []
        self.end = 0
        self._open: list[_Open] = []
        # Whatever encoding a document declares.
        self._parser = expat.ParserCreate("UTF-8")
        self._parser.StartDoctypeDeclHandler = _refuse_document_type
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def read(self) -> None:
        self._parser.Parse(self._content, True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._open and name != _ROOT:
            raise MalformedError(f"not a notification configuration but an element {name[:80]!r}")
        if len(self._open) == _MAX_DEPTH:
            raise MalformedError("notification configuration is nested too deeply")
        place = self._parser.CurrentByteIndex
        self._open.append(_Open(name, tuple(sorted(attributes.items())), [], [], place))

    def _text(self, text: str) -> None:
        self._open[-1].texts.append(text)

    def _end(self, name: str) -> None:
        closed = self._open.pop()
        start, place = closed.place, self._parser.CurrentByteIndex
        # The end of an empty element has no tag of its own.
        if _tag(self._content, start).endswith(b"/>"):
            place = start
        if not self._open:
            self.end = place
        elif len(self._open) == 1 and name == _SWITCH:
            self.switches.append((start, place + len(_tag(self._content, place))))
        else:
            siblings = self.entries if len(self._open) == 1 else self._open[-1].children
            siblings.append(closed.element())


@dataclass(frozen=True, slots=True)
class _Open:
    """An element whose end has not been read; `place` is the offset of its start."""

    name: str
    attributes: tuple[tuple[str, str], ...]
    texts: list[str]
    children: list[Element]
    place: int

    def element(self) -> Element:
        text = "".join(self.texts)
        # Space is part of a value, but not between elements.
        return (
            self.name,
            self.attributes,
            text.strip() if self.children else text,
            tuple(sorted(self.children)),
        )


def _tag(content: bytes, place: int) -> bytes:
    tag = _TAG.match(content, place)
    if not tag:
        raise MalformedError("notification configuration has no tag where its parser found one")
    return tag.group()


def _refuse_document_type(*_declaration: object) -> None:
    raise MalformedError("notification configuration has a document type, which S3 never sends")
