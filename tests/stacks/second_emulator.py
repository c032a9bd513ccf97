"""The stacks on a second emulator: moto's CloudFormation, which shares no code with MiniStack.

moto resolves the templates' references by itself, and its services refuse what they find wrong.
What their APIs return afterwards is compared with the templates. Resources of types that moto lacks
are left out, and a reference to one is replaced by a name that is made up.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import boto3
from moto.cloudformation.parsing import get_model_map

from tests.stacks.stored_properties import DEFAULTS, MAY_LACK, STORED
from tests.template_roles import ACCOUNT, REGION, Names, TemplateRoles

STACKS = ("Catalog", "Workers", "Sql", "Governance", "Delivery", "Portfolio", "Product")
"""Those that are deployed, in this order: the first exports what others import."""

Template = dict[str, Any]


@dataclass(frozen=True)
class Difference:
    """The property `path` of the resource `at`, of type `kind`: what moto has, and the template."""

    at: str
    kind: str
    path: str
    stored: Any
    in_template: Any


@dataclass(frozen=True)
class Deployment:
    """Stacks on moto, in an account of their own.

    It has the client of each service, the templates by stack, and the physical ids.
    """

    account: str
    client: Callable[[str], Any]
    templates: Mapping[str, Template]
    names: Names
    resolved: TemplateRoles

    def differences(self) -> list[Difference]:
        """Return each property in `STORED` that moto has otherwise than the template.

        A property that neither has is one, too, unless it is in `MAY_LACK`.
        """
        return list(self._differences())

    def not_created(self) -> set[str]:
        """Return the resources of the templates that moto did not create, like `Catalog/Table`."""
        return {
            f"{stack}/{logical_id}"
            for stack, logical_id, _ in _resources(self.templates)
            if (stack, logical_id) not in self.names
        }

    def _differences(self) -> Iterator[Difference]:
        for stack, logical_id, resource in _resources(self.templates):
            kind = resource["Type"]
            read = STORED.get(kind)
            if read is None or (stack, logical_id) not in self.names:
                continue
            expected = self.resolved.properties(stack, logical_id)
            stored = read(self.client, self.names[stack, logical_id], expected)
            for path, value in stored.items():
                in_template = _at(path, expected)
                if in_template is None:
                    in_template = DEFAULTS.get(kind, {}).get(path)
                found = Difference(f"{stack}/{logical_id}", kind, path, value, in_template)
                equal = self._comparable(value) == self._comparable(in_template)
                if not equal or (in_template is None and not _may_lack(found)):
                    yield found

    def _comparable(self, value: Any) -> str:
        """A text that is equal for equal values, whatever the order of their names."""
        # `TemplateRoles` has another account.
        text = json.dumps(value or None, sort_keys=True).replace(self.account, ACCOUNT)
        # A stream's ARN has the time at which it was made; AWS ends a log group's with :*.
        text = re.sub(r"/stream/[-0-9T:.]+", "/StreamArn", text)
        return re.sub(r"(:log-group:[^:*\"]+):\*", r"\1", text)


def lacks(kind: str) -> bool:
    """Whether moto's CloudFormation creates no resources of this type."""
    return kind in NOT_USABLE or kind.startswith("Custom::") or kind not in get_model_map()


NOT_USABLE = {"AWS::Lambda::Version", "AWS::RDS::DBInstance"}
"""Types that moto has, but not as the templates use them."""

_OF_FUNCTIONS = {"AWS::Lambda::EventSourceMapping", "AWS::Lambda::Permission"}
"""Types that moto refuses if their function, or alias, does not exist."""

_ACCOUNTS = count(10**11)
"""New ones: moto's data may be that of all tests of this process."""


def deploy(templates: Mapping[str, Template], folder: Path) -> Deployment:
    """Deploy `templates`, by the names of their stacks, to a new account of moto.

    `folder` gets the templates as they are deployed.
    """
    account = str(next(_ACCOUNTS))
    session = _session(account)
    # What `cdk bootstrap` leaves, and AWS has.
    session.client("s3").create_bucket(Bucket=f"cdk-hnb659fds-assets-{account}-{REGION}")
    session.client("ssm").put_parameter(
        Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String"
    )
    formation = session.client("cloudformation")
    deployed: dict[str, Template] = {}
    names: dict[tuple[str, str], str] = {}
    for stack, template in templates.items():
        deployed[stack] = without_lacking(stack, template)
        text = json.dumps(deployed[stack])
        (folder / f"{stack}.template.json").write_text(text)
        formation.create_stack(StackName=stack, TemplateBody=text)
        pages = formation.get_paginator("list_stack_resources").paginate(StackName=stack)
        for created in (each for page in pages for each in page["StackResourceSummaries"]):
            names[stack, created["LogicalResourceId"]] = created["PhysicalResourceId"]
    client: Any = session.client
    return Deployment(account, client, deployed, names, TemplateRoles(folder, names))


