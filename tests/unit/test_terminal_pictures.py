"""Pictures of terminals: for every page, without anything from elsewhere, and read by programs."""

import re
from pathlib import Path

import pytest
from rich.text import Text

from tests.pictures import terminal_svg

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHOWN = re.findall(r'<img src="(docs/pictures/\w+\.svg)" alt="([^"]*)">', README)
STILL = "docs/pictures/demo-still.svg"

pictures = pytest.mark.parametrize(("file", "alt"), SHOWN, ids=[file for file, _ in SHOWN])


def test_the_readme_shows_all_of_them() -> None:
    drawn = (ROOT / "docs" / "pictures").glob("*.svg")
    assert {f"docs/pictures/{each.name}" for each in drawn} == {*dict(SHOWN), STILL}
    assert f'<source media="(prefers-reduced-motion: reduce)" srcset="{STILL}">' in README


@pictures
def test_a_picture_is_small_and_for_light_and_dark(file: str, alt: str) -> None:
    picture = (ROOT / file).read_text(encoding="utf-8")
    assert len(picture.encode()) < 100_000
    assert "@media (prefers-color-scheme: dark)" in picture
    assert re.findall(r"https?://[^\"\s]+", picture) == ["http://www.w3.org/2000/svg"]


@pictures
def test_its_text_says_which_command_it_shows(file: str, alt: str) -> None:
    first = terminal_svg.lines((ROOT / file).read_text(encoding="utf-8"))[0]
    assert first.startswith(f"$ {alt.partition(':')[0]}")


def test_what_moves_can_stand_still() -> None:
    rows = [Text("first"), Text("second")]
    still, moving = terminal_svg.draw("", rows), terminal_svg.draw("", rows, [0, 1.5])
    assert "animation" not in still
    assert "animation" not in (ROOT / STILL).read_text(encoding="utf-8")
    assert moving.count("animation-delay") == 2
    assert "@media (prefers-reduced-motion: reduce) { .row { animation: none } }" in moving


def test_a_picture_has_the_text_of_the_terminal() -> None:
    rows = ["│ names/東京.txt │ 🚀  x │", "", "  <b> & $dark {x}", "Proof: EQUAL."]
    texts = [*map(Text, rows[:-1]), Text.from_ansi(f"\x1b[1;32m{rows[-1]}\x1b[0m")]
    assert terminal_svg.lines(terminal_svg.draw("a < b & c", texts)) == rows


def test_a_row_that_the_picture_would_cut_is_an_error() -> None:
    with pytest.raises(ValueError, match="wider than 110 columns"):
        terminal_svg.draw("", [Text("x" * 111)])
