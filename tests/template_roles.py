"""The roles of the synthesised templates, with the names that their policies refer to."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data

ACCOUNT, REGION = "000000000000", "us-east-1"
"""Those of the local cloud."""

_PSEUDO_PARAMETERS = {
    "AWS::AccountId": ACCOUNT,
    "AWS::NoValue": None,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::URLSuffix": "amazonaws.com",
}
_REGIONAL = f"{REGION}:{ACCOUNT}"
_ARNS = {
    "AWS::CodeBuild::Project": f"arn:aws:codebuild:{_REGIONAL}:project/",
    "AWS::CodeBuild::ReportGroup": f"arn:aws:codebuild:{_REGIONAL}:report-group/",
    "AWS::CodeCommit::Repository": f"arn:aws:codecommit:{_REGIONAL}:",
    "AWS::CodePipeline::Pipeline": f"arn:aws:codepipeline:{_REGIONAL}:",
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{_REGIONAL}:table/",
    "AWS::ECS::Cluster": f"arn:aws:ecs:{_REGIONAL}:cluster/",
    "AWS::Events::Rule": f"arn:aws:events:{_REGIONAL}:rule/",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/",
    "AWS::KMS::Key": f"arn:aws:kms:{_REGIONAL}:key/",
    "AWS::Kinesis::Stream": f"arn:aws:kinesis:{_REGIONAL}:stream/",
    "AWS::Lambda::Function": f"arn:aws:lambda:{_REGIONAL}:function:",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{_REGIONAL}:log-group:",
    "AWS::RDS::DBCluster": f"arn:aws:rds:{_REGIONAL}:cluster:",
    "AWS::S3::Bucket": "arn:aws:s3:::",
    "AWS::SNS::Topic": f"arn:aws:sns:{_REGIONAL}:",
    "AWS::SQS::Queue": f"arn:aws:sqs:{_REGIONAL}:",
    "AWS::SecretsManager::Secret": f"arn:aws:secretsmanager:{_REGIONAL}:secret:",
    "AWS::StepFunctions::StateMachine": f"arn:aws:states:{_REGIONAL}:stateMachine:",
}
"""By type, the ARN of a resource without its name."""

_REF_IS_ARN = {
    "AWS::SNS::Topic",
    "AWS::SecretsManager::Secret",
    "AWS::StepFunctions::StateMachine",
}

Names = Mapping[tuple[str, str], str]
"""The physical ids of deployed resources by stack and logical id."""


class TemplateRoles:
    """The roles of the templates in the cloud assembly in `folder`.

    `deployed` has the resources that exist. Others get a name made from their logical id.
    """

    def __init__(self, folder: Path, deployed: Names | None = None) -> None:
        self._templates = {
            path.name.removesuffix(".template.json"): json.loads(path.read_text())
            for path in folder.glob("*.template.json")
            # A product has the roles of the Catalog stack.
            if not path.name.endswith(".product.template.json")
        }
        self._deployed = deployed or {}
        self._functions: dict[str, Callable[[str, Any], Any]] = {
            "Ref": self._reference,
            "Fn::GetAtt": lambda stack, names: self._attribute(stack, *names),
            "Fn::If": self._choose,
            "Fn::Join": self._join,
            "Fn::Sub": self._substitute,
            "Fn::GetStackOutput": lambda _, it: self._output(it["StackName"], it["OutputName"]),
            "Fn::ImportValue": lambda stack, name: self._export(self._resolve(stack, name)),
        }

    def statements(self, *stacks: str) -> dict[str, list[Any]]:
        """Return the statements about each role of `stacks` by the name in its logical id.

        By default it is all stacks. The statements are those of its own policies, and those of
        bucket policies that name the role. A role of the same name in two stacks is one.
        """
        found: dict[str, list[Any]] = defaultdict(list)
        chosen = {stack: self._templates[stack] for stack in stacks or self._templates}
        for stack, template in chosen.items():
            for logical_id, resource in template["Resources"].items():
                properties = resource.get("Properties", {})
                if resource["Type"] == "AWS::IAM::Role":
                    for policy in properties.get("Policies", []):
                        document = self._resolve(stack, policy["PolicyDocument"])
                        found[_without_hash(logical_id)] += document["Statement"]
                elif resource["Type"] == "AWS::IAM::Policy":
                    document = self._resolve(stack, properties["PolicyDocument"])
                    for role in properties["Roles"]:
                        found[_without_hash(role["Ref"])] += document["Statement"]
                elif resource["Type"] == "AWS::S3::BucketPolicy":
                    for statement in properties["PolicyDocument"]["Statement"]:
                        principal = statement["Principal"].get("AWS")
                        if isinstance(principal, dict):
                            [role_id, _] = principal["Fn::GetAtt"]
                            granted = {k: v for k, v in statement.items() if k != "Principal"}
                            found[_without_hash(role_id)].append(self._resolve(stack, granted))
        return found

    def managed(self) -> dict[str, list[str]]:
        """Return the names of AWS's managed policies of each role that has some."""
        return {
            _without_hash(logical_id): [
                self._resolve(stack, arn).rpartition("/")[2]
                for arn in resource["Properties"]["ManagedPolicyArns"]
            ]
            for stack, template in self._templates.items()
            for logical_id, resource in template["Resources"].items()
            if resource["Type"] == "AWS::IAM::Role"
            and "ManagedPolicyArns" in resource["Properties"]
        }

    def managed_policies(self) -> dict[str, list[Any]]:
        """Return the statements of each managed policy of the templates by its logical id."""
        return {
            _without_hash(logical_id): self._resolve(
                stack, resource["Properties"]["PolicyDocument"]
            )["Statement"]
            for stack, template in self._templates.items()
            for logical_id, resource in template["Resources"].items()
            if resource["Type"] == "AWS::IAM::ManagedPolicy"
        }

    def policies(self) -> dict[str, list[Any]]:
        """Return all statements about each role, with those of AWS's managed policies."""
        found = self.statements()
        documents = json.loads(aws_managed_policies_data)
        for role, names in self.managed().items():
            for name in names:
                found[role] += documents[name]["Document"]["Statement"]
        return found

    def key_policy(self, resource: str) -> Any:
        """Return the policy document of the key `resource`, like `Catalog/KeysData`."""
        stack, _, logical_id = self._find(resource)
        key = self._templates[stack]["Resources"][logical_id]["Properties"]
        return self._resolve(stack, key["KeyPolicy"])

    def properties(self, stack: str, logical_id: str) -> dict[str, Any]:
        """Return the properties of a resource of `stack`, with the results of their functions."""
        resource = self._templates[stack]["Resources"][logical_id]
        resolved: dict[str, Any] = self._resolve(stack, resource.get("Properties", {}))
        return resolved

    def name(self, resource: str) -> str:
        """Return the physical id of `resource`, like `Catalog/Table`."""
        stack, kind, logical_id = self._find(resource)
        return self._ref(stack, kind, logical_id)

    def arn(self, resource: str) -> str:
        """Return the ARN of `resource`, like `Catalog/Table`."""
        return self._arn(*self._find(resource))

    def _find(self, resource: str) -> tuple[str, str, str]:
        stack, _, name = resource.partition("/")
        [found] = [
            (stack, each["Type"], logical_id)
            for logical_id, each in self._templates[stack]["Resources"].items()
            if _without_hash(logical_id) == name and each["Type"] in _ARNS
        ]
        return found

    def _id(self, stack: str, kind: str, logical_id: str) -> str:
        made_up = f"{stack}-{logical_id}"
        if kind == "AWS::S3::Bucket":
            made_up = made_up.lower()
        return self._deployed.get((stack, logical_id), made_up)

    def _ref(self, stack: str, kind: str, logical_id: str) -> str:
        if kind in _REF_IS_ARN:
            return self._arn(stack, kind, logical_id)
        return self._id(stack, kind, logical_id)

    def _arn(self, stack: str, kind: str, logical_id: str) -> str:
        physical_id = self._id(stack, kind, logical_id)
        # The physical id of a queue is its URL, that of a topic its ARN.
        return (
            physical_id
            if physical_id.startswith("arn:")
            else (_ARNS[kind] + re.sub("^https?://.*/", "", physical_id))
        )

    def _attribute(self, stack: str, logical_id: str, attribute: str) -> str:
        kind = self._templates[stack]["Resources"][logical_id]["Type"]
        if attribute in ("Arn", "TopicArn", "Id"):
            suffix = ":*" if kind == "AWS::Logs::LogGroup" else ""
            return self._arn(stack, kind, logical_id) + suffix
        if attribute == "Name":
            return self._arn(stack, kind, logical_id).rpartition(":")[2]
        return f"{self._arn(stack, kind, logical_id)}/{attribute}"

    def _output(self, stack: str, name: str) -> Any:
        return self._resolve(stack, self._templates[stack]["Outputs"][name]["Value"])

    def _export(self, name: str) -> Any:
        [value] = [
            self._output(stack, output)
            for stack, template in self._templates.items()
            for output, each in template.get("Outputs", {}).items()
            if "Export" in each and self._resolve(stack, each["Export"]["Name"]) == name
        ]
        return value

    def _resolve(self, stack: str, value: Any) -> Any:
        """Return `value` with the results of its intrinsic functions."""
        match value:
            case list():
                resolved = [self._resolve(stack, each) for each in value]
                return [each for each in resolved if each is not None]
            case dict() if len(value) == 1 and (name := next(iter(value))) in self._functions:
                return self._functions[name](stack, value[name])
            case dict():
                assert not any(name.startswith("Fn::") for name in value), value
                return {name: self._resolve(stack, each) for name, each in value.items()}
        return value

    def _reference(self, stack: str, name: str) -> str | None:
        pseudo_parameters = {**_PSEUDO_PARAMETERS, "AWS::StackName": stack}
        if name in pseudo_parameters:
            return pseudo_parameters[name]
        return self._ref(stack, self._templates[stack]["Resources"][name]["Type"], name)

    def _choose(self, stack: str, argument: Any) -> Any:
        condition, if_true, if_false = argument
        return self._resolve(stack, if_true if self._holds(stack, condition) else if_false)

    def _holds(self, stack: str, condition: Any) -> bool:
        match condition:
            case str(name) | {"Condition": str(name)}:
                return self._holds(stack, self._templates[stack]["Conditions"][name])
            case {"Fn::Equals": [one, other]}:
                return bool(self._resolve(stack, one) == self._resolve(stack, other))
            case {"Fn::Not": [inner]}:
                return not self._holds(stack, inner)
            case {"Fn::And": each}:
                return all(self._holds(stack, inner) for inner in each)
            case {"Fn::Or": each}:
                return any(self._holds(stack, inner) for inner in each)
        raise ValueError(f"unknown condition: {condition}")

    def _join(self, stack: str, argument: Any) -> str:
        separator, parts = argument
        return str(separator).join(self._resolve(stack, parts))

    def _substitute(self, stack: str, text: str) -> str:
        return re.sub(r"\$\{(.*?)\}", lambda match: str(self._reference(stack, match[1])), text)


def _without_hash(logical_id: str) -> str:
    return re.sub("[0-9A-F]{8}$", "", logical_id)
