"""One pass over the bytes of an object, and what it tells."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from s3_catalog.inspection.formats import delimited, images, parquet, signatures
from s3_catalog.inspection.formats import json_rows as jsons
from s3_catalog.inspection.formats import zip_archive as archives
from s3_catalog.inspection.formats.text import TextScan, encoding
from s3_catalog.inspection.source import BrokenError, Source
from s3_catalog.model.inspection_result import InspectionResult

_MAX_ERROR = 300
"""Characters of an error that are kept."""

_JSON_LINES = (".jsonl", ".ndjson")
_JSON = (".json", ".geojson", *_JSON_LINES)


class OutOfTimeError(Exception):
    """The time for one object is over. What was found until then is recorded."""


def inspect(source: Source, key: str, now: str, tick: Callable[[], None]) -> InspectionResult:
    """Return what `source`, the object named `key`, contains; `now` is kept as the time of it.

    Content that is broken, or that no parser is prepared for, is an `error` of the result. `tick`
    is called before each chunk: OutOfTimeError from it is recorded as well, all else it or the
    source raises comes out of here, and says nothing about the content.
    """
    found = InspectionResult(inspected_at=now)
    stream = _Stream(source, tick)
    try:
        head = stream.head()
        kind = signatures.content_type(head)
        if kind is None:
            found = _text(found, stream, head, key)
        else:
            found = replace(found, content_type=kind, **_structure(source, kind, stream))
        stream.drain()
    except OutOfTimeError:
        at = f"{stream.passed:,} of {source.size:,} bytes"
        return replace(found, error=f"gave up after {at}: out of time")
    return replace(found, sha256=stream.sha256())


class _Stream:
    """The chunks of a source, once, all of them hashed; `head` can be looked at before."""

    def __init__(self, source: Source, tick: Callable[[], None]) -> None:
        self._hash = hashlib.sha256()
        self._tick = tick
        self._chunks = self._read(source)
        self.passed = 0
        self.size = source.size
        self.failed = False

    def _read(self, source: Source) -> Iterator[bytes]:
        chunks = source.chunks()
        while True:
            try:
                self._tick()
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
        while len(first) < signatures.HEAD and (chunk := next(self._chunks, None)) is not None:
            first += chunk
        self._chunks = chain([first] if first else [], self._chunks)
        return first

    def chunks(self) -> Iterator[bytes]:
        return self._chunks

    def drain(self) -> None:
        for _ in self._chunks:
            pass

    def sha256(self) -> str:
        return self._hash.hexdigest()


def _guarded(stream: _Stream, look: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what `look` finds, or the error of the content that it stumbles over."""
    try:
        return look()
    except BrokenError as error:
        return {"error": str(error)[:_MAX_ERROR]}
    except UnicodeDecodeError as error:
        return {"error": f"it is not all {error.encoding}: {error.reason}"[:_MAX_ERROR]}
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
        if stream.failed:
            raise
        # Nobody thought of such content. It must not be tried again for ever, so it is recorded;
        # the tests take this prefix for a mistake in a parser.
        return {"error": f"unexpected {type(error).__name__}: {error}"[:_MAX_ERROR]}


def _structure(source: Source, kind: str, stream: _Stream) -> dict[str, Any]:
    def look() -> dict[str, Any]:
        if kind in images.KINDS:
            width, height, taken = images.picture(source, kind)
            return {"width": width, "height": height, "taken": taken}
        if kind == "application/vnd.apache.parquet":
            columns, rows = parquet.table(source)
            return {"columns": columns, "rows": rows}
        if kind == "application/zip" or "officedocument" in kind or "oasis" in kind:
            archives.check(source)
        return {}

    return _guarded(stream, look)


def _text(found: InspectionResult, stream: _Stream, head: bytes, key: str) -> InspectionResult:
    if not head:
        return replace(found, content_type="application/x-empty")
    name = encoding(head[: signatures.HEAD], whole=stream.size <= signatures.HEAD)
    if name is None:
        return replace(found, content_type="application/octet-stream")
    scan = TextScan(name)
    text = scan.decoded(stream.chunks())
    kind, details = _kind(stream, text, head, key.lower())
    # A parser may have given up: lines and encoding are those of the whole text.
    details |= _guarded(stream, lambda: _finish(scan, text))
    if not scan.valid:
        return replace(found, content_type=kind, **details)
    return replace(found, content_type=kind, encoding=scan.encoding, lines=scan.lines, **details)


def _kind(
    stream: _Stream, text: Iterator[str], head: bytes, key: str
) -> tuple[str, dict[str, Any]]:
    """Return the type of a text, and its columns and rows or what is wrong with them."""
    if key.endswith(".tsv"):
        return "text/tab-separated-values", _guarded(stream, lambda: _csv(text))
    if key.endswith(".csv"):
        return "text/csv", _guarded(stream, lambda: _csv(text))
    promised = key.endswith(_JSON)
    if promised or head.lstrip()[:1] in (b"{", b"["):
        found = _guarded(stream, lambda: _json(text, lines=key.endswith(_JSON_LINES)))
        error = found.get("error")
        if promised or not error:
            return found.pop("kind", "application/json"), found
        # Many a text begins with a bracket, and nothing says that this one is meant as JSON.
        return "text/plain", found if str(error).startswith("unexpected") else {}
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:100].lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "text/html", {}
    return ("text/xml" if start.startswith(b"<?xml") else "text/plain"), {}


def _finish(scan: TextScan, text: Iterator[str]) -> dict[str, Any]:
    for _ in text:
        pass
    return {} if scan.valid else {"error": f"it is not all {scan.encoding}"}


def _csv(text: Iterator[str]) -> dict[str, Any]:
    columns, rows = delimited.table(text)
    return {"columns": columns, "rows": rows}


def _json(text: Iterator[str], *, lines: bool) -> dict[str, Any]:
    rows, several = jsons.rows(text, lines=lines)
    return {"rows": rows, "kind": "application/x-ndjson" if several else "application/json"}
