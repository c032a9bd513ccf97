"""The examples: short, with the packages that the tests have, packed for Lambda's processor."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
FILES = sorted(EXAMPLES.glob("*/*.py"))


def test_there_are_examples() -> None:
    assert len(FILES) == 7


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(EXAMPLES)))
def test_a_program_or_a_stack_has_fewer_than_60_lines(path: Path) -> None:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    assert len(lines) < 60


@pytest.mark.parametrize("example", ["csv_to_duckdb", "thumbnails"])
def test_an_example_needs_the_versions_that_it_is_tested_with(example: str) -> None:
    tested = {
        line
        for name in ("requirements.in", "requirements-dev.in")
        for line in (ROOT / name).read_text().splitlines()
    }
    assert set((EXAMPLES / example / "requirements.txt").read_text().splitlines()) <= tested


def test_thumbnails_are_packed_for_the_function_that_makes_them() -> None:
    page = (EXAMPLES / "thumbnails" / "README.md").read_text(encoding="utf-8")
    stack = (EXAMPLES / "thumbnails" / "app.py").read_text(encoding="utf-8")
    [processor] = re.findall(r"--platform \w+?_(aarch64|x86_64) ", page)
    [python] = re.findall(r"--python-version 3\.(\d+) ", page)
    assert f"Architecture.{'ARM' if processor == 'aarch64' else 'X86'}_64," in stack
    assert f"Runtime.PYTHON_3_{python}," in stack
