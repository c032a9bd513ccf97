"""docs/security.md has the permissions of every role and the checks of every control."""

import json
import re
from collections import defaultdict
from pathlib import Path

import pytest

from stacks.governance.controls import CONTROLS, SAME_TEXT
from tests.assembly import ROOT
from tests.stacks.conftest import Template, as_list, resources

COMMON = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
"""The actions of every function, which the page has once."""

PAGE = (ROOT / "docs" / "security.md").read_text()


def table(heading: str) -> dict[str, list[str]]:
    """The rows of the table under `heading`: by what is in the first cell, the others."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    return {cells[0].strip(" `"): [cell.strip() for cell in cells[1:]] for cells in rows}


def roles(template: Template) -> dict[str, set[str]]:
    """The actions of each role by its name, from its own policies and those of buckets."""
    allowed: dict[str, set[str]] = defaultdict(set)
    names = {}
    for name, role in resources(template, "AWS::IAM::Role", least=0).items():
        names[name] = re.sub(r"[0-9A-F]{8}$", "", name)
        properties = role["Properties"]
        allowed[names[name]] |= {
            action
            for policy in properties.get("Policies", [])
            for statement in policy["PolicyDocument"]["Statement"]
            for action in as_list(statement["Action"])
        }
        for managed in properties.get("ManagedPolicyArns", []):
            [policy] = re.findall(r"service-role/(\w+)", json.dumps(managed))
            allowed[names[name]].add(policy)
    for policy in resources(template, "AWS::IAM::Policy", least=0).values():
        for role in policy["Properties"]["Roles"]:
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
                allowed[names[role["Ref"]]] |= set(as_list(statement["Action"]))
    for policy in resources(template, "AWS::S3::BucketPolicy", least=0).values():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            principal = statement["Principal"]
            if isinstance(principal, dict) and isinstance(principal.get("AWS"), dict):
                name = principal["AWS"]["Fn::GetAtt"][0]
                allowed[names[name]] |= set(as_list(statement["Action"]))
    return allowed


@pytest.fixture(scope="module")
def deployed(all_stacks: Path) -> dict[str, set[str]]:
    """The actions of each role of any stack."""
    found: dict[str, set[str]] = {}
    for template in all_stacks.glob("*.template.json"):
        # A product has the roles of the Catalog stack.
        if not template.name.endswith(".product.template.json"):
            found |= roles(json.loads(template.read_text()))
    assert "IngestRole" in found
    # test_portfolio.py has its many actions.
    del found["ReactiveLaunchRole"]
    return found


def test_every_role_has_a_row_with_its_permissions(deployed: dict[str, set[str]]) -> None:
    documented = {
        name: set(re.findall(r"`([^`]+)`", cells[0]))
        for name, cells in table("What an attacker could do").items()
    }
    assert documented == {name: allowed - COMMON for name, allowed in deployed.items()}


def test_every_row_has_what_an_attacker_could_and_could_not_do() -> None:
    for cells in table("What an attacker could do").values():
        assert len(cells) == 3
        assert all(cells)


def test_every_control_has_a_row_that_names_its_checks() -> None:
    rows = table("Controls")
    assert rows.keys() == {control.name for control in CONTROLS}
    for control in CONTROLS:
        before, afterwards = rows[control.name]
        assert before.startswith("Guard" if control.at_synth else "none")
        if control.config_rule == SAME_TEXT:
            assert afterwards == "the same text"
        else:
            assert afterwards.startswith(
                f"`{control.config_rule}`" if control.config_rule else "none"
            )
