"""Columns and rows of CSV and TSV, piece by piece: no field is kept, however long.

Records are those of RFC 4180: a field may be in double quotes, which protect delimiters and line
ends; a quote within is doubled. Where that breaks, two other dialects are in use, and both are
counted along: quotes escaped by a backslash, and, between tabs, quotes without any meaning (the
media type text/tab-separated-values of IANA).
"""

import re
from collections.abc import Iterable, Iterator
from copy import copy
from functools import lru_cache
from io import IncrementalNewlineDecoder

from s3_catalog.exceptions import BrokenError

_MAX_LINE = 2**20
"""Characters of a line, and so of a field within one. One line is in memory at a time."""

_DELIMITERS = ",;\t|"

# All quantifiers are possessive: no input causes backtracking.
_DOUBLED = r'[^"]*+(?:""[^"]*+)*+'
"""The content of a quoted field of RFC 4180."""

_ESCAPED = r'[^"\\]*+(?:(?:""|\\[\s\S]?+)[^"\\]*+)*+'
"""The content of a quoted field in which a backslash escapes the next character."""

_EITHER = r'[^"\\]*+(?:""[^"\\]*+)*+'
"""The content of a quoted field that both dialects read in the same way."""

_INCOMPLETE = ""
"""The first record, as long as its end is missing: a complete one is not empty."""

_blank = re.compile(r"(?: *+\n)*+")
_empty_line = re.compile(r"\n\n")
_quotes = re.compile(r'"[^"]*+(?:"|\Z)')

_NO_MARKS = bytes({*range(256)} - {*b'"\n'})
"""All bytes but quotes and line feeds."""


def count_records(pieces: Iterable[str]) -> tuple[int, int]:
    """Return the number of fields of the first record of a CSV, and the number of records.

    Blank lines are no records. The delimiter is the one of comma, semicolon, tab and bar that is
    the most frequent in the first record, outside quotes. A line ends with LF, CR LF or CR. Raises
    BrokenError when a record is invalid or a line too long.
    """
    return _count(RecordCounter(), pieces)


def count_tab_records(pieces: Iterable[str]) -> tuple[int, int]:
    """Return what `count_records` does, of a TSV: a tab, if there is one, is its delimiter."""
    return _count(RecordCounter(tabs=True), pieces)


def _count(counter: "RecordCounter", pieces: Iterable[str]) -> tuple[int, int]:
    for piece in pieces:
        counter.feed(piece)
    return counter.finish()


