"""SQL with named parameters, as the Data API takes it, for a driver that takes them by position."""

import re
from collections.abc import Mapping

_PARTS = re.compile(
    r"""
    (?P<kept> '(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.|"")*" | `[^`]*`
            | /\*.*?\*/ | \#[^\n]* | --(?=\s|$)[^\n]* )
    | :(?P<name>[A-Za-z_]\w*)
    """,
    re.VERBOSE | re.DOTALL,
)
"""What is text, a name or a comment, and stays; and what stands for a parameter."""


class MissingError(Exception):
    """The statement has a parameter that was not given. Names it."""


def by_position(sql: str, values: Mapping[str, object]) -> tuple[str, list[object]]:
    """Return `sql` with `%s` for each parameter, any other `%` doubled, and the values in order.

    Raises MissingError for a parameter that has no value.
    """
    ordered = []

    def place(part: re.Match[str]) -> str:
        name = part["name"]
        if name is None:
            return part.group().replace("%", "%%")
        if name not in values:
            raise MissingError(name)
        ordered.append(values[name])
        return "%s"

    pieces, end = [], 0
    for part in _PARTS.finditer(sql):
        pieces += [sql[end : part.start()].replace("%", "%%"), place(part)]
        end = part.end()
    pieces.append(sql[end:].replace("%", "%%"))
    return "".join(pieces), ordered
