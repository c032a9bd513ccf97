"""The package that `pip install .` installs: what it needs, and what lands in site-packages."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from reinventure import cdk_cli
from reinventure.errors import UserError

ROOT = Path(__file__).parents[2]
CONFIGURATION: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = CONFIGURATION["project"]
EXTRAS = PROJECT["optional-dependencies"]


def test_the_command_starts_without_what_is_in_the_extras() -> None:
    extras = [
        "aws_cdk",
        "constructs",
        "hypercorn",
        "jsii",
        "ministack",
        "pymysql",
        "starlette",
        "trustme",
    ]
    absent = [*extras, "handlers", "stacks", "worker"]  # In a checkout only.
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({absent}))\n"
        "import reinventure.cli; sys.argv[1:] = ['--version']; reinventure.cli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (done.stdout, done.stderr) == (f"reinventure {PROJECT['version']}\n", "")


def test_two_packages_are_installed_besides_that_of_setup_py() -> None:
    found = CONFIGURATION["tool"]["setuptools"]["packages"]["find"]
    assert found["include"] == ["reinventure*", "s3_catalog*"]
    folders = [ROOT / where for where in found["where"]]
    packages = [path.parent.name for folder in folders for path in folder.glob("*/__init__.py")]
    assert {"handlers", "stacks", "worker"} < set(packages)
    assert [name for name in packages if re.match("reinventure|s3_catalog", name)] == [
        "reinventure",
        "s3_catalog",
    ]


def test_the_versions_of_requirements_are_in_the_ranges_of_the_package() -> None:
    requirements = (ROOT / "requirements.in").read_text()
    pinned = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", requirements, re.MULTILINE))
    # The package is built without a download: `--no-build-isolation`.
    [builder] = CONFIGURATION["build-system"]["requires"]
    assert builder == f"setuptools=={pinned.pop('setuptools')}"
    needed = [*PROJECT["dependencies"], *(need for needs in EXTRAS.values() for need in needs)]
    for need in needed:
        name, operator, version = need.partition(",")[0].split()
        exact = pinned[name]
        assert exact == version if operator == "==" else exact.startswith(f"{version}."), need
    assert pinned.keys() == {need.split()[0] for need in needed}


def test_outside_a_checkout_a_command_says_what_it_needs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cdk_cli, "ROOT", tmp_path)
    with pytest.raises(UserError, match="needs a checkout of reinventure"):
        cdk_cli.require_checkout()


def test_without_the_extras_a_command_says_which_are_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cdk_cli, "_EXTRAS", ("json", "no_such_module"))
    with pytest.raises(UserError, match="needs no_such_module: run `make setup`"):
        cdk_cli.require_checkout()