class RecordCounter:
    """The records of the text that `feed` gets piece by piece.

    With `tabs`, a tab in the first record is the delimiter, however many commas there are.
    """

    def __init__(self, *, tabs: bool = False) -> None:
        self._tabs = tabs
        self._failure: BrokenError | None = None
        self._line_ends = IncrementalNewlineDecoder(None, translate=True)
        self._rest = ""
        self._beginning = ""
        self._tried = 0
        self._delimiter = ""
        self._readers: list[_Reader] = []
        self._content = _EITHER
        self._within = False
        self._lines = 0
        self._line_columns = 0

    def feed(self, piece: str) -> None:
        """Count the records that end in `piece`. Raises BrokenError as `count_records` does."""
        # A CR at the end waits: an LF may follow in the next piece.
        piece = self._line_ends.decode(piece)
        end = piece.rfind("\n") + 1
        if not end:
            self._rest = _bounded(self._rest + piece)
            return
        text, self._rest = self._rest + piece[:end], _bounded(piece[end:])
        # Only the first line can be longer than the piece.
        _bounded(text[: text.index("\n")])
        if len(piece) > _MAX_LINE:
            for line in text.split("\n"):
                _bounded(line)
        self._take(text)

    def passing(self, pieces: Iterable[str]) -> Iterator[str]:
        """Yield `pieces`, each of them counted: another parser may read them as well.

        An error is raised by `finish`: it is not one of that parser.
        """
        for piece in pieces:
            if self._failure is None:
                try:
                    self.feed(piece)
                except BrokenError as error:
                    self._failure = error
            yield piece

    def finish(self) -> tuple[int, int]:
        """Return the numbers of columns and records. Raises BrokenError if none can be counted."""
        if self._failure:
            raise self._failure
        if self._rest:
            text, self._rest = f"{self._rest}\n", ""
            self._take(text)
        if not self._delimiter:
            if not self._begin(final=True):
                return 0, 0
            self._count(self._beginning)
        for reader in self._readers:
            if not reader.broken and not reader.within:
                over_lines = reader.rows != self._lines
                if self._delimiter == "\t" and over_lines and not reader.ragged:
                    # Each line within quotes is a record by itself: the quotes are characters.
                    break
                if not reader.columns:
                    raise BrokenError(f"the first record is longer than {_MAX_LINE:,} characters")
                return reader.columns, reader.rows
        if self._delimiter == "\t":
            return self._line_columns, self._lines
        raise self._readers[0].error()

    def _take(self, text: str) -> None:
        """Count whole lines; the first ones are kept until they have the first record."""
        if self._delimiter:
            self._count(text)
            return
        self._beginning += text
        # Each attempt is on twice as much, so the time is linear.
        if len(self._beginning) >= 2 * self._tried and self._begin(final=False):
            text, self._beginning = self._beginning, ""
            self._count(text)

    def _begin(self, *, final: bool) -> bool:
        """Set delimiter and columns by the first record; return whether there is one."""
        self._tried = len(self._beginning)
        blank = _blank.match(self._beginning)
        start = self._beginning[blank.end() :] if blank else self._beginning
        self._beginning = start
        if not start:
            self._tried = 0
            return False
        # A record that is not complete may become so, in any of the dialects: all are awaited.
        final = final or len(start) > _MAX_LINE
        records = [_first_record(start, content, _DELIMITERS) for content in (_DOUBLED, _ESCAPED)]
        bare = records[0] or records[1] or start[: start.index("\n")]
        tabs = self._tabs and "\t" in bare
        by = "\t" if tabs else max(_DELIMITERS, key=bare.count)
        records += [_first_record(start, content, by) for content in (_DOUBLED, _ESCAPED)]
        if _INCOMPLETE in records and not final:
            return False
        self._delimiter = by
        self._line_columns = start[: start.index("\n")].count(by) + 1
        columns, self._escaped_columns = (
            record.count(by) + 1 if record else 0 for record in records[2:]
        )
        self._block = _block(by)
        self._readers = [_Reader(by, columns, _DOUBLED)]
        return True

    def _count(self, text: str) -> None:
        """Count the records that end in whole lines, a whole block at once where that can be."""
        if '"' not in text and not self._within:
            self._pass(_filled_lines(text))
            return
        if all(reader.broken for reader in self._readers):
            self._lines += _filled_lines(text)
            return
        if not self._count_block(text):
            self._count_lines(text)

    def _count_block(self, text: str) -> bool:
        """Count records by the quotes in `text`, if all dialects agree; return whether they do.

        They do if quotes are around whole fields, and doubled within.
        """
        states = {reader.within for reader in self._readers if not reader.broken}
        escapes = self._content != _DOUBLED and "\\" in text and '\\"' in text
        if len(states) != 1 or escapes:
            return False
        ragged = all(reader.ragged or reader.broken for reader in self._readers)
        if self._delimiter == "\t" and self._within and not ragged:
            return False
        block = f'"{text}' if self._within else text
        match = self._block.fullmatch(block)
        if not match:
            return False
        # Quotes without a line end between them go in pairs; most often, line feeds are left.
        marks = block.encode().translate(None, _NO_MARKS).replace(b'""', b"").decode()
        lines = None
        if self._delimiter == "\t" and '"' in marks:
            if not ragged:
                return False
            lines = _filled_lines(text)
        if _has_empty_line(block):
            self._pass(_filled_lines(_quotes.sub('"', block)), lines)
        else:
            self._pass(_quotes.sub("", marks).count("\n"), lines)
        self._within = match.lastindex is not None
        for reader in self._readers:
            reader.within = self._within and not reader.broken
        return True

    def _count_lines(self, text: str) -> None:
        """Count records by runs of whole ones; the lines between those one by one."""
        position = 0
        while position < len(text):
            content = self._content
            # Between tabs, the lines within quotes are looked at one by one.
            in_lines = self._delimiter == "\t"
            run = _run(content, self._delimiter, in_lines=in_lines)
            match = None if self._within else run.match(text, position)
            if match and match.end() > position:
                records = match.group()
                if not in_lines:
                    records = _quoted(content, self._delimiter).sub("q", records)
                self._pass(_filled_lines(records))
                position = match.end()
            else:
                end = text.index("\n", position)
                self._read(text[position:end])
                position = end + 1

    def _pass(self, rows: int, lines: int | None = None) -> None:
        """Count records, and lines, if not each record has one."""
        self._lines += rows if lines is None else lines
        for reader in self._readers:
            if not reader.broken:  # Its count is the number of the record in its error.
                reader.rows += rows

    def _read(self, line: str) -> None:
        """Read a line that has quotes or is within them."""
        self._lines += line != ""
        if "\\" in line and len(self._readers) == 1 and not self._readers[0].broken:
            # Until here, both dialects were the same.
            escaped = copy(self._readers[0])
            escaped.use(self._escaped_columns, _ESCAPED)
            self._readers.append(escaped)
        for reader in self._readers:
            if not reader.broken:
                reader.read(line)
        self._within = any(reader.within for reader in self._readers)
        if len(self._readers) > 1:
            doubled, escaped = self._readers
            self._content = _DOUBLED if escaped.broken else _ESCAPED if doubled.broken else _EITHER
        if self._delimiter != "\t" and all(reader.broken for reader in self._readers):
            raise self._readers[0].error()


