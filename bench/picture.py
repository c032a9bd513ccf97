"""The picture of the results: a bar for each row that has a goal beside a peer."""

import math
from collections.abc import Iterable, Iterator
from html import escape

from bench.row import RATIO, Row, number

_WIDTH, _LINE, _TOP = 1200, 26, 64
_LEFT, _RIGHT = 400, 740
"""Where the axis of the bars begins and ends."""

_ATTRIBUTES = (
    'role="img" aria-labelledby="title" font-family="system-ui, sans-serif" font-size="13"'
)
_TITLE = "Time, CPU or units of this project beside those of others"
_LOWEST, _HIGHEST = 0.01, 10.0
_STYLE = """
  <style>
    .page { fill: #ffffff }
    .met { fill: #0969da }
    .missed { fill: #bc4c00 }
    .grid { stroke: #d1d9e0 }
    .goal { stroke: #1f2328; stroke-width: 2.5 }
    text { fill: #1f2328 }
    @media (prefers-color-scheme: dark) {
      .page { fill: #0d1117 }
      .met { fill: #4493f8 }
      .missed { fill: #db6d28 }
      .grid { stroke: #3d444d }
      .goal { stroke: #f0f6fc }
      text { fill: #f0f6fc }
    }
  </style>"""


def draw(rows: Iterable[Row]) -> str:
    """Return an SVG. A bar goes from the peer's figure to ours; to the left is better."""
    shown = [row for row in rows if row.ratio and row.goal and row.goal.unit == RATIO]
    height = _TOP + _LINE * len(shown) + 16
    box = f'viewBox="0 0 {_WIDTH} {height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {_ATTRIBUTES} {box}>',
            f'  <title id="title">{_TITLE}</title>{_STYLE}',
            f'  <rect class="page" width="{_WIDTH}" height="{height}"/>',
            f'  <text x="{_LEFT}" y="24">less than the peer: better</text>',
            f'  <text x="{_RIGHT}" y="24" text-anchor="end">more</text>',
            *_grid(height),
            *(line for place, row in enumerate(shown) for line in _bar(row, _TOP + place * _LINE)),
            "</svg>\n",
        ]
    )


def _grid(height: int) -> Iterator[str]:
    for value in (0.01, 0.1, 1, 10):
        x = _x(value)
        yield f'  <path class="grid" d="M{x} {_TOP - 8}V{height - 12}"/>'
        yield f'  <text x="{x}" y="{_TOP - 16}" text-anchor="middle">{value:g}x</text>'


def _bar(row: Row, y: int) -> Iterator[str]:
    if row.ratio is None or row.goal is None:
        raise ValueError(f"{row.what} has no goal beside a peer")
    # Of a speed more is better; the bars are of the time that the same work takes.
    power = -1 if row.goal.at_least else 1
    ratio, goal = row.ratio.median**power, row.goal.limit**power
    start, end = sorted((_x(1), _x(ratio)))
    kind = "met" if row.met else "missed"
    yield f'  <text x="{_LEFT - 12}" y="{y + 14}" text-anchor="end">{_text(row.what)}</text>'
    yield f'  <rect class="{kind}" x="{start}" y="{y}" width="{end - start:.1f}" height="18"/>'
    yield f'  <path class="goal" d="M{_x(goal)} {y - 3}v24"/>'
    label = f"{number(ratio)}x of {row.peer}; goal {number(goal)}x"
    yield f'  <text x="{_RIGHT + 12}" y="{y + 14}">{_text(label)}</text>'


def _x(value: float) -> float:
    """Return the place of `value` on the axis, which is logarithmic."""
    within = min(max(value, _LOWEST), _HIGHEST)
    share = math.log(within / _LOWEST) / math.log(_HIGHEST / _LOWEST)
    return round(_LEFT + share * (_RIGHT - _LEFT), 1)


def _text(text: str) -> str:
    return escape(text.replace("`", ""))
