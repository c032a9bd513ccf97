"""Columns and rows of a CSV, line by line, with the standard library's reader."""

import csv
from collections.abc import Iterable, Iterator

from s3_catalog.errors import BrokenError

_MAX_LINE = 2**20
"""Characters of a line. One record is in memory at a time; the reader bounds its fields."""

_DELIMITERS = ",;\t|"


def table(pieces: Iterable[str]) -> tuple[int, int]:
    """Return how many fields the first record has, and how many records there are, blanks left out.

    The delimiter is the one of comma, semicolon, tab and bar that the first line has most of.
    Raises BrokenError when a record cannot be read, or is too long to be.
    """
    lines = _lines(pieces)
    first = next(lines, "")
    delimiter = max(_DELIMITERS, key=first.count)
    columns = rows = 0
    try:
        for record in csv.reader(_before(first, lines), delimiter=delimiter, strict=True):
            if record:
                rows += 1
                columns = columns or len(record)
    except csv.Error as error:
        raise BrokenError(f"record {rows + 1:,}: {error}") from error
    return columns, rows


def _before(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _lines(pieces: Iterable[str]) -> Iterator[str]:
    """Yield the lines of a text in `pieces`, with their line feeds."""
    rest = ""
    for piece in pieces:
        *lines, rest = (rest + piece).split("\n")
        for line in lines:
            yield _bounded(line) + "\n"
        _bounded(rest)
    if rest:
        yield rest


def _bounded(line: str) -> str:
    if len(line) > _MAX_LINE:
        raise BrokenError(f"a line is longer than {_MAX_LINE:,} characters")
    return line
