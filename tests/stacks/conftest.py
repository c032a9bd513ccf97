"""Templates, each synthesised once for all tests."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from stacks.catalog_stack import CatalogStack
from stacks.settings import Settings

ROOT = Path(__file__).parents[2]
Template = dict[str, Any]


@pytest.fixture(scope="session")
def synthesise(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A function that writes the cloud assembly for given settings and returns its folder."""

    @cache
    def write(**settings: str) -> Path:
        context = json.loads((ROOT / "cdk.json").read_text())["context"]
        folder = tmp_path_factory.mktemp("cdk.out")
        app = cdk.App(context={**context, **settings}, outdir=str(folder))
        CatalogStack(app, "Catalog", Settings.from_context(app.node))
        app.synth()
        return folder

    return write


@pytest.fixture(scope="session")
def template(synthesise: Callable[..., Path]) -> Template:
    """What `cdk deploy` sends to a sandbox account."""
    return read(synthesise())


def read(assembly: Path) -> Template:
    template: Template = json.loads((assembly / "Catalog.template.json").read_text())
    return template


def resources(template: Template, kind: str) -> dict[str, Any]:
    """The resources of CloudFormation type `kind`, by logical id; there must be one."""
    found = {
        name: resource
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }
    assert found, f"no {kind} in the template"
    return found


def properties(template: Template, kind: str) -> list[Any]:
    """The properties of each resource of CloudFormation type `kind`."""
    return [resource["Properties"] for resource in resources(template, kind).values()]
