"""The resources that hold data, by stack and logical id.

CloudFormation replaces a resource whose logical id or physical name changes, and its data is lost.
A switch of an attached bucket has the memory of what it found: replaced, it would be turned off.
So these are pinned in `pinned.json`, to which `python -m tests.stacks.pinned` adds, and no more.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

PINNED = Path(__file__).with_suffix(".json")

HOLDS_DATA = {
    "AWS::CloudTrail::Trail": "TrailName",
    "AWS::CodeCommit::Repository": "RepositoryName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::ECR::Repository": "RepositoryName",
    "AWS::ECS::Cluster": "ClusterName",
    "AWS::KMS::Alias": "AliasName",
    "AWS::KMS::Key": None,
    "AWS::Kinesis::Stream": "Name",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::RDS::DBCluster": "DBClusterIdentifier",
    "AWS::RDS::DBClusterParameterGroup": "DBClusterParameterGroupName",
    "AWS::RDS::DBSubnetGroup": "DBSubnetGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::ServiceCatalog::CloudFormationProduct": "Name",
    "AWS::ServiceCatalog::Portfolio": "DisplayName",
    "Custom::EventBridgeSwitch": "Bucket",
}
"""Types of resources that hold data or that others refer to, and the property that names each."""

Pins = dict[str, dict[str, Any]]


def pins_of(assemblies: Iterable[Path]) -> Pins:
    """Return type and physical name of every resource in `assemblies` that holds data.

    By the name of the stack, or "product", and the logical id. A name is None where CloudFormation
    chooses one.
    """
    found: Pins = {}
    for assembly in assemblies:
        for path in sorted(assembly.glob("*.template.json")):
            stack = path.name.removesuffix(".template.json")
            stack = "product" if stack.endswith(".product") else stack
            for logical_id, resource in json.loads(path.read_text())["Resources"].items():
                if resource["Type"] in HOLDS_DATA:
                    name = HOLDS_DATA[resource["Type"]]
                    properties = resource.get("Properties", {})
                    found.setdefault(stack, {})[logical_id] = {
                        "type": resource["Type"],
                        "name": properties.get(name) if name else None,
                    }
    return found


def pinned() -> Pins:
    """Return the content of `pinned.json`."""
    pins: Pins = json.loads(PINNED.read_text())
    return pins


def replaced(old: Pins, new: Pins) -> list[str]:
    """Return a line for each resource of `old` that differs in `new` or is missing there."""
    return [
        f"{stack}/{logical_id} ({was['type']}) would be replaced: {_now(new, stack, logical_id)}"
        for stack, resources in sorted(old.items())
        for logical_id, was in sorted(resources.items())
        if new.get(stack, {}).get(logical_id) != was
    ]


def unpinned(old: Pins, new: Pins) -> list[str]:
    """Return a line for each resource of `new` that is not in `old`."""
    return [
        f"{stack}/{logical_id} ({resource['type']})"
        for stack, resources in sorted(new.items())
        for logical_id, resource in sorted(resources.items())
        if logical_id not in old.get(stack, {})
    ]


def _now(new: Pins, stack: str, logical_id: str) -> str:
    now = new.get(stack, {}).get(logical_id)
    return f"it is now {json.dumps(now)}" if now else "no template has this logical id"


def main(assemblies: list[Path]) -> None:
    """Add the resources in `assemblies` that are not pinned yet; change none that is."""
    old = pinned() if PINNED.exists() else {}
    new = pins_of(assemblies)
    merged = {
        stack: dict(sorted({**new.get(stack, {}), **old.get(stack, {})}.items()))
        for stack in sorted(old.keys() | new.keys())
    }
    PINNED.write_text(json.dumps(merged, indent=1) + "\n")
    print("\n".join(unpinned(old, new)) or "Nothing new.")


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]])
