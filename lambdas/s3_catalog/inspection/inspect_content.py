"""One pass over the bytes of an object: hash, type, and what its format says about the content."""

import hashlib
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from s3_catalog.exceptions import BrokenError, OutOfTimeError
from s3_catalog.inspection.formats import delimited, images, json_rows, parquet, zip_archive
from s3_catalog.inspection.formats.signatures import HEAD_BYTES, detect_content_type
from s3_catalog.inspection.formats.text import TextScan, decode_start, detect_encoding
from s3_catalog.inspection.source import Source
from s3_catalog.model.inspection_result import InspectionResult

_MAX_ERROR = 300
"""Characters of an error that are kept."""

_BUGS = (ArithmeticError, LookupError, RecursionError, TypeError, ValueError, struct.error)
"""The errors of a parser that does not expect the content."""

_JSON_LINES = (".jsonl", ".ndjson")
_JSON = (".json", ".geojson", *_JSON_LINES)
_TABLES = {".csv": "text/csv", ".tsv": "text/tab-separated-values"}

_HTML = ("<!doctype html", "<html", "<head", "<title", "<body", "<script")
"""What a page begins with, perhaps behind comments (of those in "MIME Sniffing", WHATWG)."""


def inspect_content(
    source: Source, key: str, now: str, check_deadline: Callable[[], None]
) -> InspectionResult:
    """Return what `source`, the object with the name `key`, contains.

    `now` becomes the `inspected_at` of the result (ISO 8601). `check_deadline` is called before
    each chunk; an OutOfTimeError that it raises becomes the `error` of the result, as does content
    that is broken or unexpected. Other exceptions of `check_deadline` and those of `source` are
    raised: they say nothing about the content.
    """
    found = InspectionResult(inspected_at=now)
    stream = _Stream(source, check_deadline)
    try:
        head = stream.head()
        content_type = detect_content_type(head, source)
        if content_type is None:
            found = _inspect_text(found, stream, head, key)
        else:
            details = _inspect_binary(source, content_type, head, stream)
            found = replace(found, **({"content_type": content_type} | details))
        stream.drain()
    except OutOfTimeError:
        error = f"out of time after {stream.passed:,} of {source.size:,} bytes"
        return replace(found, error=error)
    return replace(found, sha256=stream.sha256())


class _Stream:
    """The chunks of a source, read once, all of them hashed; `head` peeks at the first bytes."""

    def __init__(self, source: Source, check_deadline: Callable[[], None]) -> None:
        self._hash = hashlib.sha256()
        self._check_deadline = check_deadline
        self._chunks = self._read(source)
        self.passed = 0
        self.size = source.size
        self.failed = False

    def _read(self, source: Source) -> Iterator[bytes]:
        chunks = source.chunks()
        while True:
            try:
                self._check_deadline()
                chunk = next(chunks, None)
            except BaseException:
                self.failed = True
                raise
            if chunk is None:
                return
            self._hash.update(chunk)
            self.passed += len(chunk)
            yield chunk

    def head(self) -> bytes:
        first = b""
        while len(first) < HEAD_BYTES and (chunk := next(self._chunks, None)) is not None:
            first += chunk
        self._chunks = chain([first] if first else [], self._chunks)
        # What comes of it must not depend on the size of the chunks.
        return first[:HEAD_BYTES]

    def chunks(self) -> Iterator[bytes]:
        return self._chunks

    def drain(self) -> None:
        for _ in self._chunks:
            pass

    def sha256(self) -> str:
        return self._hash.hexdigest()


