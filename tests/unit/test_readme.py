"""The README is short, and its figures are those of the package and of the report."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_it_is_short() -> None:
    assert README.count("\n") < 150


def test_it_has_the_version_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"**Status.** Version {project['version']}." in README


def test_it_has_the_results_of_the_report() -> None:
    report = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
    histories, hours, *mistakes = re.findall(
        r"ran in ([\d,]+) random histories.*?, ([\d.]+ million) hours.*?\. (\d+) mistakes made on"
        r" purpose in the rule and around it, and (\d+) in the",
        report.replace("\n", " "),
    )[0]
    assert f"**{histories} random histories**" in README
    assert f"{hours} simulated hours" in README
    assert f"{sum(map(int, mistakes))} mistakes made in the code on purpose" in README
