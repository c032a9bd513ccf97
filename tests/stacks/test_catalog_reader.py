"""The templates: the policies of people who only query, for each list of buckets."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from reinventure.bucket_list import MAX_ATTACHED
from stacks.catalog.stack import CatalogStack
from tests import assembly
from tests.claims import PAGE
from tests.stacks.conftest import (
    Template,
    arn,
    as_list,
    catalog_table,
    key,
    own_outputs,
    properties,
    read,
    resources,
)
from tests.stacks.test_attached_buckets import resolved

IAM_QUOTA = 6_144
"""Characters of a managed policy, without white space."""


def statements(template: Template) -> list[Any]:
    """The statements of all policies."""
    return [
        statement
        for policy in properties(template, "AWS::IAM::ManagedPolicy")
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def test_it_has_no_name_so_that_a_deployment_needs_no_further_capability(
    template: Template,
) -> None:
    [policy] = properties(template, "AWS::IAM::ManagedPolicy")
    assert "ManagedPolicyName" not in policy


def test_each_action_is_on_its_own_resource(template: Template) -> None:
    allowed = {
        (action, json.dumps(each["Resource"])): each.get("Condition")
        for each in statements(template)
        for action in as_list(each["Action"])
    }
    data = json.dumps(key(template, "objects"))
    assert set(allowed) == {
        ("dynamodb:GetItem", json.dumps(catalog_table(template))),
        ("dynamodb:Query", json.dumps(catalog_table(template))),
        ("dynamodb:BatchGetItem", json.dumps(arn(template, "AWS::DynamoDB::Table", "^Totals"))),
        ("dynamodb:Query", json.dumps(arn(template, "AWS::DynamoDB::Table", "^Totals"))),
        ("kms:Decrypt", data),
        ("s3:ListBucketVersions", json.dumps(arn(template, "AWS::S3::Bucket", "^Bucket"))),
        *(each for each in allowed if each[0] == "cloudformation:DescribeStacks"),
    }
    [stack] = [each for each in statements(template) if "cloudformation" in json.dumps(each)]
    assert stack["Resource"]["Fn::Join"][1][-3:] == [":stack/", {"Ref": "AWS::StackName"}, "/*"]
    via = allowed["kms:Decrypt", data]["StringEquals"]["kms:ViaService"]
    assert via["Fn::Join"][1][0] == "dynamodb."


def test_the_page_has_its_permissions(all_stacks: Path) -> None:
    section = PAGE.split("\n## People who only query\n")[1].split("\n## ")[0]
    allowed = {
        action for each in statements(read(all_stacks)) for action in as_list(each["Action"])
    }
    assert set(re.findall(r"`([a-z0-9]+:[A-Za-z]+)`", section)) == allowed


LONG_NAMES = ",".join(f"{n:02}-{'b' * 60}" for n in range(MAX_ATTACHED))
LONG_PREFIXES = ",".join(f"{n:02}{'x' * 40}/{'p' * 48}/" for n in range(MAX_ATTACHED))


@pytest.mark.parametrize("attached", [LONG_NAMES, LONG_PREFIXES], ids=["names", "prefixes"])
def test_many_buckets_make_several_policies_that_iam_accepts(tmp_path: Path, attached: str) -> None:
    folder = assembly.write(CatalogStack, "Catalog", tmp_path, buckets=f"create,{attached}")
    template = read(folder)
    policies = resources(template, "AWS::IAM::ManagedPolicy", least=2)
    for policy in policies.values():
        document = resolved(policy["Properties"]["PolicyDocument"])
        assert len(json.dumps(document, separators=(",", ":"))) <= IAM_QUOTA
    output = own_outputs(template)["CatalogReaderArns"]["Fn::Join"][1]
    assert [each["Ref"] for each in output if each != ","] == list(policies)
    names = {entry.partition("/")[0] for entry in attached.split(",")}
    assert names_of(template, "s3:ListBucketVersions") == names
    assert names_of(template, "s3:GetBucketNotification") == names


def names_of(template: Template, action: str) -> set[str]:
    """The names of the attached buckets on which the policies allow `action`."""
    arns = [
        str(resolved(resource))
        for each in statements(template)
        if action in as_list(each["Action"])
        for resource in as_list(each["Resource"])
    ]
    return {name for _, found, name in (each.partition(":s3:::") for each in arns) if found}


def test_of_a_bucket_with_prefixes_it_lists_the_keys_below_them_only(all_stacks: Path) -> None:
    [parts] = [each for each in statements(read(all_stacks)) if "s3:prefix" in json.dumps(each)]
    assert parts["Condition"] == {"StringLike": {"s3:prefix": ["2026/*"]}}
    assert parts["Resource"]["Fn::Join"][1][-1] == ":s3:::logs-prod"