def without_lacking(stack: str, template: Template) -> Template:
    """Return `template` without what moto lacks: types, and Rules.

    Parameters are replaced by their defaults.
    """
    kinds = {name: each["Type"] for name, each in template["Resources"].items()}
    defaults = {
        name: int(each["Default"]) if each["Type"] == "Number" else each["Default"]
        for name, each in template.get("Parameters", {}).items()
        if each["Type"] in {"Number", "String"}
    }

    def replaced(value: Any) -> Any:
        match value:
            case {"Ref": str(name)} if name in defaults:
                return defaults[name]
            case {"Ref": str(name)} if name in kinds and lacks(kinds[name]):
                return _made_up(stack, name)
            case {"Fn::GetAtt": [name, attribute]} if lacks(kinds[name]):
                return f"{_made_up(stack, name)}/{attribute}"
            case dict():
                return {name: replaced(each) for name, each in value.items()}
            case list():
                return [replaced(each) for each in value]
        return value

    prepared: Template = replaced({k: v for k, v in template.items() if k != "Rules"})
    prepared["Resources"] = {
        name: each
        for name, each in prepared["Resources"].items()
        if not lacks(each["Type"])
        and not (each["Type"] in _OF_FUNCTIONS and "arn:aws:lacks:" in json.dumps(each))
    }
    for each in prepared["Resources"].values():
        _adapt(each["Type"], each.get("Properties", {}))
        before = each.get("DependsOn", [])
        names = [before] if isinstance(before, str) else before
        each["DependsOn"] = [name for name in names if name in prepared["Resources"]]
    return prepared


def _adapt(kind: str, properties: dict[str, Any]) -> None:
    """Repeat properties under the names that moto looks for, and remove what it fails on."""
    if kind == "AWS::KMS::Key":
        properties.pop("Tags", None)
    if kind == "AWS::DynamoDB::Table" and "SSESpecification" in properties:
        properties["SSESpecification"]["Enabled"] = properties["SSESpecification"]["SSEEnabled"]
    if kind == "AWS::Logs::LogGroup" and "KmsKeyId" in properties:
        properties["kmsKeyId"] = properties["KmsKeyId"]


def _made_up(stack: str, logical_id: str) -> str:
    """An ARN with as many parts as that of an alias, the longest that templates take apart."""
    return f"arn:aws:lacks:{REGION}:{ACCOUNT}:resource:{stack}-{logical_id}:any"


def templates_of(assembly: Path) -> dict[str, Template]:
    """Return the templates in the cloud assembly, by stack, in the order of `STACKS`."""
    files = {stack: f"{stack}.template.json" for stack in STACKS}
    files["Product"] = "*.product.template.json"
    return {
        stack: json.loads(path.read_text())
        for stack, pattern in files.items()
        for path in assembly.glob(pattern)
    }


def _session(account: str) -> boto3.Session:
    lent = boto3.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/any", RoleSessionName="second-emulator"
    )["Credentials"]
    return boto3.Session(
        aws_access_key_id=lent["AccessKeyId"],
        aws_secret_access_key=lent["SecretAccessKey"],
        aws_session_token=lent["SessionToken"],
        region_name=REGION,
    )


def _resources(templates: Mapping[str, Template]) -> Iterator[tuple[str, str, Any]]:
    for stack, template in templates.items():
        for logical_id, resource in template["Resources"].items():
            yield stack, logical_id, resource


def _at(path: str, value: Any) -> Any:
    """What is in `value` at `path`, or None."""
    for name in path.split("."):
        inner = dict(enumerate(value)) if isinstance(value, list) else value
        value = inner.get(int(name) if name.isdigit() else name) if inner else None
    return value


def _may_lack(found: Difference) -> bool:
    text = f"{found.at}: {found.path}"
    return any(found.kind == kind and re.search(pattern, text) for pattern, kind in MAY_LACK)
