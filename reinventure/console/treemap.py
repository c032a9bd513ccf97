"""Treemap: rectangles whose areas are in proportion to numbers, as near to squares as they can be.

The squarified layout of Bruls, Huizing and van Wijk (Squarified Treemaps, 2000): in the order of
size, rectangles are added to a row along the shorter side as long as that makes none of the row
longer than it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rectangle:
    """Its left upper corner, and its size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def area(self) -> float:
        """Width times height."""
        return self.width * self.height


def layout(sizes: Sequence[float], within: Rectangle) -> list[Rectangle]:
    """Return a rectangle for each of `sizes`, which are positive and in descending order.

    They fill `within`, whose sides are positive, and do not overlap.
    """
    whole = sum(sizes)
    areas = [size * within.area / whole for size in sizes]
    found, free, start = list[Rectangle](), within, 0
    while start < len(areas):
        side = min(free.width, free.height)
        if side <= 0:
            # So small that it was lost in rounding.
            return found + [Rectangle(free.x, free.y, 0, 0)] * (len(areas) - start)
        end = start + 1
        while end < len(areas) and _longest(areas[start : end + 1], side) <= _longest(
            areas[start:end], side
        ):
            end += 1
        row, free = _row(areas[start:end], free, last=end == len(areas))
        found += row
        start = end
    return found


def _longest(areas: Sequence[float], side: float) -> float:
    """Return the greatest ratio of two sides in a row of `areas` along a `side`."""
    depth = sum(areas) / side
    lengths = [area / depth for area in areas]
    return max(max(length / depth, depth / length) for length in lengths)


def _row(
    areas: Sequence[float], free: Rectangle, *, last: bool
) -> tuple[list[Rectangle], Rectangle]:
    """Return the rectangles of a row along the shorter side of `free`, and what is free then."""
    upright = free.width >= free.height
    side, room = (free.height, free.width) if upright else (free.width, free.height)
    # The last row takes what is left, whatever the rounding.
    depth = room if last else sum(areas) / side
    found, along, whole = list[Rectangle](), 0.0, sum(areas)
    for area in areas:
        length = side * area / whole
        found.append(
            Rectangle(free.x, free.y + along, depth, length)
            if upright
            else Rectangle(free.x + along, free.y, length, depth)
        )
        along += length
    rest = max(0.0, room - depth)
    if upright:
        return found, Rectangle(free.x + depth, free.y, rest, free.height)
    return found, Rectangle(free.x, free.y + depth, free.width, rest)
