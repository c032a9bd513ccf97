"""X-Ray traces functions and state machine if the setting says so, and otherwise nothing does."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.assemblies import Assemblies
from tests.stacks.conftest import as_list, read, resources

SETTINGS = {
    "buckets": "create,photos-prod",
    "reconcile": "nightly",
    "workers": "true",
    "sql": "true",
}
"""Every function of ours."""
STACKS = ["Catalog", "Workers", "Sql"]
ACTIONS = {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}


def functions(template: dict[str, Any]) -> dict[str, Any]:
    """The functions of ours: one of the CDK's own empties a sandbox bucket."""
    return {
        name: each["Properties"]
        for name, each in resources(template, "AWS::Lambda::Function").items()
        if each["Properties"]["Handler"].startswith("handlers.")
    }


def statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        statement
        for policy in role["Properties"].get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
    ]


@pytest.fixture
def traced(assemblies: Assemblies) -> Path:
    return assemblies.catalog(tracing="true", **SETTINGS)


@pytest.mark.parametrize("stack", STACKS)
def test_no_template_has_a_word_of_tracing_by_default(assemblies: Assemblies, stack: str) -> None:
    text = json.dumps(read(assemblies.catalog(**SETTINGS), stack))
    assert not re.findall("xray|x-ray|trac(?:e|ing)", text, re.IGNORECASE)


@pytest.mark.parametrize("stack", STACKS)
def test_each_function_is_traced_and_its_role_allows_that(traced: Path, stack: str) -> None:
    template = read(traced, stack)
    for function in functions(template).values():
        assert function["TracingConfig"] == {"Mode": "Active"}
        role = template["Resources"][function["Role"]["Fn::GetAtt"][0]]
        [statement] = [each for each in statements(role) if set(each["Action"]) & ACTIONS]
        assert statement["Effect"] == "Allow"
        assert set(statement["Action"]) >= ACTIONS
        # X-Ray has no resources.
        assert statement["Resource"] == "*"


def test_the_state_machine_is_traced_and_its_role_allows_that(traced: Path) -> None:
    template = read(traced)
    [machine] = resources(template, "AWS::StepFunctions::StateMachine").values()
    assert machine["Properties"]["TracingConfiguration"] == {"Enabled": True}
    role = template["Resources"][machine["Properties"]["RoleArn"]["Fn::GetAtt"][0]]
    [statement] = [each for each in statements(role) if set(each["Action"]) & ACTIONS]
    assert set(statement["Action"]) >= ACTIONS
    assert statement["Resource"] == "*"


@pytest.mark.parametrize("stack", STACKS)
def test_tracing_changes_nothing_else(assemblies: Assemblies, traced: Path, stack: str) -> None:
    template = read(traced, stack)
    for function in functions(template).values():
        del function["TracingConfig"]
    for machine in resources(template, "AWS::StepFunctions::StateMachine", least=0).values():
        del machine["Properties"]["TracingConfiguration"]
    for role in resources(template, "AWS::IAM::Role").values():
        for policy in role["Properties"].get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                rest = [each for each in as_list(statement["Action"]) if each not in ACTIONS]
                statement["Action"] = rest[0] if len(rest) == 1 else rest
            policy["PolicyDocument"]["Statement"] = [
                each for each in policy["PolicyDocument"]["Statement"] if each["Action"]
            ]
    assert _comparable(template) == _comparable(read(assemblies.catalog(**SETTINGS), stack))


def _comparable(template: dict[str, Any]) -> dict[str, Any]:
    """The template, but for what a version has of its function: a hash of it in its id."""
    versions = [name for name, _ in resources(template, "AWS::Lambda::Version", least=0).items()]
    text = json.dumps(template)
    for name in versions:
        text = text.replace(name, re.sub("[0-9a-f]{32}$", "", name))
    result: dict[str, Any] = json.loads(text)
    return result


def test_a_product_is_never_traced(assemblies: Assemblies) -> None:
    [path] = assemblies.everything().glob("*.product.template.json")
    assert not re.findall("xray|tracing", path.read_text(), re.IGNORECASE)
