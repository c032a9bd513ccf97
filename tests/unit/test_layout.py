"""Where files stand, and what they may be called."""

import ast
import json
from collections import Counter
from pathlib import Path

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


def imported(path: Path) -> set[Path]:
    """The modules of reinventure/ that a module imports."""
    names = set[str]()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
    paths = (ROOT / f"{name.replace('.', '/')}.py" for name in names if "reinventure" in name)
    return {each for each in paths if each.exists()}


def test_cdk_watch_watches_what_the_stacks_are_made_of() -> None:
    found = set[Path]()
    waiting = [ROOT / "app.py", *(ROOT / "stacks").rglob("*.py")]
    while waiting:
        new = imported(waiting.pop()) - found
        found |= new
        waiting.extend(new)
    assert {path.name for path in found} > {"contract.py", "event_patterns.py"}
    watched = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["watch"]["include"]
    modules = {path.relative_to(ROOT).as_posix() for path in found}
    assert set(watched) == {"app.py", "stacks/**", "lambdas/**", "worker/**", *modules}
