"""Permissions of the commands of the pipeline's stages, besides artifacts and logs."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from reinventure.contract import (
    CATALOG,
    CATALOG_STACKS,
    DEPENDENT_STACKS,
    SMOKE_TEST_PREFIX,
    bucket_prefix,
    queue_prefix,
    table_prefix,
)

from ..constructs.keys import endpoint

_BUCKETS = f"arn:{cdk.Aws.PARTITION}:s3:::{bucket_prefix(CATALOG)}*"
_OURS = {"StringEquals": {"aws:ResourceAccount": cdk.Aws.ACCOUNT_ID}}
"""The ARN of a bucket has no account, and another account can have a bucket of such a name."""


def ship(*, images: bool) -> iam.PolicyStatement:
    """Return the permission to assume the bootstrap roles with which `cdk deploy` works.

    The account sets their permissions when it is bootstrapped; by default they allow everything.
    """
    qualifier = cdk.DefaultStackSynthesizer.DEFAULT_QUALIFIER
    return iam.PolicyStatement(
        actions=["sts:AssumeRole"],
        resources=[
            f"arn:{cdk.Aws.PARTITION}:iam::{cdk.Aws.ACCOUNT_ID}:role/"
            f"cdk-{qualifier}-{role}-role-{cdk.Aws.ACCOUNT_ID}-{cdk.Aws.REGION}"
            for role in ("deploy", "file-publishing", *(["image-publishing"] if images else []))
        ],
    )


def check_deployment() -> list[iam.PolicyStatement]:
    """Return the permissions to see what is deployed, counts of messages, and keys of the bucket.

    By names, because the stacks need not exist when this stack is deployed.
    """
    where = f"{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}"
    stacks = f"arn:{cdk.Aws.PARTITION}:cloudformation:{where}:stack"
    return [
        iam.PolicyStatement(
            actions=["cloudformation:DescribeStacks"],
            resources=[f"{stacks}/{name}/*" for name in (CATALOG, *DEPENDENT_STACKS)],
        ),
        iam.PolicyStatement(
            actions=["cloudformation:ListStackResources"],
            resources=[f"{stacks}/{name}/*" for name in CATALOG_STACKS],
        ),
        iam.PolicyStatement(
            actions=["cloudformation:GetTemplate"], resources=[f"{stacks}/{CATALOG}/*"]
        ),
        iam.PolicyStatement(
            actions=["s3:ListBucketVersions"], resources=[_BUCKETS], conditions=_OURS
        ),
        iam.PolicyStatement(
            actions=["sqs:GetQueueAttributes"],
            resources=[
                f"arn:{cdk.Aws.PARTITION}:sqs:{where}:{queue_prefix(name)}*"
                for name in CATALOG_STACKS
            ],
        ),
    ]


def smoke_test() -> list[iam.PolicyStatement]:
    """Return the permissions to put the smoke test's object, read its row, and delete it.

    By the prefixes of the names that CloudFormation generates, because the stack Catalog need not
    exist when this stack is deployed.
    """
    table = f"{table_prefix(CATALOG)}*"
    region, account = cdk.Aws.REGION, cdk.Aws.ACCOUNT_ID
    keys = f"arn:{cdk.Aws.PARTITION}:kms:{region}:{account}:key/*"
    return [
        iam.PolicyStatement(
            actions=["cloudformation:DescribeStacks"],
            resources=[
                f"arn:{cdk.Aws.PARTITION}:cloudformation:{region}:{account}:stack/{CATALOG}/*"
            ],
        ),
        iam.PolicyStatement(
            actions=["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObject"],
            resources=[f"{_BUCKETS}/{SMOKE_TEST_PREFIX}*"],
            conditions=_OURS,
        ),
        iam.PolicyStatement(
            actions=["s3:ListBucketVersions"], resources=[_BUCKETS], conditions=_OURS
        ),
        iam.PolicyStatement(
            actions=["dynamodb:GetItem"],
            resources=[f"arn:{cdk.Aws.PARTITION}:dynamodb:{region}:{account}:table/{table}"],
        ),
        # The key has no known name. The encryption context names the bucket or the table.
        _use_keys(keys, ["kms:Decrypt", "kms:GenerateDataKey"], "s3", "aws:s3:arn", _BUCKETS),
        _use_keys(keys, ["kms:Decrypt"], "dynamodb", "aws:dynamodb:tableName", table),
    ]


def _use_keys(
    keys: str, allowed: list[str], service: str, context: str, of: str
) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        actions=allowed,
        resources=[keys],
        conditions={
            "StringEquals": {"kms:ViaService": endpoint(service)},
            "StringLike": {f"kms:EncryptionContext:{context}": of},
        },
    )
