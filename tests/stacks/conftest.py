"""Templates, each synthesised once for all tests."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from stacks.catalog.stack import CatalogStack
from stacks.inspection.stack import InspectionStack
from stacks.settings.settings import Settings
from stacks.sql.stack import SqlStack
from tests import assembly
from tests.assembly import ROOT

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


def catalog_with_what_is_set(app: cdk.App, name: str, settings: Settings) -> cdk.Stack:
    """The stacks of one catalog, as app.py makes them."""
    stack = CatalogStack(app, name, settings)
    if settings.workers:
        InspectionStack(app, "Workers", settings, stack.catalog)
    if settings.sql:
        SqlStack(app, "Sql", settings, stack.catalog)
    return stack


@pytest.fixture(scope="session")
def synthesise(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A function that writes the cloud assembly for given settings and returns its folder."""

    @cache
    def write(**settings: str) -> Path:
        folder = tmp_path_factory.mktemp("cdk.out")
        return assembly.write(catalog_with_what_is_set, "Catalog", folder, **settings)

    return write


@pytest.fixture(scope="session")
def all_stacks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what `make synth` writes, validation and all, with a catalog that has all."""
    folder = tmp_path_factory.mktemp("cdk.out")
    makefile = (ROOT / "Makefile").read_text()
    [optional] = re.findall(r"^OPTIONAL := (.*)$", makefile, re.MULTILINE)
    run_app(
        folder,
        transport="sqs",
        reconcile="nightly",
        kinesis="true",
        **dict(setting.split("=", 1) for setting in optional.split()),
    )
    return folder


def run_app(folder: Path, **settings: str) -> None:
    """Run app.py as the CDK CLI does."""
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    environment = {
        **os.environ,
        "CDK_OUTDIR": str(folder),
        "CDK_CONTEXT_JSON": json.dumps({**context, **settings}),
    }
    environment.pop("CDK_VALIDATION", None)
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def template(synthesise: Callable[..., Path]) -> Template:
    """What `cdk deploy` sends to a sandbox account."""
    return read(synthesise())


@pytest.fixture(params=VARIANTS, ids=lambda settings: "-".join(settings.values()))
def variant(request: pytest.FixtureRequest, synthesise: Callable[..., Path]) -> Template:
    """The template of each of `VARIANTS`, for promises that hold whatever is deployed."""
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
    """The ARN of the one resource of type `kind` whose logical id contains `word`."""
    [name] = [name for name in resources(template, kind) if word in name]
    return {"Fn::GetAtt": [name, "Arn"]}


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
    """What the role whose logical id begins with `role` may do: actions and on what, in order."""
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


def lint(*templates: Path) -> None:
    """Fail if cfn-lint finds anything at all in `templates`."""
    linted = subprocess.run(
        [
            str(Path(sys.executable).with_name("cfn-lint")),
            *("--non-zero-exit-code", "informational"),
            # CDK has a function depend on its role as a whole, and so on the role's policies.
            *("--ignore-checks", "W3005"),
            *("--regions", "us-east-1", "eu-west-1", "eu-central-1", "--"),
            *map(str, templates),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr
