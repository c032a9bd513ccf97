"""The construct in a CDK app of others: examples/cdk_app, with the package installed by pip."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.assembly import ROOT
from tests.stacks.conftest import Template, read

BUCKETS = "photos-prod,logs-prod/2026/"
"""The buckets of the example, as the setting `buckets` names them."""

OF_THE_APP = {
    "AWS::CDK::Metadata": 1,
    "AWS::SNS::Subscription": 1,
    "AWS::SQS::Queue": 2,
    "AWS::SQS::QueuePolicy": 2,
}
"""The resources of the example besides the catalog's."""

BUILT_FROM = ("setup.py", "pyproject.toml", "README.md", "LICENSE", "cdk.json")


def page() -> list[str]:
    """The commands of the example's page."""
    text = (ROOT / "examples" / "cdk_app" / "README.md").read_text(encoding="utf-8")
    [block] = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    commands: list[str] = block.splitlines()
    return commands


def checkout(folder: Path) -> Path:
    """A copy of what the wheel is built from, and of the example. Returns the example's folder."""
    for name in BUILT_FROM:
        shutil.copy(ROOT / name, folder)
    ignored = shutil.ignore_patterns("__pycache__", ".venv", "cdk.out", "build")
    for name in ("reinventure", "lambdas", "stacks", "examples"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    return folder / "examples" / "cdk_app"


@pytest.fixture(scope="module")
def synthesised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The assembly of the example, after the commands of its page."""
    folder = checkout(tmp_path_factory.mktemp("checkout"))
    packages = sysconfig.get_path("purelib")
    links = sysconfig.get_path("purelib", vars={"base": str(folder / ".venv")})
    pip = f"{sys.executable} -m pip --python .venv/bin/python install"
    instead = {
        # Without pip, which is quicker, and with all packages of this environment but this one:
        # Python does not read the .pth files of a folder that a .pth file names.
        "python3 -m venv .venv": f"{sys.executable} -m venv --without-pip .venv && "
        f"echo {packages} > {links}/packages.pth",
        "pip install '../..[cdk]'": f"{pip} --no-index --no-build-isolation '../..[cdk]'",
    }
    script = "\n".join(instead.get(command, command) for command in page())
    assert all(command in page() for command in instead)
    # `cdk` and `node`.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        ["bash", "-e", "-c", script],  # noqa: S607 (whichever is used)
        cwd=folder,
        env={**clean, "PATH": path, "CDK_VALIDATION": "false"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "cdk.out"


@pytest.fixture(scope="module")
def photos(synthesised: Path) -> Template:
    return read(synthesised, "PhotoStack")


def kinds(template: Template) -> Counter[str]:
    return Counter(resource["Type"] for resource in template["Resources"].values())


def code(folder: Path) -> set[str]:
    """The hashes of the folders that the assembly in `folder` uploads."""
    [assets] = folder.glob("*.assets.json")
    files = json.loads(assets.read_text())["files"].items()
    return {name for name, file in files if file["source"]["packaging"] == "zip"}


def test_it_has_what_the_stack_catalog_has(
    photos: Template, synthesise: Callable[..., Path]
) -> None:
    ours = read(synthesise(buckets=BUCKETS))
    assert kinds(photos) == kinds(ours) + Counter(OF_THE_APP)


def test_its_functions_have_the_same_code(
    synthesised: Path, synthesise: Callable[..., Path]
) -> None:
    found = code(synthesised)
    assert found == code(synthesise(buckets=BUCKETS))
    assert found


def test_it_installs_no_name_that_an_app_of_others_may_have(synthesised: Path) -> None:
    [packages] = synthesised.parent.glob(".venv/lib/python*/site-packages")
    names = {path.name for path in packages.iterdir()} - {"packages.pth", "__pycache__"}
    assert {re.sub(r"-.*\.dist-info$", "", name) for name in names} == {
        "reinventure",
        "reinventure_cdk",
        "s3_catalog",
    }
    assert (packages / "reinventure_cdk" / "py.typed").exists()