def _guarded(stream: _Stream, parse: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return the result of `parse`, or the error that the content causes in it."""
    try:
        return parse()
    except BrokenError as error:
        return {"error": str(error)[:_MAX_ERROR]}
    except UnicodeDecodeError as error:
        return {"error": f"invalid {error.encoding}: {error.reason}"[:_MAX_ERROR]}
    except _BUGS as error:
        if stream.failed:
            raise
        # A bug in a parser. It is recorded, or the object would be inspected again and again; the
        # tests fail on this prefix.
        return {"error": f"unexpected {type(error).__name__}: {error}"[:_MAX_ERROR]}


def _inspect_binary(
    source: Source, content_type: str, head: bytes, stream: _Stream
) -> dict[str, Any]:
    def parse() -> dict[str, Any]:
        if content_type in images.READERS:
            width, height, taken = images.read_header(source, content_type)
            return {"width": width, "height": height, "taken": taken}
        if content_type == "application/vnd.apache.parquet":
            columns, rows = parquet.read_footer(source)
            return {"columns": columns, "rows": rows}
        if head.startswith(b"PK"):
            more = zip_archive.check_directory(source)
            if content_type == zip_archive.ZIP and more:
                return {"content_type": more}
        return {}

    return _guarded(stream, parse)


def _inspect_text(
    found: InspectionResult, stream: _Stream, head: bytes, key: str
) -> InspectionResult:
    if not head:
        return replace(found, content_type="application/x-empty")
    name = key.lower()
    table = name.endswith(tuple(_TABLES))
    encoding = detect_encoding(head, whole=stream.size <= len(head), table=table)
    if encoding is None:
        return replace(found, content_type="application/octet-stream")
    scan = TextScan(encoding)
    text = scan.decoded(stream.chunks())
    details = _parse_text(stream, text, decode_start(head, encoding), name)
    # A parser stops at the first error; lines and encoding are those of the whole text.
    details |= _guarded(stream, lambda: _finish(scan, text))
    if scan.changed or scan.error:
        # The fields were told apart in another encoding, or some of them could not be decoded.
        details |= {"columns": None, "rows": None}
    found = replace(found, **details)
    if scan.error:
        return found
    return replace(found, encoding=scan.encoding, lines=scan.lines)


def _parse_text(stream: _Stream, text: Iterator[str], start: str, name: str) -> dict[str, Any]:
    """Return the type of a text, and its columns and rows or its error.

    `start` is its beginning, without white space before it. What the text is comes before what its
    name says: pages of errors are often stored under the name of the data that was expected.
    """
    markup = _markup_type(start)
    if markup:
        return {"content_type": markup}
    for suffix, table in _TABLES.items():
        if name.endswith(suffix):
            return _parse_table(stream, text, start, table)
    named_json = name.endswith(_JSON)
    if named_json or start[:1] in {"{", "["}:
        details = _guarded(stream, lambda: _count_json_rows(text, lines=name.endswith(_JSON_LINES)))
        error = details.get("error")
        if named_json or not error:
            return {"content_type": "application/json"} | details
        # Many plain texts begin with a bracket: without the suffix, an error means "no JSON".
        return {"content_type": "text/plain"} | _unexpected(details)
    return {"content_type": "text/plain"}


def _parse_table(stream: _Stream, text: Iterator[str], start: str, table: str) -> dict[str, Any]:
    """Return the type of a text with the name of a table: `table`, or JSON."""
    tabs = table == _TABLES[".tsv"]
    count = delimited.count_tab_records if tabs else delimited.count_records
    if start[:1] not in {"{", "["}:
        return {"content_type": table} | _guarded(stream, lambda: _numbers(count(text)))
    # A header may begin with a bracket, too: the records are counted while JSON is checked.
    counter = delimited.RecordCounter(tabs=tabs)
    passing = counter.passing(text)
    details = _guarded(stream, lambda: _count_json_rows(passing, lines=False))
    if not details.get("error") or _unexpected(details):
        return {"content_type": "application/json"} | details

    def finish() -> dict[str, Any]:
        for _ in passing:
            pass
        return _numbers(counter.finish())

    return {"content_type": table} | _guarded(stream, finish)


def _markup_type(start: str) -> str | None:
    if start.startswith("<?xml"):
        return "text/xml"
    while start.startswith("<!--"):
        _, _, start = start.partition("-->")
        start = start.lstrip()
    start = start[:100].lower()
    for tag in _HTML:
        if start.startswith(tag) and start[len(tag) : len(tag) + 1] in {*" \t\r\n\f/>", ""}:
            return "text/html"
    return None


def _unexpected(details: dict[str, Any]) -> dict[str, Any]:
    """Return `details` if their error is a bug in a parser, and else none."""
    return details if str(details.get("error")).startswith("unexpected") else {}


def _finish(scan: TextScan, text: Iterator[str]) -> dict[str, Any]:
    for _ in text:
        pass
    if scan.error:
        # A parser met it: its pieces end there.
        raise scan.error
    return {}


def _numbers(counted: tuple[int, int]) -> dict[str, Any]:
    columns, rows = counted
    return {"columns": columns, "rows": rows}


def _count_json_rows(text: Iterator[str], *, lines: bool) -> dict[str, Any]:
    rows, several = json_rows.count_rows(text, lines=lines)
    content_type = "application/x-ndjson" if several else "application/json"
    return {"rows": rows, "content_type": content_type}
