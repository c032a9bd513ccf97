"""Findings of security scanners in the templates, and which of them are acknowledged.

`acknowledged.toml` has one decision an entry: rules that demand the same, the constructs at which
they find something, and why it stays so. Each pair of rule and construct must be found, and no
other. What a rule demands may fit this project nowhere: then it is under `not_applied`.
"""

import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ACKNOWLEDGED = Path(__file__).with_name("acknowledged.toml")


@dataclass(frozen=True, order=True, slots=True)
class Finding:
    """A scanner's `rule` is violated by the construct with the path `at`."""

    rule: str
    at: str

    def __str__(self) -> str:
        return f"{self.rule} at {self.at}"


@dataclass(frozen=True, slots=True)
class Acknowledgements:
    """The findings that stay, and the rules that are not applied, each with its reason."""

    findings: dict[Finding, str]
    not_applied: dict[str, str]

    @classmethod
    def read(cls, text: str) -> "Acknowledgements":
        """Read the text of `acknowledged.toml`. Raises ValueError for a finding that has two."""
        entries = tomllib.loads(text)
        findings: dict[Finding, str] = {}
        for entry in entries.get("acknowledged", []):
            for finding in (Finding(rule, at) for rule in entry["rules"] for at in entry["at"]):
                if finding in findings:
                    raise ValueError(f"{finding} is acknowledged twice")
                findings[finding] = entry["reason"]
        not_applied = {
            rule: entry["reason"]
            for entry in entries.get("not_applied", [])
            for rule in entry["rules"]
        }
        return cls(findings, not_applied)

    def of(self, scanner: "Scanner") -> "Acknowledgements":
        """Return those of the rules of `scanner`."""
        return Acknowledgements(
            {each: why for each, why in self.findings.items() if scanner.has(each.rule)},
            {rule: why for rule, why in self.not_applied.items() if scanner.has(rule)},
        )

    def differences(self, found: Iterable[Finding]) -> list[str]:
        """Return a line for each new finding, and each acknowledgement of what is not found."""
        found = set(found)
        rules = {finding.rule for finding in found}
        new = {each for each in found if each.rule not in self.not_applied} - self.findings.keys()
        return [
            *(f"new: {finding}" for finding in sorted(new)),
            *(f"not found any more: {each}" for each in sorted(self.findings.keys() - found)),
            *(f"finds nothing any more: {rule}" for rule in self.not_applied.keys() - rules),
        ]


@dataclass(frozen=True, slots=True)
class Scanner:
    """A scanner, by the beginnings of the names of its rules."""

    prefixes: tuple[str, ...]

    def has(self, rule: str) -> bool:
        """Whether `rule` is one of its rules."""
        return rule.startswith(self.prefixes)


def construct_paths(template: Path) -> dict[str, str]:
    """Return the construct's path of each resource in `template`, by its logical id.

    It ends before the "/Resource" of most; a resource without metadata has its logical id.
    """
    resources = json.loads(template.read_text())["Resources"]
    stack = template.name.removesuffix(".template.json")
    return {
        name: each.get("Metadata", {})
        .get("aws:cdk:path", f"{stack}/{name}")
        .removesuffix("/Resource")
        for name, each in resources.items()
    }
