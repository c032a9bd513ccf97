"""docs/reliability.md has the figures of tests/rehearsals/figures.json, one for each rehearsal."""

import re

import pytest

from reinventure.console.breakages import BREAKAGES
from tests.assembly import ROOT
from tests.rehearsals import figures
from tests.rehearsals.__main__ import PLACES

FOUND = figures.read()
MARKED = {
    name
    for place in PLACES
    for path in (ROOT / "tests" / place).rglob("test_*.py")
    for name in re.findall(r'pytest\.mark\.rehearsal\(\s*"([a-z0-9-]+)"', path.read_text())
} | {each.fault.value for each in BREAKAGES}


def test_the_table_is_that_of_the_figures() -> None:
    assert figures.section(FOUND) in figures.PAGE.read_text(encoding="utf-8")


def test_every_figure_is_of_a_rehearsal() -> None:
    assert len(MARKED) > 20
    assert {each.name for each in FOUND} <= MARKED


@pytest.mark.parametrize("figure", FOUND, ids=lambda each: each.name)
def test_a_figure_fits_into_a_cell(figure: figures.Figure) -> None:
    cells = (figure.failure, figure.how, figure.promise, figure.seen)
    assert all(cells)
    assert not any("|" in each or "\n" in each for each in cells)
