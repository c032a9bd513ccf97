"""The treemap: areas are in proportion, fill the whole and do not overlap; and how it is drawn."""

import math

from hypothesis import given
from hypothesis import strategies as st

from reinventure.console.treemap import Rectangle, layout
from reinventure.console.treemap_drawing import MAX_TILES, WIDE, Tile, drawing

NEAR = 1e-6

SIZES = st.lists(st.integers(1, 10**15), min_size=1, max_size=40).map(
    lambda sizes: sorted(sizes, reverse=True)
)
WITHIN = st.builds(Rectangle, st.just(3.0), st.just(5.0), st.floats(10, 2000), st.floats(10, 2000))


@given(SIZES, WITHIN)
def test_areas_are_in_proportion_and_fill_the_whole(sizes: list[int], within: Rectangle) -> None:
    found = layout(sizes, within)
    assert len(found) == len(sizes)
    for size, each in zip(sizes, found, strict=True):
        expected = within.area * size / sum(sizes)
        assert math.isclose(each.area, expected, rel_tol=1e-3, abs_tol=within.area * NEAR)
    assert math.isclose(sum(each.area for each in found), within.area, rel_tol=1e-6)


@given(SIZES, WITHIN)
def test_rectangles_are_within_and_do_not_overlap(sizes: list[int], within: Rectangle) -> None:
    found = layout(sizes, within)
    slack = max(within.width, within.height) * NEAR
    for each in found:
        assert each.x >= within.x - slack
        assert each.y >= within.y - slack
        assert each.x + each.width <= within.x + within.width + slack
        assert each.y + each.height <= within.y + within.height + slack
    for number, one in enumerate(found):
        for other in found[number + 1 :]:
            wide = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
            high = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
            assert wide <= slack or high <= slack


def test_the_example_of_the_paper() -> None:
    # Bruls, Huizing, van Wijk: 6, 6, 4, 3, 2, 2, 1 in a rectangle of 6 by 4.
    found = layout([6, 6, 4, 3, 2, 2, 1], Rectangle(0, 0, 6, 4))
    assert [(each.x, each.y) for each in found[:2]] == [(0, 0), (0, 2)]
    assert [(round(each.width, 2), round(each.height, 2)) for each in found[:3]] == [
        (3, 2),
        (3, 2),
        (1.71, 2.33),
    ]
    # None is narrower than 1 to 3.
    assert max(max(r.width / r.height, r.height / r.width) for r in found) < 3


def test_it_keeps_what_is_too_small_for_a_number() -> None:
    found = layout([10**300, 1], Rectangle(0, 0, 100, 100))
    assert len(found) == 2
    assert found[1].area < NEAR


def tile(name: str, bytes_: int, objects: int = 1) -> Tile:
    return Tile(name, f"/catalog?folder={name}", objects, bytes_)


EMPTY = Tile("objects here", None, 0, 0)


def drawn(folders: list[Tile], rest: Tile = EMPTY, *, by_objects: bool = False) -> str:
    return str(drawing(folders, rest, by_objects=by_objects, within=WIDE, class_="wide"))


def test_each_folder_is_a_link_with_its_numbers_as_name() -> None:
    text = drawn([tile("holiday", 3_000_000, 12), tile("<img src=x>", 1_000_000)])
    assert text.count("<a ") == 2
    assert "<img" not in text
    assert "holiday: 12 objects · 3.0 MB, 75.0%" in text


def test_small_folders_are_one_tile_and_the_folders_own_objects_another() -> None:
    folders = [tile(f"f{number}", 1000 - number) for number in range(MAX_TILES + 10)]
    text = drawn(folders, Tile("objects here", None, 5, 500))
    assert text.count("<a ") == MAX_TILES
    assert "10 smaller ones: 10 objects" in text
    assert "objects here: 5 objects · 500 bytes" in text


def test_areas_by_objects_are_of_objects() -> None:
    folders = [tile("few", 10**9, 1), tile("many", 1, 999)]
    assert "many: 999 objects · 1 byte, 99.9%" in drawn(folders, by_objects=True)
    assert "few: 1 object · 1.0 GB, 0.1%" in drawn(folders, by_objects=True)


def test_nothing_is_drawn_of_nothing() -> None:
    assert drawn([tile("empty", 0, 3)]) == "None"
