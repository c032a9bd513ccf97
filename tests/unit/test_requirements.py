"""Every package that is installed is a wheel with a pinned version and hash."""

import re
import shutil
import subprocess
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
LOCKS = [*sorted(ROOT.glob("requirements*.txt")), ROOT / "worker" / "requirements.txt"]
ENTRY = re.compile(
    r"(?P<name>[a-z0-9-]+)(?:\[(?P<extras>[a-z0-9-]+(?:, [a-z0-9-]+)*)\])?"
    r"==(?P<version>[^\s;]+)(?: ; [^\\]+)?"
    r"(?: \\\n    --hash=sha256:[0-9a-f]{64})+\n    # via .+\n"
)


def pinned(lock: Path) -> dict[str, str]:
    """The version of each package of a lock file, which has versions with hashes only."""
    text = re.sub(r"\A(#.*\n)+", "", lock.read_text())
    entries = {entry["name"]: entry["version"] for entry in ENTRY.finditer(text)}
    assert not ENTRY.sub("", text)
    return entries


def test_every_lock_file_has_its_source() -> None:
    sources = [*ROOT.glob("requirements*.in"), *ROOT.glob("worker/*.in")]
    assert {lock.with_suffix(".in") for lock in LOCKS} == set(sources)
    assert len(LOCKS) == 8


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.relative_to(ROOT)))
def test_what_is_named_is_locked_with_hashes(lock: Path) -> None:
    locked = pinned(lock)
    source = lock.with_suffix(".in").read_text()
    lines = [line.split("#")[0].strip() for line in source.splitlines()]
    named = [line for line in lines if line and not line.startswith("-c ")]
    assert named
    for line in named:
        if line == "botocore":  # The worker's: of the version that boto3 has in requirements.txt.
            assert line in locked
            continue
        name, version = line.split("==")
        assert locked[name.split("[")[0]] == version


def test_a_package_has_one_version() -> None:
    # checkov asks for older ones, and is in an environment of its own.
    shared = [lock for lock in LOCKS if lock.name != "requirements-checkov.txt"]
    assert len(shared) == len(LOCKS) - 1
    everywhere = {entry for lock in shared for entry in pinned(lock).items()}
    assert len(everywhere) == len(dict(everywhere))


def test_a_package_is_pinned_with_the_extras_that_others_ask_for() -> None:
    # Else the pip of Python 3.11 takes the newest release of it, which has no hash here.
    text = (ROOT / "requirements-dev.txt").read_text()
    extras = {entry["name"]: entry["extras"] or "" for entry in ENTRY.finditer(text)}
    asked = [
        wanted
        for package in distributions()
        if package.name.lower() in extras
        for requirement in package.requires or []
        if (wanted := Requirement(requirement)).extras
        and (wanted.marker is None or wanted.marker.evaluate({"extra": ""}))
    ]
    assert asked
    for wanted in asked:
        assert wanted.extras <= set(extras[wanted.name.lower()].split(", ")), str(wanted)


def test_lock_files_name_no_index() -> None:
    for lock in LOCKS:
        assert "//" not in lock.read_text()
        assert "index" not in lock.read_text()


def commands(folder: Path, *targets: str) -> list[str]:
    """The commands of the Makefile that install, for `targets`, as if nothing was made yet."""
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", *targets],  # noqa: S607 (whichever is used)
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.replace("\\\n", " ").splitlines()
    return [line for line in lines if re.search(r"\bpip (install|download)\b|npm-cli", line)]


def test_whatever_make_installs_has_hashes_and_is_a_wheel() -> None:
    lines = commands(ROOT, "setup", "mutants", "audit", "bench", "site", "packages", "lock")
    locks = set()
    for line in lines:
        if "npm-cli" in line:
            assert " ci " in line  # By the hashes of package-lock.json.
        elif "--editable ." in line:
            assert "--no-index --no-deps --no-build-isolation" in line
        elif "uv pip" in line:
            assert "--require-hashes" in line
            assert "--dry-run" in line
        else:
            assert "--require-hashes --only-binary :all:" in line
            locks |= set(re.findall(r"-r (\S+)", line))
    assert locks == {str(lock.relative_to(ROOT)) for lock in LOCKS}


@pytest.mark.parametrize("target", ["ship", "smoke"])
def test_with_the_packages_of_build_a_stage_uses_no_network(tmp_path: Path, target: str) -> None:
    for file in ("Makefile", "pyproject.toml", "package-lock.json"):
        shutil.copy(ROOT / file, tmp_path)
    for lock in LOCKS:
        copy = tmp_path / lock.relative_to(ROOT)
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(lock, copy)
    (tmp_path / "packages").mkdir()
    lines = commands(tmp_path, target)
    assert len(lines) == 4
    for line in lines:
        assert "--no-index" in line or "--offline --cache packages/npm" in line