class _Reader:
    """The records of one dialect, line by line."""

    def __init__(self, delimiter: str, columns: int, content: str) -> None:
        self._delimiter = delimiter
        self.rows = 0
        self.within = False
        self.broken = False
        self.ragged = False
        self.use(columns, content)

    def use(self, columns: int, content: str) -> None:
        """Continue in the dialect with this `content` of quotes."""
        self.columns = columns
        self._outside, self._inside = _lines(content, self._delimiter)

    def read(self, line: str) -> None:
        was_within = self.within
        match = (self._inside if was_within else self._outside).fullmatch(line)
        if not match:
            self.broken, self.within = True, False
            return
        self.within = match.lastindex is not None
        self.rows += not self.within and (was_within or line != "")
        if (was_within or self.within) and line.count(self._delimiter) + 1 != self.columns:
            self.ragged = True

    def error(self) -> BrokenError:
        reason = f"""'{self._delimiter}' expected after '"'"""
        return BrokenError(
            f"record {self.rows + 1:,}: {reason if self.broken else 'unexpected end of data'}"
        )


def _filled_lines(text: str) -> int:
    """Return the number of line feeds of `text` that end a line that is not empty."""
    if _has_empty_line(text):
        return sum(map(bool, text.split("\n")[:-1]))
    return text.count("\n")


def _has_empty_line(text: str) -> bool:
    # The pattern is searched for in half the time of "in".
    return text.startswith("\n") or _empty_line.search(text) is not None


def _field(content: str, delimiters: str) -> str:
    """Return the pattern of a field: in quotes, or without one at its beginning."""
    return rf'(?:"{content}"(?![^{delimiters}\n])|(?!")[^{delimiters}\n]*+)'


def _first_record(start: str, content: str, delimiters: str) -> str | None:
    """Return the record that `start` begins with, without the fields in quotes.

    None if it is invalid, and `_INCOMPLETE` if its end is not there.
    """
    match = _record(content, delimiters).match(start, 0, _MAX_LINE + 1)
    if match is None:
        return None
    if match.lastindex:
        return _INCOMPLETE
    return _quoted(content, delimiters).sub("", match.group()) or "\n"


@lru_cache
def _record(content: str, delimiters: str) -> re.Pattern[str]:
    """Return the pattern of a record; a group matches where it ends within quotes."""
    field, within = _field(content, delimiters), rf'"{content}\Z()'
    more = rf"(?:[{delimiters}]{field})*+"
    return re.compile(rf"(?:{field}{more}(?:\n|[{delimiters}]{within})|{within})")


@lru_cache
def _quoted(content: str, delimiters: str) -> re.Pattern[str]:
    """Return the pattern of a field in quotes."""
    # The quote comes before the lookbehind, so that the search is for a character.
    return re.compile(rf'"(?<![^{delimiters}\n]"){content}"(?![^{delimiters}\n])')


@lru_cache
def _run(content: str, delimiter: str, *, in_lines: bool) -> re.Pattern[str]:
    """Return the pattern of records; `in_lines` means those of one line."""
    if in_lines:
        content = content.replace('[^"', r'[^"\n').replace(r"[\s\S]", r"[^\n]")
    field = _field(content, delimiter)
    return re.compile(rf"(?:{field}(?:{re.escape(delimiter)}{field})*+\n)*+")


@lru_cache
def _block(delimiter: str) -> re.Pattern[str]:
    """Return the pattern of text whose quotes are around fields, or doubled within them.

    It may end within quotes: then a group matches.
    """
    # Successive fields in quotes, and the parts between doubled ones, are passed in one run.
    by = re.escape(delimiter)
    quotes = rf'"[^"]*+(?:"{by}?+"[^"]*+)*+'
    return re.compile(rf'[^"]*+(?:(?<![^{by}\n]){quotes}(?:"(?![^{by}\n])[^"]*+|\Z()))*+')


@lru_cache
def _lines(content: str, delimiter: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return the patterns of a line outside quotes, and of one that begins within them.

    A group matches where the line ends within quotes.
    """
    field, by = _field(content, delimiter), re.escape(delimiter)
    more = rf'(?:{by}{field})*+(?:{by}"{content}())?+'
    outside = rf'(?:{field}{more}|"{content}())'
    inside = rf'{content}(?:"(?![^{delimiter}]){more}|())'
    return re.compile(outside), re.compile(inside)


def _bounded(line: str) -> str:
    if len(line) > _MAX_LINE:
        raise BrokenError(f"a line is longer than {_MAX_LINE:,} characters")
    return line
