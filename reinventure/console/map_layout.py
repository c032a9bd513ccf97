"""Where the parts of the system stand on the drawing: from left to right, or from top to bottom.

Wide, a rank is a column; narrow, as on a phone, it is a row of at most two, or several.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reinventure.console.system_map import Edge, Part, SystemMap

BOX_HEIGHT = 82
FAILURES_HEIGHT = 28
"""Of the box of the dead-letter queue, below the box of its function."""

WIDE_WIDTH = 1200
NARROW_WIDTH = 358
"""Of a page of 390 pixels, less its margins."""

_WIDE_GAP = 22
_MAX_WIDE_BOX = 150
_WIDE_SPACE = 22
_NARROW_COLUMN = 16
_NARROW_GAP = 34
_IN_A_ROW = 2
_MARGIN = 2
"""So that no stroke is cut off."""


@dataclass(frozen=True, slots=True)
class Box:
    """The place of `part`, in units of the drawing; `height` includes its dead-letter queue."""

    part: Part
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Line:
    """The way `edge`, as the path of a Bezier curve."""

    edge: Edge
    path: str


@dataclass(frozen=True, slots=True)
class Layout:
    """A drawing of the system, of this size."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def wide(system: SystemMap) -> Layout:
    """Return the layout from left to right: each rank is a column, centred."""
    ranks = _ranks(system)
    room = (WIDE_WIDTH - 2 * _MARGIN - _WIDE_GAP * (len(ranks) - 1)) / len(ranks)
    width = min(_MAX_WIDE_BOX, room)
    gap = (WIDE_WIDTH - 2 * _MARGIN - width * len(ranks)) / max(1, len(ranks) - 1)
    heights = [_column_height(rank) for rank in ranks]
    height = max(heights)
    boxes = list[Box]()
    for column, (rank, own) in enumerate(zip(ranks, heights, strict=True)):
        y = _MARGIN + (height - own) / 2
        for part in rank:
            x = _MARGIN + column * (width + gap)
            boxes.append(Box(part, x, y, width, _height(part)))
            y += _height(part) + _WIDE_SPACE
    at = {box.part.id: box for box in boxes}
    lines = tuple(Line(edge, _rightward(at[edge.start], at[edge.end])) for edge in system.edges)
    return Layout(WIDE_WIDTH, height + 2 * _MARGIN, tuple(boxes), lines)


def narrow(system: SystemMap) -> Layout:
    """Return the layout from top to bottom: each rank is a row, or several of two boxes."""
    boxes = list[Box]()
    room, y = NARROW_WIDTH - 2 * _MARGIN, float(_MARGIN)
    for rank in _ranks(system):
        rows = [rank[n : n + _IN_A_ROW] for n in range(0, len(rank), _IN_A_ROW)]
        for row in rows:
            width = (room - _NARROW_COLUMN) / _IN_A_ROW
            left = _MARGIN + (room - width * len(row) - _NARROW_COLUMN * (len(row) - 1)) / 2
            boxes += [
                Box(part, left + n * (width + _NARROW_COLUMN), y, width, _height(part))
                for n, part in enumerate(row)
            ]
            y += max(map(_height, row)) + _NARROW_COLUMN
        y += _NARROW_GAP - _NARROW_COLUMN
    at = {box.part.id: box for box in boxes}
    lines = tuple(Line(edge, _downward(at[edge.start], at[edge.end])) for edge in system.edges)
    return Layout(NARROW_WIDTH, y - _NARROW_GAP + _MARGIN, tuple(boxes), lines)


def _ranks(system: SystemMap) -> list[list[Part]]:
    ranks = sorted({part.rank for part in system.parts})
    return [[part for part in system.parts if part.rank == rank] for rank in ranks]


def _height(part: Part) -> float:
    return BOX_HEIGHT + (FAILURES_HEIGHT if part.failures else 0)


def _column_height(parts: Sequence[Part]) -> float:
    return sum(map(_height, parts)) + _WIDE_SPACE * (len(parts) - 1)


def _rightward(start: Box, end: Box) -> str:
    x1, y1 = start.x + start.width, start.y + BOX_HEIGHT / 2
    x2, y2 = end.x, end.y + BOX_HEIGHT / 2
    bend = (x1 + x2) / 2
    return f"M{x1:g} {y1:g}C{bend:g} {y1:g} {bend:g} {y2:g} {x2:g} {y2:g}"


def _downward(start: Box, end: Box) -> str:
    # From below the dead-letter queue.
    x1, y1 = start.x + start.width / 2, start.y + start.height
    x2, y2 = end.x + end.width / 2, end.y
    bend = (y1 + y2) / 2
    return f"M{x1:g} {y1:g}C{x1:g} {bend:g} {x2:g} {bend:g} {x2:g} {y2:g}"
