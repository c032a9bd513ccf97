"""HTML and SVG as a tree, in which text is always text.

A template engine has a way to leave text unescaped; this module has none. The key of an
object may hold any character: markup is escaped, and a character without a glyph, or one that turns
the writing direction, is spelled out as `reinventure.printable` does.
"""

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Union

from reinventure.printable import printable

_VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})
"""Elements without content or end tag (HTML Living Standard, 13.1.2), of those in use here."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9:-]*")
"""Of elements and attributes."""

Child = Union["Element", str, int, None, Iterable["Child"]]
"""Content of an element. None is nothing."""


@dataclass(frozen=True, slots=True)
class Element:
    """An element with its attributes and its content. `str()` of it is HTML."""

    tag: str
    attributes: tuple[tuple[str, str | None], ...]
    children: tuple[Child, ...]

    def __str__(self) -> str:
        return "".join(self._parts())

    def _parts(self) -> Iterator[str]:
        yield f"<{self.tag}"
        for name, value in self.attributes:
            yield f" {name}" if value is None else f' {name}="{_attribute(value)}"'
        yield ">"
        if self.tag not in _VOID:
            yield from _rendered(self.children)
            yield f"</{self.tag}>"


def element(tag: str, /, *children: Child, **attributes: str | float | bool | None) -> Element:
    """Return the element `tag` with `children` and `attributes`.

    In the name of an attribute, `_` stands for `-`, and one at its end is dropped: `class_`,
    `data_part`. True is an attribute without value; False and None are no attribute. Raises
    ValueError for an invalid name.
    """
    named = []
    for name, value in attributes.items():
        if value is None or value is False:
            continue
        html_name = _checked(name.removesuffix("_").replace("_", "-"))
        named.append((html_name, None if value is True else str(value)))
    return Element(_checked(tag), tuple(named), children)


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a name of an element or attribute")
    return name


def _rendered(child: Child) -> Iterator[str]:
    match child:
        case None:
            return
        case Element():
            yield from child._parts()
        case str() | int():
            yield html.escape(printable(str(child)), quote=False)
        case _:
            for each in child:
                yield from _rendered(each)


def _attribute(value: str) -> str:
    return html.escape(printable(value))
