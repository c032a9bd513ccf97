"""What a terminal shows, as an SVG that follows the reader's light or dark page."""

import io
import re
from collections.abc import Sequence
from html import escape
from string import Template
from xml.etree import ElementTree as ET

from rich.cells import cell_len
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from reinventure.printable import printable

COLUMNS = 110
"""Width of each picture, so that all have letters of one size."""

PROMPT = "$ "

_COLUMN, _ROW, _MARGIN = 12.2, 24.4, 12
"""Pixels of Rich's export, with its letters of 20 pixels."""

# The colours of GitHub's pages.
_LIGHT = TerminalTheme(
    (255, 255, 255),
    (31, 35, 40),
    [
        (31, 35, 40),
        (207, 34, 46),
        (26, 127, 55),
        (154, 103, 0),
        (9, 105, 218),
        (130, 80, 223),
        (27, 124, 131),
        (89, 99, 110),
    ],
)
_DARK = TerminalTheme(
    (13, 17, 23),
    (240, 246, 252),
    [
        (240, 246, 252),
        (248, 81, 73),
        (63, 185, 80),
        (210, 153, 34),
        (68, 147, 248),
        (171, 125, 248),
        (57, 197, 207),
        (145, 152, 161),
    ],
)
GREY = "white"
"""The eighth colour: readable on both pages, and less than the text."""

_NAME = "t"
_FONTS = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace'
_SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 $width $height" role="img"
  aria-labelledby="title">
<title id="title">$title</title>
<style>
.page { fill: #ffffff; stroke: #d1d9e0 }
.t-matrix { font: 20px $fonts }
$light
@media (prefers-color-scheme: dark) {
.page { fill: #0d1117; stroke: #3d444d }
$dark
}
$motion</style>
<rect class="page" x="1" y="1" width="$inner_width" height="$inner_height" rx="8"/>
<g class="t-matrix" transform="translate($margin, $margin)">
$rows
</g>
</svg>
"""

_MOTION = """\
.row { animation: appear 1ms both }
@keyframes appear { from { visibility: hidden } }
@media (prefers-reduced-motion: reduce) { .row { animation: none } }
"""


def command(line: str, note: str = "") -> Text:
    """Return the line at which a person types a command; `note` is a comment behind it."""
    return Text.assemble((PROMPT, GREY), (line, "bold"), (note, GREY))


def draw(title: str, rows: Sequence[Text], seconds: Sequence[float] | None = None) -> str:
    """Return the picture of `rows`, from top to bottom. `title` says what it shows.

    With `seconds`, each row appears at its time, once, and then stays; without motion, if that is
    what the reader prefers and the browser says so to pictures.
    """
    light, dark, elements = _export(rows)
    by_row: dict[int, str] = {}
    for element in elements:
        row = _row(float(re.findall(r' y="([\d.]+)"', element)[0]))
        by_row[row] = by_row.get(row, "") + element
    width, height = COLUMNS * _COLUMN + 2 * _MARGIN, len(rows) * _ROW + 2 * _MARGIN
    return Template(_SVG).substitute(
        title=escape(title),
        fonts=_FONTS,
        light=light,
        dark=dark,
        motion=_MOTION if seconds else "",
        width=f"{width:g}",
        height=f"{height:g}",
        inner_width=f"{width - 2:g}",
        inner_height=f"{height - 2:g}",
        margin=_MARGIN,
        rows="\n".join(
            f'<g class="row" style="animation-delay: {seconds[row]:.2f}s">{texts}</g>'
            if seconds
            else texts
            for row, texts in by_row.items()
        ),
    )


def lines(picture: str) -> list[str]:
    """Return the text of a picture, row by row."""
    by_row: dict[int, str] = {}
    for element in ET.fromstring(picture).iter("{http://www.w3.org/2000/svg}text"):  # noqa: S314
        row = _row(float(element.attrib["y"]))
        column = round(float(element.attrib["x"]) / _COLUMN)
        text = by_row.get(row, "")
        by_row[row] = text + " " * (column - cell_len(text)) + (element.text or "")
    return [
        by_row.get(row, "").replace("\N{NO-BREAK SPACE}", " ").rstrip()
        for row in range(max(by_row, default=-1) + 1)
    ]


def _row(y: float) -> int:
    return round((y - 20) / _ROW)


def _export(rows: Sequence[Text]) -> tuple[str, str, list[str]]:
    """Return Rich's styles for a light page and for a dark one, and its text elements."""
    console = Console(
        record=True,
        width=COLUMNS,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
    )
    for row in rows:
        if row.cell_len > COLUMNS:
            raise ValueError(f"wider than {COLUMNS} columns: {printable(row.plain)}")
        for place, letter in enumerate(row.plain):
            # A glyph of two columns has an element of its own, or the next ones would be misplaced.
            if cell_len(letter) == 2:
                row.stylize(Style(meta={"wide": place}), place, place + 1)
        console.print(row, no_wrap=True, highlight=False)

    def export(theme: TerminalTheme, what: str) -> str:
        return console.export_svg(
            title="", theme=theme, clear=False, code_format=what, unique_id=_NAME
        )

    texts = re.findall(r"<text.*?</text>", export(_LIGHT, "{matrix}"))
    return (
        export(_LIGHT, "{styles}"),
        export(_DARK, "{styles}"),
        [re.sub(r' clip-path="[^"]*"', "", text) for text in texts],
    )
