"""Markdown that a forge and the site render alike."""

import re
from collections.abc import Iterable, Sequence

_DOCUMENT = re.compile(r"(?<![\w/`])docs/([\w-]+\.(?:md|json))(#[\w-]+)?")
_MODULE = re.compile(r"(?<![\w/`])((?:lambdas|reinventure|stacks)/[\w/]+\.py)")


def head(title: str, source: str) -> str:
    """Return the beginning of a page: that it is written from `source`, and its title."""
    return f"<!-- Written by `make reference` from {source}: change that. -->\n\n# {title}\n\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table with one line a row. Its cells are Markdown, each of one line."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines) + "\n"


def code(text: str) -> str:
    """Return `text` as inline code, nothing if it is empty."""
    return f"`{text}`" if text else ""


def prose(docstring: str) -> str:
    """Return the text of `docstring`, with links from a page of docs/reference to what it names."""
    linked = _DOCUMENT.sub(r"[\1](../\1\2)", docstring)
    return _MODULE.sub(r"[\1](../../\1)", linked)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")
