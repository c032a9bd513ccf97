"""Templates, each synthesised once for all tests."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.assemblies import Assemblies, shared_folder

TRANSPORTS = ["lambda", "sqs", "sns", "eventbridge"]
VARIANTS = [
    *({"transport": transport} for transport in TRANSPORTS),
    {"reconcile": "nightly"},
    {"kinesis": "true"},
    {"workers": "true"},
    {"sql": "true"},
]
"""Settings that change which resources there are."""

Template = dict[str, Any]


@pytest.fixture(scope="session")
def assemblies(tmp_path_factory: pytest.TempPathFactory) -> Assemblies:
    """Cloud assemblies, each synthesised once for all tests."""
    return Assemblies(shared_folder(tmp_path_factory))


@pytest.fixture(scope="session")
def synthesise(assemblies: Assemblies) -> Callable[..., Path]:
    """A function that returns the folder of the catalog's cloud assembly for given settings."""
    return assemblies.catalog


@pytest.fixture(scope="session")
def all_stacks(assemblies: Assemblies) -> Path:
    """The folder of what `make synth` writes, with validation, with a catalog that has all."""
    return assemblies.everything()


@pytest.fixture(scope="session")
def template(synthesise: Callable[..., Path]) -> Template:
    """What `cdk deploy` sends to a sandbox account."""
    return read(synthesise())


@pytest.fixture(params=VARIANTS, ids=lambda settings: "-".join(map("=".join, settings.items())))
def variant(request: pytest.FixtureRequest, synthesise: Callable[..., Path]) -> Template:
    """The template of each of `VARIANTS`, for tests that hold for all of them."""
    return read(synthesise(**request.param))


def read(folder: Path, stack: str = "Catalog") -> Template:
    """The template of `stack` in the cloud assembly in `folder`."""
    template: Template = json.loads((folder / f"{stack}.template.json").read_text())
    return template


def resources(template: Template, kind: str, least: int = 1) -> dict[str, Any]:
    """The resources of CloudFormation type `kind`, by logical id; there must be `least`."""
    found = {
        name: resource
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }
    assert len(found) >= least, f"{len(found)} {kind} in the template"
    return found


def properties(template: Template, kind: str, least: int = 1) -> list[Any]:
    """The properties of each resource of CloudFormation type `kind`; there must be `least`."""
    return [resource["Properties"] for resource in resources(template, kind, least).values()]


def key(template: Template, word: str) -> Any:
    """The reference to the key whose description contains `word`."""
    [name] = [
        name
        for name, resource in resources(template, "AWS::KMS::Key").items()
        if word in resource["Properties"]["Description"]
    ]
    return {"Fn::GetAtt": [name, "Arn"]}


def arn(template: Template, kind: str, word: str = "") -> Any:
    """The ARN of the one resource of type `kind` whose logical id matches `word`."""
    [name] = [name for name in resources(template, kind) if re.search(word, name)]
    return {"Fn::GetAtt": [name, "Arn"]}


def failures(template: Template, owner: str = "") -> Any:
    """The ARN of the dead-letter queue of the construct `owner`, by default that of ingest."""
    return arn(template, "AWS::SQS::Queue", f"^{owner}Failures")


def catalog_table(template: Template) -> Any:
    """The ARN of the catalog's table: the one that has a stream."""
    [name] = [
        name
        for name, table in resources(template, "AWS::DynamoDB::Table").items()
        if "StreamSpecification" in table["Properties"]
    ]
    return {"Fn::GetAtt": [name, "Arn"]}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def permissions(template: Template, role: str) -> list[tuple[list[str], Any]]:
    """The permissions of the role whose logical id begins with `role`: actions and resource."""
    [found] = [
        r for name, r in resources(template, "AWS::IAM::Role").items() if name.startswith(role)
    ]
    return [
        (as_list(statement["Action"]), statement["Resource"])
        for policy in found["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def notifications(template: Template) -> list[Any]:
    """The rules by which the bucket notifies functions, queues and topics."""
    [configured] = properties(template, "Custom::S3BucketNotifications")
    return [
        entry
        for kind in ("LambdaFunction", "Queue", "Topic")
        for entry in configured["NotificationConfiguration"].get(f"{kind}Configurations", [])
    ]
