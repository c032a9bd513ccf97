"""A row of the results: what was measured, of this project and of a peer, and the goal."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

RATIO = "x"
"""The unit of a goal that is a multiple of the peer's figure."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of several measurements, with the lowest and the highest."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Goal:
    """At most `limit`, or at least; in `unit`, or of the peer's figure if that is `RATIO`."""

    limit: float
    unit: str = RATIO
    at_least: bool = False

    def __str__(self) -> str:
        space = "" if self.unit == RATIO else " "
        return (
            f"{'at least' if self.at_least else 'at most'} {number(self.limit)}{space}{self.unit}"
        )


@dataclass(frozen=True, slots=True)
class Row:
    """Figures of this project (`ours`) and of `peer`, both in `unit`; `ratio` is ours / theirs.

    A row without a goal is there for comparison.
    """

    group: str
    what: str
    unit: str
    ours: Spread
    peer: str = ""
    theirs: Spread | None = None
    ratio: Spread | None = None
    goal: Goal | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the median meets the goal; None without one."""
        if self.goal is None:
            return None
        value = self.ratio if self.goal.unit == RATIO else self.ours
        if value is None:
            raise ValueError(f"{self.what}: a ratio needs a peer")
        met = value.median >= self.goal.limit if self.goal.at_least else None
        return value.median <= self.goal.limit if met is None else met


def spread(measured: Sequence[float]) -> Spread:
    """Return the spread of the figures `measured`, one of each round."""
    return Spread(median(measured), min(measured), max(measured))


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Return the spread of ours / theirs, round by round: both of a round ran in turns."""
    return spread([our / their for our, their in zip(ours, theirs, strict=True)])


def compared(
    group: str,
    what: str,
    unit: str,
    *,
    ours: Sequence[float],
    peer: str,
    theirs: Sequence[float],
    goal: Goal | None = None,
) -> Row:
    """Return the row of `ours` beside `theirs`, a figure of each round."""
    ratio = ratios(ours, theirs)
    return Row(group, what, unit, spread(ours), peer, spread(theirs), ratio, goal)


def number(value: float) -> str:
    """Return `value` with three significant digits, without an exponent."""
    if value >= 100:  # noqa: PLR2004 (three digits before the point)
        return f"{value:,.0f}"
    text = f"{value:.3g}"
    return text if "e" not in text else f"{value:.5f}"
