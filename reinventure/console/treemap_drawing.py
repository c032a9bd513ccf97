"""The drawing of a folder's totals: a tile for each folder, which leads to it."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich import filesize

from reinventure.console.markup import Element
from reinventure.console.markup import element as e
from reinventure.console.treemap import Rectangle, layout

WIDE = Rectangle(0, 0, 760, 400)
TALL = Rectangle(0, 0, 366, 440)
"""Sizes of the drawing, for wide and for narrow pages."""

MAX_TILES = 24
"""Folders with a tile of their own: each is one step of the Tab key."""

_SMALLEST = 0.004
"""Share of the whole below which a folder has no tile of its own."""

_GAP = 3
_INSET = 10
_NAME_HEIGHT = 34
_TEXT_HEIGHT = 52
_TEXT_WIDTH = 44
"""The least tile with a name, and with a number below it."""

_CHARACTER = 7.8
_DIGIT = 7.0
"""Width of a character of a name, and of a number."""

_SHADES = (0.4, 0.2, 0.1, 0.04)
"""Shares of the whole, above which a tile has shade 4, 3, 2 and 1."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of the whole: where it leads to, if anywhere, and its numbers."""

    name: str
    href: str | None
    objects: int
    bytes: int

    @property
    def numbers(self) -> str:
        """The numbers, as text."""
        return numbers(self.objects, self.bytes)

    @property
    def texts(self) -> tuple[str, str]:
        """The numbers, as text for a tile that is wide enough, and for one that is not."""
        return self.numbers, filesize.decimal(self.bytes)


def numbers(objects: int, bytes_: int) -> str:
    """Return objects and bytes as text."""
    return f"{objects:,} object{'' if objects == 1 else 's'} · {filesize.decimal(bytes_)}"


def drawing(
    folders: Sequence[Tile], rest: Tile, *, by_objects: bool, within: Rectangle, class_: str
) -> Element | None:
    """Return the drawing of `folders` and of the `rest`, or None if all are empty."""

    def size(tile: Tile) -> int:
        return tile.objects if by_objects else tile.bytes

    shown = _shown(folders, rest, sum(map(size, [*folders, rest])), by_objects=by_objects)
    sizes = list(map(size, shown))
    if not sizes:
        return None
    return e(
        "svg",
        (
            _tile(tile, at, size(tile) / sum(sizes))
            for tile, at in zip(shown, layout(sizes, within), strict=True)
        ),
        viewBox=f"0 0 {within.width:g} {within.height:g}",
        class_=f"treemap {class_}",
        role="group",
        aria_label="Folders by " + ("number of objects" if by_objects else "size"),
    )


def _shown(folders: Sequence[Tile], rest: Tile, whole: int, *, by_objects: bool) -> list[Tile]:
    """Return the tiles of the drawing, largest first; small ones are one of them together."""

    def size(tile: Tile) -> int:
        return tile.objects if by_objects else tile.bytes

    ordered = sorted(folders, key=size, reverse=True)
    own = [each for each in ordered[:MAX_TILES] if size(each) >= _SMALLEST * whole]
    small = ordered[len(own) :]
    if len(small) == 1:
        own += small
    elif small:
        own.append(
            Tile(
                f"{len(small):,} smaller ones",
                None,
                sum(each.objects for each in small),
                sum(each.bytes for each in small),
            )
        )
    return sorted((each for each in (*own, rest) if size(each)), key=size, reverse=True)


def _tile(tile: Tile, at: Rectangle, share: float) -> Element:
    width, height = max(0.0, at.width - _GAP), max(0.0, at.height - _GAP)
    named = width >= _TEXT_WIDTH and height >= _NAME_HEIGHT
    text = next((each for each in tile.texts if _room(width, _DIGIT) >= len(each)), None)
    shade = sum(share > each for each in _SHADES)
    return e(
        "a" if tile.href else "g",
        # Also its name for those who read without seeing.
        e("title", f"{tile.name}: {tile.numbers}, {share:.1%}"),
        e("rect", x=_number(at.x), y=_number(at.y), width=_number(width), height=_number(height)),
        # A drawing of its own: what is longer than the tile is cut off at its edge.
        e(
            "svg",
            e("text", _cut(tile.name, width), x=_INSET, y=22, class_="name"),
            e("text", text, x=_INSET, y=41, class_="number")
            if height >= _TEXT_HEIGHT and text
            else None,
            x=_number(at.x),
            y=_number(at.y),
            width=_number(width - _INSET / 2),
            height=_number(height),
            aria_hidden="true",
        )
        if named
        else None,
        href=tile.href,
        class_=f"tile shade-{shade}" + ("" if tile.href else " rest"),
        role=None if tile.href else "img",
    )


def _cut(name: str, width: float) -> str:
    """Return `name`, with an ellipsis at its end if it is wider than a tile of `width`."""
    room = _room(width, _CHARACTER)
    return name if len(name) <= room else f"{name[: max(1, room - 1)]}…"


def _room(width: float, character: float) -> int:
    return int((width - 1.5 * _INSET) / character)


def _number(value: float) -> str:
    return f"{value:.1f}"
