"""The library as `pip install` installs it: its types are there for the type checker of others."""

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

from tests.assembly import ROOT

SCRIPT = """
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import assert_type

import reinventure

catalog = reinventure.open("Catalog", region="eu-west-1")
for row in catalog.rows("holiday/"):
    assert_type(row, reinventure.Row)
    assert_type(row.size, int | None)
for difference in catalog.verify():
    assert_type(difference.row, reinventure.Row | None)
assert_type(catalog.totals().folders, tuple[reinventure.Total, ...])
changes: AbstractContextManager[Iterator[reinventure.Change]] = catalog.changes()
error: type[reinventure.CatalogError] = reinventure.UserError

catalog.find(larger=1.5)  # type: ignore[arg-type]
catalog.find(large=1)  # type: ignore[call-arg]
row.sise  # type: ignore[attr-defined]
row.size = 1  # type: ignore[misc]
reinventure.close()  # type: ignore[attr-defined]
"""
"""Strict mode complains about a comment that ignores nothing, as it would where all is Any."""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that has the wheel, and nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    source = folder / "source"
    unwanted = ignore_patterns("__pycache__", "*.egg-info")
    for name in ("reinventure", "lambdas/s3_catalog"):
        copytree(ROOT / name, source / name, ignore=unwanted)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (source / name).write_bytes((ROOT / name).read_bytes())
    build = [sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps"]
    subprocess.run(
        [*build, "--no-index", "--quiet", "--wheel-dir", folder, source], check=True, cwd=folder
    )
    venv.create(folder / "environment")
    [wheel] = folder.glob("*.whl")
    paths = {"base": str(folder / "environment"), "platbase": str(folder / "environment")}
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(sysconfig.get_path("purelib", "venv", paths))
    return folder / "environment" / "bin" / "python"


def test_a_strict_type_checker_has_the_types_of_the_installed_library(
    python: Path, tmp_path: Path
) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--python-executable", python, "script.py"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.stdout == "Success: no issues found in 1 source file\n"


def test_the_installed_library_is_imported_without_the_checkout(
    python: Path, tmp_path: Path
) -> None:
    program = "import reinventure; print(reinventure.__file__, reinventure.Row.__name__)"
    done = subprocess.run(
        [python, "-c", program], cwd=tmp_path, env={}, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(str(python.parents[1]))
    assert done.stdout.endswith(" Row\n")
