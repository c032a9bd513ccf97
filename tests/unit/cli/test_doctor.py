"""The command doctor: it asks, proves, prints a line for each way, and exits with 1 or 0."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from reinventure import cli
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.aws.doctor import diagnosis
from reinventure.aws.doctor.proof import Finding, Outcome, Proof
from reinventure.errors import CheckFailedError

Run = Callable[..., Result]


class Ways:
    """Proofs in place of those of a catalog, and which of them were made."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.refused = False

    def proofs(self, _: object) -> list[Proof | Finding]:
        return [
            Proof("this way", "puts an object", lambda: self._prove("this"), "Set this"),
            Finding("that way", Outcome.NOT_DEPLOYED, "there is no \x1b", "Deploy it"),
            Proof("one more", "sets off an alarm", lambda: self._prove("more")),
        ]

    def _prove(self, name: str) -> str:
        self.made.append(name)
        if self.refused and name == "this":
            raise CheckFailedError("nothing came")
        return "it came"


@pytest.fixture
def ways(catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch) -> Ways:
    ways = Ways()
    monkeypatch.setattr(diagnosis, "proofs", ways.proofs)
    return ways


def answer(text: str, *arguments: str) -> Result:
    return CliRunner().invoke(cli.app, ["doctor", *arguments], input=text, prog_name="reinventure")


def test_each_way_is_a_line(ways: Ways, run: Run) -> None:
    result = run("doctor", "--yes")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "works: this way: it came",
        "not deployed: that way: there is no \\x1b. Deploy it",
        "works: one more: it came",
    ]
    assert "Proving this way" in result.stderr
    assert "emulator" not in result.stderr


def test_a_way_that_does_not_work_has_a_remedy_and_exits_with_1(ways: Ways, run: Run) -> None:
    ways.refused = True
    result = run("doctor", "--yes")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[0] == "does not work: this way: nothing came. Set this"
    assert ways.made == ["this", "more"]


def test_json_has_a_finding_a_line(ways: Ways, run: Run) -> None:
    ways.refused = True
    result = run("doctor", "--yes", "--json")
    lines: list[dict[str, Any]] = [json.loads(line) for line in result.stdout.splitlines()]
    assert lines[0] == {
        "subject": "this way",
        "outcome": "does not work",
        "detail": "nothing came",
        "remedy": "Set this",
    }
    assert [line["outcome"] for line in lines] == ["does not work", "not deployed", "works"]
    assert lines[2]["remedy"] is None


def test_it_says_what_it_changes_and_asks(ways: Ways) -> None:
    result = answer("y\n")
    assert result.exit_code == 0
    assert ways.made == ["this", "more"]
    assert "this way: puts an object\none more: sets off an alarm\n" in result.stderr
    assert "Prove these in the stack Catalog? [y/N]" in result.stderr
    assert "[y/N]" not in result.stdout


@pytest.mark.parametrize(
    ("text", "why"), [("n\n", "nothing was changed"), ("", "there was no answer to the question")]
)
def test_without_a_yes_it_changes_nothing(ways: Ways, text: str, why: str) -> None:
    result = answer(text)
    assert result.exit_code == 2
    assert result.stderr.endswith(f"reinventure: {why}\n")
    assert ways.made == []


def test_on_an_emulator_it_says_that_keys_are_not_evaluated(
    ways: Ways, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnosis, "emulated", lambda _: True)
    result = run("doctor", "--yes")
    assert "evaluates no key policies" in result.stderr
