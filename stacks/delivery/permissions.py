"""What the commands of the pipeline's stages need in an account, besides artifacts and logs."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from reinventure.contract import CATALOG, SMOKE_TEST_PREFIX, bucket_prefix, table_prefix

from ..constructs.keys import endpoint


def ship(*, images: bool) -> iam.PolicyStatement:
    """Let `cdk deploy` become the roles that bootstrapping made: to publish, and to deploy.

    What these may do is the account's choice, when it is bootstrapped; by default, everything.
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


def try_catalog() -> list[iam.PolicyStatement]:
    """Let a stage put an object of a smoke test, see its row, and remove it.

    By the names that CloudFormation gives: the stack may not be there when this one is made.
    """
    bucket = f"arn:{cdk.Aws.PARTITION}:s3:::{bucket_prefix(CATALOG)}*"
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
            resources=[f"{bucket}/{SMOKE_TEST_PREFIX}*"],
        ),
        iam.PolicyStatement(actions=["s3:ListBucketVersions"], resources=[bucket]),
        iam.PolicyStatement(
            actions=["dynamodb:GetItem"],
            resources=[f"arn:{cdk.Aws.PARTITION}:dynamodb:{region}:{account}:table/{table}"],
        ),
        # Its key has no name that is known here; but what it opens has.
        _use_keys(keys, ["kms:Decrypt", "kms:GenerateDataKey"], "s3", "aws:s3:arn", bucket),
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
