"""Columns and rows of a CSV, line by line, with the reader of the standard library."""

import csv
from collections.abc import Iterable, Iterator

from s3_catalog.exceptions import BrokenError

_MAX_LINE = 2**20
"""Characters of a line. One record is in memory at a time; the reader limits its fields."""

_DELIMITERS = ",;\t|"


def count_records(pieces: Iterable[str]) -> tuple[int, int]:
    """Return the number of fields of the first record, and the number of records.

    Blank lines are no records. The delimiter is the one of comma, semicolon, tab and bar that is
    the most frequent in the first line. Raises BrokenError when a record is invalid or too long.
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
