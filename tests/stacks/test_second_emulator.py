"""All stacks on moto: what it created, and what its services say of it, equal the templates."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from tests.assembly import ROOT
from tests.stacks.assemblies import Assemblies
from tests.stacks.second_emulator import (
    STACKS,
    Deployment,
    Difference,
    deploy,
    lacks,
    templates_of,
)

PAGE = (ROOT / "docs" / "emulator.md").read_text()
LACKING, OTHERWISE = (
    {
        found
        for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
        for found in re.findall("`(.*?)`", row)
    }
    for table in PAGE.split("\n## The stacks on a second emulator\n")[1].split("\n\n| property |")
)
"""From the two tables of the page: types that moto lacks, and properties that it has otherwise."""

VARIANTS = [
    {},
    # As in test_findings.py, which needs this assembly, too.
    {"stage": "production", "transport": "sns", "trail": "objects"},
]


@pytest.fixture(autouse=True)
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """moto in place of AWS."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield


def others(deployment: Deployment) -> list[Difference]:
    """The differences that the page does not have."""
    return [
        each for each in deployment.differences() if f"{each.kind} {each.path}" not in OTHERWISE
    ]


@pytest.mark.parametrize("changed", VARIANTS, ids=["sandbox", "production"])
def test_all_stacks_are_there_as_their_templates_say(
    assemblies: Assemblies, tmp_path: Path, changed: dict[str, str]
) -> None:
    templates = templates_of(assemblies.everything(validate=not changed, **changed))
    assert tuple(templates) == STACKS
    deployment = deploy(templates, tmp_path)
    assert not deployment.not_created()
    assert others(deployment) == []


@pytest.mark.parametrize("transport", ["lambda", "eventbridge"])
def test_so_is_the_catalog_with_other_transports(
    assemblies: Assemblies, tmp_path: Path, transport: str
) -> None:
    deployment = deploy(templates_of(assemblies.catalog(transport=transport)), tmp_path)
    assert not deployment.not_created()
    assert others(deployment) == []


def test_the_page_has_the_types_that_moto_lacks(all_stacks: Path) -> None:
    kinds = {
        resource["Type"]
        for template in templates_of(all_stacks).values()
        for resource in template["Resources"].values()
    }
    assert {kind for kind in kinds if lacks(kind)} == LACKING


def test_the_page_has_the_properties_that_moto_has_otherwise(
    all_stacks: Path, tmp_path: Path
) -> None:
    found = deploy(templates_of(all_stacks), tmp_path).differences()
    assert {f"{each.kind} {each.path}" for each in found} == OTHERWISE


def test_a_property_that_a_template_lacks_is_found(assemblies: Assemblies, tmp_path: Path) -> None:
    templates = {"Catalog": templates_of(assemblies.catalog())["Catalog"]}
    removed = {
        "Catalog/Bucket/BucketEncryption": (
            "BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault"
        ),
        "Catalog/ChangesTopic/KmsMasterKeyId": "KmsMasterKeyId",
        "Catalog/Failures/KmsMasterKeyId": "KmsMasterKeyId",
        "Catalog/IngestFunction/Environment": "Environment",
        "Catalog/IngestLogs/KmsKeyId": "KmsKeyId",
        "Catalog/IngestLogs/RetentionInDays": "RetentionInDays",
        "Catalog/IngestRole/Policies": "Policies",
        "Catalog/KeysData/EnableKeyRotation": "EnableKeyRotation",
        "Catalog/Table/SSESpecification": "SSESpecification.KMSMasterKeyId",
        "Catalog/TotalsTable/SSESpecification": "SSESpecification.KMSMasterKeyId",
    }
    for path in removed:
        stack, resource, name = path.split("/")
        [found] = [
            each
            for logical_id, each in templates[stack]["Resources"].items()
            if without_hash(logical_id) == resource
        ]
        del found["Properties"][name]
    differences = others(deploy(templates, tmp_path))
    assert {(without_hash(each.at), each.path) for each in differences} == {
        (path.rpartition("/")[0], name) for path, name in removed.items()
    }


def without_hash(logical_id: str) -> str:
    return re.sub("[0-9A-F]{8}$", "", logical_id)
