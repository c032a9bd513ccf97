"""The templates: the setting `unconditional_key_use`, the fallback of the conditions of keys."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.conftest import Template, properties, read

Synthesise = Callable[..., Path]
SERVICES = "autoscaling,cloudwatch,events,s3,sns"
TRANSPORTS = [("sqs", "s3", 1), ("sns", "s3", 1), ("sns", "sns", 2), ("eventbridge", "events", 1)]
"""A transport, a service that sends by it, and the service's statements in key policies."""


def statements(template: Template) -> Iterator[dict[str, Any]]:
    """The statements of all key policies."""
    for key in properties(template, "AWS::KMS::Key"):
        yield from key["KeyPolicy"]["Statement"]


def of(service: str, template: Template) -> list[dict[str, Any]]:
    """The statements of key policies for the principal of `service`."""
    principal = {"Service": f"{service}.amazonaws.com"}
    return [each for each in statements(template) if each["Principal"] == principal]


def without_keys(template: Template) -> dict[str, Any]:
    return {
        name: resource
        for name, resource in template["Resources"].items()
        if resource["Type"] not in ("AWS::KMS::Key", "AWS::CDK::Metadata")
    }


@pytest.mark.parametrize(("transport", "service", "count"), TRANSPORTS)
def test_a_named_service_may_use_the_keys_without_a_condition(
    synthesise: Synthesise, transport: str, service: str, count: int
) -> None:
    before = of(service, read(synthesise(transport=transport)))
    after = of(service, read(synthesise(transport=transport, unconditional_key_use=service)))
    assert len(before) == len(after) == count
    for conditional, unconditional in zip(before, after, strict=True):
        assert conditional.pop("Condition")
        assert unconditional == conditional


def test_alarms_may_be_without_a_condition(synthesise: Synthesise) -> None:
    [statement] = of("cloudwatch", read(synthesise(unconditional_key_use="cloudwatch")))
    assert "Condition" not in statement


@pytest.mark.parametrize("transport", ["sqs", "sns", "eventbridge"])
def test_the_policies_of_queues_and_topics_and_all_else_stay(
    synthesise: Synthesise, transport: str
) -> None:
    before = read(synthesise(transport=transport))
    after = read(synthesise(transport=transport, unconditional_key_use=SERVICES))
    assert without_keys(after) == without_keys(before)


def test_other_services_and_principals_keep_their_conditions(synthesise: Synthesise) -> None:
    before = {json.dumps(each) for each in statements(read(synthesise(transport="sns")))}
    template = read(synthesise(transport="sns", unconditional_key_use="s3,events"))
    after = {json.dumps(each) for each in statements(template)}
    [changed] = before - after
    assert json.loads(changed)["Principal"] == {"Service": "s3.amazonaws.com"}
    assert len(after - before) == 1


def test_auto_scaling_gets_the_statements_of_its_guide(synthesise: Synthesise) -> None:
    template = read(synthesise(workers="true", unconditional_key_use="autoscaling"))
    named = {each["Sid"]: each for each in statements(template)}
    use, keep = named["LetAutoScalingUse"], named["LetAutoScalingKeepUsing"]
    for statement in (use, keep):
        # The role itself: an unconditional statement for every principal would open the key.
        assert json.dumps(statement["Principal"]["AWS"]).endswith(
            ':role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"]]}'
        )
    assert "Condition" not in use
    assert keep["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


@pytest.mark.parametrize("services", ["", SERVICES])
def test_every_principal_is_named_or_has_a_condition(synthesise: Synthesise, services: str) -> None:
    template = read(synthesise(transport="sns", workers="true", unconditional_key_use=services))
    for statement in statements(template):
        if statement["Principal"] in ("*", {"AWS": "*"}):
            assert "aws:PrincipalArn" in json.dumps(statement["Condition"])
