"""Where files stand, and what they may be called."""

from collections import Counter

import pytest

from tests.assembly import ROOT

CODE = ("lambdas", "reinventure", "stacks", "worker")
REPEATED = {"__init__.py", "__main__.py", "stack.py"}
"""Names that several folders have."""

MODULES = [path for folder in CODE for path in sorted((ROOT / folder).rglob("*.py"))]


def test_no_two_modules_have_the_same_name() -> None:
    names = Counter(path.name for path in MODULES)
    assert len(names) > 100
    assert {name for name, count in names.items() if count > 1} <= REPEATED


@pytest.mark.parametrize("word", ["common", "helper", "helpers", "misc", "util", "utils"])
def test_no_module_or_folder_has_a_name_without_meaning(word: str) -> None:
    assert not [path for path in MODULES if word in (path.stem, *path.relative_to(ROOT).parts)]
