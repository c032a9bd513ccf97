"""`make audit` reports "none" only of a database that has answered."""

import json
import subprocess
from typing import Any

import pytest

from tests import dependency_audit as audit

DJANGO = {"name": "django", "version": "1.11", "vulns": [{"id": "PYSEC-2019-16"}]}
CLEAN = {"name": "six", "version": "1.17.0", "vulns": []}
BAD = {"name": "jinja2", "version": "3.1.6", "vulns": [{"id": "PYSEC-1"}, {"id": "PYSEC-2"}]}
SKIPPED = {"name": "six", "skip_reason": "Dependency not found on PyPI"}
MINIMIST = {"minimist": {"via": [{"title": "Prototype Pollution"}]}}
CDK = {"aws-cdk": {"via": ["tar", {"title": "Path Traversal"}]}}


def python(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def node(vulnerable: dict[str, Any]) -> str:
    return json.dumps({"auditReportVersion": 2, "vulnerabilities": vulnerable})


@pytest.mark.parametrize(
    ("pip_answer", "npm_answer", "status", "said"),
    [
        (python(DJANGO, CLEAN), node(MINIMIST), 0, []),
        (python(DJANGO, BAD), node(MINIMIST), 1, ["jinja2 3.1.6 is vulnerable: PYSEC-1, PYSEC-2"]),
        (python(DJANGO, CLEAN), node(MINIMIST | CDK), 1, ["aws-cdk is vulnerable: tar, Path Trav"]),
        # No answer.
        ("", node(MINIMIST), 2, ["Python packages: NOT CHECKED: pip-audit did not reach"]),
        (python(DJANGO, CLEAN), "", 2, ["Node.js packages: NOT CHECKED: npm did not reach"]),
        (
            python(DJANGO, CLEAN),
            '{"error": {}}',
            2,
            ["Node.js packages: NOT CHECKED: npm did not reach"],
        ),
        # An answer of a database that is empty, or lacks a package.
        (python(CLEAN), node(MINIMIST), 2, ["NOT CHECKED: the database does not have", "django"]),
        (
            python(DJANGO, CLEAN),
            node({}),
            2,
            ["NOT CHECKED: the database does not have", "minimist"],
        ),
        (python(DJANGO, SKIPPED), node(MINIMIST), 2, ["NOT CHECKED: not in the database: six"]),
        # What is known weighs more than what is not.
        (python(DJANGO, BAD), "", 1, ["jinja2 3.1.6 is vulnerable", "NOT CHECKED: npm did not"]),
        (python(BAD), node(MINIMIST), 1, ["jinja2 3.1.6 is vulnerable", "NOT CHECKED"]),
    ],
)
def test_a_silent_database_does_not_count_as_no_vulnerability(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    pip_answer: str,
    npm_answer: str,
    status: int,
    said: list[str],
) -> None:
    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        answer = pip_answer if "pip_audit" in command else npm_answer
        return subprocess.CompletedProcess(command, 1, answer, "")

    monkeypatch.setattr(subprocess, "run", run)
    assert audit.main() == status
    printed = capsys.readouterr().out
    for words in said:
        assert words in printed
    assert ("Python packages: no known" in printed) == (pip_answer == python(DJANGO, CLEAN))


def test_all_lock_files_are_audited(monkeypatch: pytest.MonkeyPatch) -> None:
    commands = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    audit.main()
    together, checkov, _ = commands
    for lock in ("", "-dev", "-mutants", "-audit", "-bench"):
        assert str(audit.ROOT / f"requirements{lock}.txt") in together
    assert str(audit.ROOT / "worker" / "requirements.txt") in together
    # Other versions of the same packages.
    assert str(audit.ROOT / "requirements-checkov.txt") in checkov
    assert len([part for part in checkov if part == "--requirement"]) == 2
