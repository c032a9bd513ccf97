"""Rows of JSON and JSON Lines, checked and counted piece by piece.

No value is ever built, and a string may be longer than memory. ijson, the usual way, keeps each
string whole.
"""

import re
from collections.abc import Iterable, Iterator

from s3_catalog.errors import BrokenError

_MAX_DEPTH = 1000
_MAX_SCALAR = 4096
"""Digits of a number."""

# Possessive throughout: no input makes them go back and try again.
_ESCAPE = r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})'
_INSIDE = rf'(?:[^"\\\x00-\x1f]++|{_ESCAPE})*+'
_STRING = rf'"{_INSIDE}"'
_SCALAR = r"(?:-?+(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]++)?+|true|false|null)"
_S = r"[ \t\n\r]*+"

_space = re.compile(_S)
_inside = re.compile(_INSIDE)
_scalar = re.compile(_SCALAR)
_word = re.compile(r"[-+.0-9A-Za-z]*+")


def _value_pattern(depth: int) -> str:
    """Return the pattern of a value that is nested not more than `depth` deep."""
    if depth == 0:
        return f"(?:{_STRING}|{_SCALAR})"
    inner = _value_pattern(depth - 1)
    array = rf"\[{_S}(?:{inner}{_S}(?:,{_S}(?!\])|(?=\])))*+\]"
    members = rf'(?:{_STRING}{_S}:{_S}{inner}{_S}(?:,{_S}(?=")|(?=\}})))*+'
    return rf"(?:{_STRING}|{_SCALAR}|{array}|\{{{_S}{members}\}})"


_shallow = re.compile(_value_pattern(3))
"""A value that is nested as little as a row usually is: it is passed in one step."""

_scalars = re.compile(
    rf'(?:{_S},{_S}(?:{_SCALAR}|"[^"\\,\x00-\x1f]*+"){_S}(?=[,\]]))++',
)
"""Elements after the first of an array, as many as are scalars: one step for each would take long.

No comma is inside one of them, and what follows each shows that it is not cut off."""

_LONGEST_ESCAPE = 6


def rows(pieces: Iterable[str], *, lines: bool) -> tuple[int | None, bool]:
    """Return the number of rows, and whether there are several values one after another.

    Rows are the values if there are several, or if `lines` says that these are JSON Lines; else the
    elements of the one array. An object alone has no rows: None.

    Raises BrokenError when it is no JSON, or is nested too deeply.
    """
    scan = _Scan(iter(pieces))
    scan.run()
    several = lines or scan.values > 1
    if several:
        return scan.values, True
    if scan.values == 0:
        raise BrokenError("it is no JSON: there is no value in it")
    return (scan.elements if scan.is_array else None), False


class _Scan:
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
        while self._peek():
            self._value()
            while self._closers:
                if self._empty or self._closers[-1] == "}" or not self._run_of_scalars():
                    self._member()

    def _member(self) -> None:
        """Read what may stand within the innermost array or object: its end, or one member."""
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

    def _run_of_scalars(self) -> bool:
        """Read elements of the innermost array that are scalars; return whether there were any."""
        run = _scalars.match(self._buffer, self._at)
        if not run:
            return False
        self._at = run.end()
        if len(self._closers) == 1 and not self.values:
            self.elements += run.group().count(",")
        return True

    def _value(self) -> None:
        """Read a scalar, a flat object, or the opening of an array or object."""
        self._empty = False
        first = self._buffer[self._at]
        # The outermost array is the table: its elements are counted one by one.
        table = first == "[" and not self._closers and not self.values
        if first in "{[" and not table and (match := _shallow.match(self._buffer, self._at)):
            self._at = match.end()
        elif first in "{[":
            if len(self._closers) >= _MAX_DEPTH:
                raise BrokenError(f"it is nested more than {_MAX_DEPTH:,} deep")
            self.is_array = self.is_array or table
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
                raise BrokenError(f"a number has more than {_MAX_SCALAR:,} digits")
            if end < len(self._buffer) or not self._more():
                break
        if not _scalar.fullmatch(self._buffer, self._at, end):
            raise self._broken()
        self._at = end

    def _take(self, wanted: str) -> bool:
        if self._peek() != wanted:
            return False
        self._at += 1
        return True

    def _peek(self) -> str:
        """Return the next character that is not white space, or nothing at the end."""
        while True:
            match = _space.match(self._buffer, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more():
                return ""

    def _more(self) -> bool:
        """Forget what is behind, and get the next piece; return whether there was one."""
        piece = next(self._pieces, None)
        if piece is None:
            return False
        self._passed += self._at
        self._buffer = self._buffer[self._at :] + piece
        self._at = 0
        return True

    def _broken(self) -> BrokenError:
        return BrokenError(f"it is no JSON at character {self._passed + self._at:,}")
