"""Reporting how far long work has come, whatever shows it."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

STRIDE = 1000
"""Parts between two reports."""

_T = TypeVar("_T")


def each(things: Iterable[_T], report: Callable[[int], object]) -> Iterator[_T]:
    """Yield `things`, and call `report` with `STRIDE` after so many of them."""
    for number, thing in enumerate(things, 1):
        if number % STRIDE == 0:
            report(STRIDE)
        yield thing
