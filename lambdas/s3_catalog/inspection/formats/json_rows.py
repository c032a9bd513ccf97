"""Rows of JSON and JSON Lines, checked and counted piece by piece.

No value is ever built, and a string may be longer than memory. The usual parser, ijson, keeps each
string whole.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache

from s3_catalog.exceptions import BrokenError

_MAX_DEPTH = 1000
_MAX_SCALAR = 4096
"""Characters of a number."""

# All quantifiers are possessive: no input causes backtracking.
_ESCAPE = r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})'
_PLAIN = r'[^"\\\x00-\x1f]*+'
_INSIDE = rf"{_PLAIN}(?:{_ESCAPE}{_PLAIN})*+"
_STRING = rf'"{_INSIDE}"'
_SCALAR = r"(?:-?+(?:[1-9][0-9]*+|0)(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]++)?+|true|false|null)"
_S = r"[ \t\n\r]*+"

_space = re.compile(_S)
_inside = re.compile(_INSIDE)
_scalar = re.compile(_SCALAR)
_word = re.compile(r"[-+.0-9A-Za-z]*+")


def _nested(depth: int, *, around: str, after: str) -> str:
    """Return the pattern of an object or array with at most `depth` levels within it.

    `after` is the white space after a comma or colon, `around` that around brackets and values.
    """
    inner = f"|{_nested(depth - 1, around=around, after=after)}" if depth else ""
    value = f"(?:{_STRING}|{_SCALAR}{inner}){around}"
    members = rf"(?:{_STRING}{around}:{after}{value}(?:,{after}(?!\}})|(?=\}})))*+"
    elements = rf"(?:{value}(?:,{after}(?!\])|(?=\])))*+"
    return rf"(?:\{{{around}{members}\}}|\[{around}{elements}\])"


@cache
def _shallow() -> re.Pattern[str]:
    """Return the pattern of an object or array with the nesting of a usual row.

    The scan passes it in one step. Compiled when needed, which takes milliseconds.
    """
    return re.compile(_nested(2, around=_S, after=_S))


@cache
def _lines() -> re.Pattern[str]:
    """Return the pattern of a run of rows: each an object in one line, with usual white space.

    No line feed is within a row, so line feeds count them.
    """
    value = f"(?:{_STRING}|{_SCALAR}|{_nested(1, around='', after=' ?+')})"
    member = f"{_STRING}: ?+{value}"
    return re.compile(rf"(?:\{{{member}(?:, ?+{member})*+\}}\r?+\n)++")


_scalars = re.compile(
    rf'(?:{_S},{_S}(?:{_SCALAR}|"[^"\\,\x00-\x1f]*+"){_S}(?=[,\]]))++',
)
"""A run of scalar elements of an array, after its first element: faster than a step for each.

None of them contains a comma, so commas count them. The lookahead shows that each is complete."""

_LONGEST_ESCAPE = 6


def count_rows(pieces: Iterable[str], *, lines: bool) -> tuple[int | None, bool]:
    """Return the number of rows, and whether the text is a sequence of values (JSON Lines).

    It is one if it has several values, or if `lines` is true; then the rows are the values. Else
    they are the elements of the one array. A single object has no rows: None.

    Raises BrokenError when the text is invalid JSON, or nested too deeply.
    """
    scan = _Scan(iter(pieces))
    scan.run()
    several = lines or scan.values > 1
    if several:
        return scan.values, True
    if scan.values == 0:
        raise BrokenError("invalid JSON: no value")
    return (scan.elements if scan.is_array else None), False


class _Scan:
    """A scan of values: `_buffer` is the current piece, `_at` the position in it."""

    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces = pieces
        self._buffer = ""
        self._at = 0
        self._passed = 0
        self._closers: list[str] = []
        self.values = 0
        self.elements = 0
        self.is_array = False

    def run(self) -> None:
        while first := self._peek():
            if first == "{" and self._run_of_lines():
                continue
            self._value()
            while self._closers:
                if self._empty or self._closers[-1] == "}" or not self._run_of_scalars():
                    self._member()

    def _member(self) -> None:
        """Read the end of the innermost array or object, or one member of it."""
        closer = self._closers[-1]
        if self._empty:
            if self._take(closer):
                self._close()
                return
        elif self._take(closer):
            self._close()
            return
        elif not self._take(","):
            raise self._broken()
        if closer == "}":
            if self._peek() != '"':
                raise self._broken()
            self._string()
            if not self._take(":"):
                raise self._broken()
        if not self._peek():
            raise self._broken()
        self._value()

    def _run_of_lines(self) -> bool:
        """Read rows of JSON Lines; return whether there were any."""
        run = _lines().match(self._buffer, self._at)
        if not run:
            return False
        self._at = run.end()
        self.values += run.group().count("\n")
        return True

    def _run_of_scalars(self) -> bool:
        """Read scalar elements of the innermost array; return whether there were any."""
        run = _scalars.match(self._buffer, self._at)
        if not run:
            return False
        self._at = run.end()
        if len(self._closers) == 1 and not self.values:
            self.elements += run.group().count(",")
        return True

    def _value(self) -> None:
        """Read a scalar, a shallow array or object, or the opening of any other."""
        self._empty = False
        first = self._buffer[self._at]
        # The elements of the outermost array are the rows, and are counted one by one.
        outermost = first == "[" and not self._closers and not self.values
        if first in "{[" and not outermost and (match := _shallow().match(self._buffer, self._at)):
            self._at = match.end()
        elif first in "{[":
            if len(self._closers) >= _MAX_DEPTH:
                raise BrokenError(f"nested more than {_MAX_DEPTH:,} levels deep")
            self.is_array = self.is_array or outermost
            self._closers.append("}" if first == "{" else "]")
            self._at += 1
            self._empty = True
            return
        elif first == '"':
            self._string()
        else:
            self._plain()
        self._count()

    def _close(self) -> None:
        self._closers.pop()
        self._empty = False
        self._count()

    def _count(self) -> None:
        if not self._closers:
            self.values += 1
        elif len(self._closers) == 1 and not self.values:
            self.elements += 1

    def _string(self) -> None:
        self._at += 1
        while True:
            match = _inside.match(self._buffer, self._at)
            self._at = match.end() if match else self._at
            left = len(self._buffer) - self._at
            if left and self._buffer[self._at] == '"':
                self._at += 1
                return
            cut = left == 0 or (self._buffer[self._at] == "\\" and left < _LONGEST_ESCAPE)
            if not cut or not self._more():
                raise self._broken()

    def _plain(self) -> None:
        while True:
            match = _word.match(self._buffer, self._at)
            end = match.end() if match else self._at
            if end - self._at > _MAX_SCALAR:
                raise BrokenError(f"a number has more than {_MAX_SCALAR:,} characters")
            if end < len(self._buffer) or not self._more():
                break
        if not _scalar.fullmatch(self._buffer, self._at, end):
            raise self._broken()
        self._at = end

    def _take(self, character: str) -> bool:
        if self._peek() != character:
            return False
        self._at += 1
        return True

    def _peek(self) -> str:
        """Return the next character that is not white space, or "" at the end."""
        while True:
            match = _space.match(self._buffer, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more():
                return ""

    def _more(self) -> bool:
        """Drop the text before `_at`, and append the next piece; return whether there is one."""
        piece = next(self._pieces, None)
        if piece is None:
            return False
        self._passed += self._at
        self._buffer = self._buffer[self._at :] + piece
        self._at = 0
        return True

    def _broken(self) -> BrokenError:
        return BrokenError(f"invalid JSON at character {self._passed + self._at:,}")
