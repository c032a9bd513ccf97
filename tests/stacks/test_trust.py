"""Services assume the roles for this account only; functions leave no log group behind."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.conftest import Template, resources

THIS_ACCOUNT = {"Ref": "AWS::AccountId"}

SENDS_ITS_SOURCE = {
    "codebuild": "Allow CodeBuild to interact with other AWS services (CodeBuild User Guide)",
    "codedeploy": "Cross-service confused deputy prevention (CodeDeploy User Guide)",
    "config": "Permissions for the IAM Role Assigned to AWS Config (AWS Config Developer Guide)",
    "ecs-tasks": "Amazon ECS task IAM role (ECS Developer Guide)",
    "events": "Using IAM policy conditions in Amazon EventBridge (EventBridge User Guide)",
    "servicecatalog": "AWS Service Catalog Launch Constraints (Administrator Guide)",
    "vpc-flow-logs": "IAM role for publishing flow logs to CloudWatch Logs (VPC User Guide)",
    "states": "Cross-service confused deputy prevention (Step Functions Developer Guide)",
}
"""By service, AWS's page with `aws:SourceAccount` in the trust policy of a role."""

WITHOUT = {
    "codepipeline": "Its page on the service role has no condition, and no page names a source.",
    "ec2": "EC2 sends no source: an instance gets the role by its profile.",
    "ecs-tasks": "The page on the task execution role has no condition, unlike that on the task's.",
    "lambda": "The page on execution roles has no condition.",
}
"""By service, why roles have no condition: an undocumented key may be missing in the request, which
would refuse it. What remains is IAM: `iam:PassRole` works within one account, so another account
cannot give the role to its own pipeline, instance, task or function."""


@pytest.fixture(scope="module")
def templates(all_stacks: Path) -> dict[str, Template]:
    """The templates of all stacks, by file name."""
    return {path.name: json.loads(path.read_text()) for path in all_stacks.glob("*.template.json")}


def trusts(templates: dict[str, Template]) -> Iterator[tuple[str, str, Any]]:
    """The name of each role that a service assumes, the service, and the conditions."""
    for template in templates.values():
        for name, role in resources(template, "AWS::IAM::Role", least=0).items():
            document = role["Properties"]["AssumeRolePolicyDocument"]
            for statement in document["Statement"]:
                service = statement["Principal"]["Service"].removesuffix(".amazonaws.com")
                yield name, service, statement.get("Condition")


def test_a_role_is_for_this_account_or_there_is_a_reason(templates: dict[str, Template]) -> None:
    without = set()
    for name, service, conditions in trusts(templates):
        if conditions is None:
            assert service in WITHOUT, name
            without.add(service)
        else:
            assert service in SENDS_ITS_SOURCE, name
            assert conditions["StringEquals"] == {"aws:SourceAccount": THIS_ACCOUNT}, name
    assert without == WITHOUT.keys()


def test_every_service_that_sends_its_source_is_held_to_it(templates: dict[str, Template]) -> None:
    held = {service for _, service, conditions in trusts(templates) if conditions}
    assert held == SENDS_ITS_SOURCE.keys()
    [bare] = {name for name, service, c in trusts(templates) if service == "ecs-tasks" and not c}
    assert bare.startswith("WorkerExecutionRole")
    assert {service for _, service, c in trusts(templates) if not c} & SENDS_ITS_SOURCE.keys() == {
        "ecs-tasks"
    }


def test_codedeploy_assumes_its_role_for_its_application_only(
    templates: dict[str, Template],
) -> None:
    [conditions] = [c for _, service, c in trusts(templates) if service == "codedeploy"]
    source = json.dumps(conditions["ArnLike"]["aws:SourceArn"])
    [application] = resources(templates["Catalog.template.json"], "AWS::CodeDeploy::Application")
    assert f':deploymentgroup:", {{"Ref": "{application}"}}, "/*"' in source


def test_every_function_writes_to_a_log_group_of_its_stack(templates: dict[str, Template]) -> None:
    """Lambda creates the log group of a function that has none, and nothing deletes that one."""
    seen = 0
    for template in templates.values():
        groups = resources(template, "AWS::Logs::LogGroup", least=0)
        for name, function in resources(template, "AWS::Lambda::Function", least=0).items():
            assert function["Properties"]["LoggingConfig"]["LogGroup"]["Ref"] in groups, name
            seen += 1
    assert seen > 10


def test_no_role_may_create_a_log_group(templates: dict[str, Template]) -> None:
    """Its function would create one after the stack has deleted its own."""
    for template in templates.values():
        for name, role in resources(template, "AWS::IAM::Role", least=0).items():
            if not name.startswith("ReactiveLaunchRole"):
                assert "logs:CreateLogGroup" not in json.dumps(role), name
                assert "AWSLambdaBasicExecutionRole" not in json.dumps(role), name
