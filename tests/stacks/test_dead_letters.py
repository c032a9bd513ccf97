"""Dead-letter queues: one for each function, to which only its role and named services may send."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.assemblies import Assemblies
from tests.stacks.conftest import TRANSPORTS, Template, as_list, properties, read, resources


@pytest.fixture(params=["everything", "product", *TRANSPORTS])
def templates(request: pytest.FixtureRequest, assemblies: Assemblies) -> list[Template]:
    """Templates with dead-letter queues."""
    match request.param:
        case "everything":
            folder = assemblies.app(
                workers="true", sql="true", reconcile="nightly", transport="sqs"
            )
            return [read(folder, stack) for stack in ("Catalog", "Workers", "Sql")]
        case "product":
            [product] = assemblies.portfolio().glob("*.product.template.json")
            return [json.loads(Path(product).read_text())]
    return [read(assemblies.catalog(transport=request.param))]


def failing(template: Template) -> Iterator[tuple[str, str]]:
    """The function of each source of dead letters, and the logical id of the queue they go to."""

    def queue(arn: Any) -> str:
        name: str = arn["Fn::GetAtt"][0]
        return name

    def owner(reference: Any) -> str:
        """The construct of a function or of its alias."""
        [name] = set(re.findall(r'"(\w*?)(?:Function|Live)\w*"', json.dumps(reference)))
        construct: str = name
        return construct

    receivers: dict[str, str] = {}
    for mapping in properties(template, "AWS::Lambda::EventSourceMapping"):
        function = owner(mapping["FunctionName"])
        receivers[json.dumps(mapping["EventSourceArn"])] = function
        if "DestinationConfig" in mapping:
            yield function, queue(mapping["DestinationConfig"]["OnFailure"]["Destination"])
    for configured in properties(template, "AWS::Lambda::EventInvokeConfig", least=0):
        if "DestinationConfig" in configured:
            target = configured["DestinationConfig"]["OnFailure"]["Destination"]
            yield owner(configured["FunctionName"]), queue(target)
    for name, each in resources(template, "AWS::SQS::Queue").items():
        if "RedrivePolicy" in each["Properties"]:
            source = json.dumps({"Fn::GetAtt": [name, "Arn"]})
            yield (
                receivers.get(source, "worker"),
                queue(each["Properties"]["RedrivePolicy"]["deadLetterTargetArn"]),
            )


def test_no_two_functions_share_a_dead_letter_queue(templates: list[Template]) -> None:
    for template in templates:
        pairs = set(failing(template))
        assert pairs
        queues = [queue for _, queue in pairs]
        assert len(queues) == len(set(queues)), sorted(pairs)


def test_a_dead_letter_queue_denies_every_principal_but_the_role_of_its_function(
    templates: list[Template],
) -> None:
    for template in templates:
        roles: dict[str, set[str]] = {}
        for name, role in resources(template, "AWS::IAM::Role").items():
            for policy in role["Properties"].get("Policies", []):
                for statement in policy["PolicyDocument"]["Statement"]:
                    if "sqs:SendMessage" in as_list(statement["Action"]):
                        [queue, _] = statement["Resource"]["Fn::GetAtt"]
                        roles.setdefault(queue, set()).add(name)
        for queue in {queue for _, queue in failing(template)}:
            [statements] = [
                policy["PolicyDocument"]["Statement"]
                for policy in properties(template, "AWS::SQS::QueuePolicy")
                if policy["Queues"] == [{"Ref": queue}]
            ]
            condition: dict[str, Any] = {"Bool": {"aws:PrincipalIsAWSService": "false"}}
            for role in roles.pop(queue, set()):
                condition["ArnNotEquals"] = {"aws:PrincipalArn": {"Fn::GetAtt": [role, "Arn"]}}
            [deny] = [
                s for s in statements if s["Action"] == "sqs:SendMessage" and s["Effect"] == "Deny"
            ]
            assert (deny["Principal"], deny["Condition"]) == ({"AWS": "*"}, condition)
            assert deny["Resource"] == {"Fn::GetAtt": [queue, "Arn"]}
            for allow in (s for s in statements if s["Effect"] == "Allow"):
                assert allow["Principal"].keys() == {"Service"}
                assert allow["Condition"]["ArnEquals"].keys() == {"aws:SourceArn"}
        # No role may send to another queue.
        assert not roles
