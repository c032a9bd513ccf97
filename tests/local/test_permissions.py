"""IAM is enforced: the ingest function can do its work and nothing else."""

import json
from collections.abc import Callable

import boto3
import pytest
from botocore.exceptions import ClientError

from reinventure.aws.deployed_catalog import DeployedCatalog


@pytest.fixture
def as_ingest(session: boto3.Session) -> boto3.Session:
    """A session with the permissions of the ingest function: its own role, lent to this test."""
    described = session.client("cloudformation").describe_stack_resources(StackName="Catalog")
    [role] = [
        resource["PhysicalResourceId"]
        for resource in described["StackResources"]
        if resource["LogicalResourceId"].startswith("IngestRole")
    ]
    iam, sts = session.client("iam"), session.client("sts")
    lender = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {
            "Service": "lambda.amazonaws.com",
            "AWS": f"arn:aws:iam::{sts.get_caller_identity()['Account']}:root",
        },
    }
    iam.update_assume_role_policy(
        RoleName=role,
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [lender]}),
    )
    arn = iam.get_role(RoleName=role)["Role"]["Arn"]
    lent = sts.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    return boto3.Session(
        aws_access_key_id=lent["AccessKeyId"],
        aws_secret_access_key=lent["SecretAccessKey"],
        aws_session_token=lent["SessionToken"],
    )


def test_it_may_put_a_row_and_report_a_failure(
    as_ingest: boto3.Session, catalog: DeployedCatalog
) -> None:
    item = {"pk": {"S": "elsewhere#1#0"}, "sk": {"S": "k"}}
    as_ingest.client("dynamodb").put_item(TableName=catalog.table, Item=item)
    as_ingest.client("sqs").send_message(
        QueueUrl=catalog.outputs.failure_queue_url, MessageBody="{}"
    )


FORBIDDEN: list[tuple[str, Callable[[boto3.Session, DeployedCatalog], object]]] = [
    (
        "read an object",
        lambda s, c: s.client("s3").get_object(Bucket=c.bucket, Key="secret"),
    ),
    (
        "write an object",
        lambda s, c: s.client("s3").put_object(Bucket=c.bucket, Key="new", Body=b""),
    ),
    (
        "delete an object",
        lambda s, c: s.client("s3").delete_object(Bucket=c.bucket, Key="secret"),
    ),
    ("list the bucket", lambda s, c: s.client("s3").list_objects_v2(Bucket=c.bucket)),
    ("scan the table", lambda s, c: s.client("dynamodb").scan(TableName=c.table)),
    ("delete the table", lambda s, c: s.client("dynamodb").delete_table(TableName=c.table)),
    (
        "delete a row",
        lambda s, c: s.client("dynamodb").delete_item(
            TableName=c.table, Key={"pk": {"S": "elsewhere#1#0"}, "sk": {"S": "k"}}
        ),
    ),
    (
        "read the failures",
        lambda s, c: s.client("sqs").receive_message(QueueUrl=c.outputs.failure_queue_url),
    ),
    ("see other keys", lambda s, _: s.client("kms").list_keys()),
]


@pytest.mark.parametrize("attempt", [a for _, a in FORBIDDEN], ids=[name for name, _ in FORBIDDEN])
def test_it_may_not(
    as_ingest: boto3.Session,
    catalog: DeployedCatalog,
    attempt: Callable[[boto3.Session, DeployedCatalog], object],
) -> None:
    catalog.s3.put_object(Bucket=catalog.bucket, Key="secret", Body=b"secret")
    with pytest.raises(ClientError, match="AccessDenied"):
        attempt(as_ingest, catalog)
