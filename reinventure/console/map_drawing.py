"""The drawing of the system, as SVG. Numbers and states come by events, to the same places."""

from collections.abc import Container, Mapping

from reinventure.console import pages
from reinventure.console.map_layout import BOX_HEIGHT, FAILURES_HEIGHT, Box, Layout
from reinventure.console.markup import Element
from reinventure.console.markup import element as e
from reinventure.console.part_numbers import PartNumbers

_INSET = 10
"""Of text, from the edge of its box."""

_TITLE_Y, _FIRST_Y, _SECOND_Y, _THIRD_Y = 22, 41, 57, 73
_ROUND = 10
_CHARACTER = 8.9
"""Width of a character of a title, on average."""


def drawing(layout: Layout, numbers: Mapping[str, PartNumbers], class_: str) -> Element:
    """Return the drawing of `layout` with the `numbers` of each part, by its id."""
    failing = {part for part, each in numbers.items() if each.failing}
    off = {box.part.id for box in layout.boxes if box.part.off}
    return e(
        "svg",
        (
            e(
                "g",
                e("path", d=line.path, class_="way"),
                e("path", d=line.path, class_="glow", pathLength=1),
                data_way=f"{line.edge.start} {line.edge.end}",
                class_=_class_of_way(line.edge.end, failing, off),
            )
            for line in layout.lines
        ),
        (_part(box, numbers.get(box.part.id, PartNumbers())) for box in layout.boxes),
        viewBox=f"0 0 {layout.width:g} {layout.height:g}",
        class_=f"system {class_}",
        role="group",
        aria_label="The system as deployed",
    )


def _class_of_way(end: str, failing: Container[str], off: Container[str]) -> str:
    if end in off:
        return "off"
    return "failing" if end in failing else ""


def _part(box: Box, numbers: PartNumbers) -> Element:
    part, x, y = box.part, box.x, box.y
    lines = numbers.first, numbers.second, numbers.third
    if part.off:
        lines = "off", f"set {part.off}=true", ""
    classes = ["part", part.kind.value]
    classes += ["off"] if part.off else []
    classes += ["failing"] if numbers.failing else []
    return e(
        "g",
        e("title", part.title),
        e("rect", x=f"{x:g}", y=f"{y:g}", width=f"{box.width:g}", height=BOX_HEIGHT, rx=_ROUND),
        _text(_shortened(part.title, box.width), x + _INSET, y + _TITLE_Y, "name"),
        _text(lines[0], x + _INSET, y + _FIRST_Y, "number", "first"),
        _text(lines[1], x + _INSET, y + _SECOND_Y, "number", "second"),
        _text(lines[2], x + _INSET, y + _THIRD_Y, "number", "third"),
        _failures(box, numbers) if part.failures else None,
        role="group",
        data_part=part.id,
        class_=" ".join(classes),
    )


def _failures(box: Box, numbers: PartNumbers) -> Element:
    """Return the dead-letter queue: a link to what is in it."""
    x, y = box.x + _INSET, box.y + BOX_HEIGHT
    height = FAILURES_HEIGHT - 4
    return e(
        "a",
        e("title", f"What failed in {box.part.title}"),
        e("path", d=f"M{x + 8:g} {y:g}v4", class_="way"),
        e(
            "rect",
            x=f"{x:g}",
            y=f"{y + 4:g}",
            width=f"{box.width - 2 * _INSET:g}",
            height=height,
            rx=height / 2,
        ),
        _text(numbers.failures, box.x + box.width / 2, y + 20, "number", "failures"),
        href=f"{pages.FAILURES}#{box.part.id}",
        class_="failures" + (" waiting" if numbers.waiting else ""),
    )


def _text(text: str, x: float, y: float, class_: str, place: str | None = None) -> Element:
    return e("text", text, x=f"{x:g}", y=f"{y:g}", class_=class_, data_line=place)


def _shortened(title: str, width: float) -> str:
    """Return `title` with an ellipsis in its middle if it is wider than a box of `width`."""
    room = int((width - 2 * _INSET) / _CHARACTER)
    if len(title) <= room:
        return title
    head = room * 2 // 3
    return f"{title[:head]}…{title[len(title) - (room - head - 1) :]}"
