"""docs/reliability.md has the figures of tests/rehearsals/figures.json, one for each rehearsal."""

import importlib
from collections.abc import Iterator

import pytest

from tests.assembly import ROOT
from tests.rehearsals import figures
from tests.rehearsals.__main__ import PLACES
from tests.rehearsals.rehearsal import Plan

FOUND = figures.read()


def marks() -> Iterator[pytest.Mark]:
    """The marks of all tests in files that have rehearsals, and of their parameters."""
    for place in PLACES:
        for path in (ROOT / "tests" / place).rglob("test_*.py"):
            if "pytest.mark.rehearsal" not in path.read_text(encoding="utf-8"):
                continue
            module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
            for test in vars(module).values():
                for mark in getattr(test, "pytestmark", []):
                    yield mark
                    for values in mark.args[1:] if mark.name == "parametrize" else ():
                        for each in values:
                            yield from getattr(each, "marks", ())


PLANS = {
    plan.name: plan
    for plan in (Plan(*mark.args, **mark.kwargs) for mark in marks() if mark.name == "rehearsal")
}


def test_the_table_is_that_of_the_figures() -> None:
    assert figures.section(FOUND) in figures.PAGE.read_text(encoding="utf-8")


def test_each_rehearsal_has_a_figure() -> None:
    assert len(PLANS) > 20
    assert sorted(each.name for each in FOUND) == sorted(PLANS)


@pytest.mark.parametrize("figure", FOUND, ids=lambda each: each.name)
def test_a_figure_says_what_its_rehearsal_does(figure: figures.Figure) -> None:
    assert PLANS[figure.name] == Plan(figure.name, figure.failure, figure.how, figure.promise)


@pytest.mark.parametrize("figure", FOUND, ids=lambda each: each.name)
def test_a_figure_fits_into_a_cell(figure: figures.Figure) -> None:
    cells = (figure.failure, figure.how, figure.promise, figure.seen)
    assert all(cells)
    assert not any("|" in each or "\n" in each for each in cells)
