"""The policy of people who only query: with it alone the commands work, and nothing else does."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local.cloud import Cloud
from reinventure.local.convergence import wait_until_equal
from tests.local.command import run
from tests.local.query_user import query_user
from tests.waiting import PATIENCE, wait_until

COMMANDS = [
    ("ls", "reader/"),
    ("du", "reader/"),
    ("du", "--depth", "9"),
    ("find", "reader/", "--larger", "1"),
    ("stat", "reader/a"),
    ("verify", "reader/"),
    ("buckets",),
]
"""What the policy is for, each way of reading the tables and the bucket."""


@pytest.fixture
def reader(session: boto3.Session, catalog: DeployedCatalog) -> Iterator[dict[str, str]]:
    """The credentials of a user with the policy."""
    assert catalog.outputs.catalog_reader_arns
    with query_user(session, catalog.outputs.catalog_reader_arns.split(",")) as credentials:
        yield credentials


@pytest.fixture
def objects(catalog: DeployedCatalog) -> None:
    for key in ("reader/a", "reader/sub/ü"):
        catalog.s3.put_object(Bucket=catalog.bucket, Key=key, Body=b"22")
    assert wait_until_equal(catalog, PATIENCE) == []
    totals = catalog.totals()
    wait_until(lambda: totals.total(catalog.bucket, "reader/").objects == 2)


@pytest.mark.usefixtures("objects")
def test_the_commands_that_query_need_this_policy_only(
    cloud: Cloud, session: boto3.Session, reader: dict[str, str]
) -> None:
    with query_user(session, []) as without:
        for command in COMMANDS:
            owner = run(*command, environment=cloud.environment)
            assert (owner.returncode, bool(owner.stdout)) == (0, True), command
            allowed = run(*command, environment=cloud.environment | reader)
            assert (allowed.returncode, allowed.stdout) == (0, owner.stdout), allowed.stderr
            refused = run(*command, environment=cloud.environment | without)
            assert refused.returncode == 2, command
            assert "AccessDenied" in refused.stderr


@pytest.mark.parametrize("command", [("repair",), ("smoke", "--patience", "1"), ("watch",)])
def test_other_commands_are_refused(
    cloud: Cloud, reader: dict[str, str], command: tuple[str, ...]
) -> None:
    refused = run(*command, environment=cloud.environment | reader)
    assert refused.returncode == 2
    *_, error = refused.stderr.splitlines()
    assert error.startswith("reinventure: ")
    assert "AccessDenied" in error


def calls(catalog: DeployedCatalog) -> list[tuple[str, str, dict[str, Any]]]:
    """Calls that change something, or read what the queries do not need."""
    outputs = catalog.outputs
    key = {"pk": {"S": "p"}, "sk": {"S": "k"}}
    tables = [
        ("dynamodb", method, {"TableName": table, **arguments})
        for table in (outputs.table_name, outputs.totals_table_name)
        for method, arguments in (
            ("put_item", {"Item": key}),
            ("delete_item", {"Key": key}),
            ("update_item", {"Key": key}),
            ("scan", {}),
            ("describe_table", {}),
            ("delete_table", {}),
        )
    ]
    stored = [
        ("s3", method, {"Bucket": catalog.bucket, **arguments})
        for method, arguments in (
            ("get_object", {"Key": "reader/a"}),
            ("put_object", {"Key": "reader/a", "Body": b""}),
            ("delete_object", {"Key": "reader/a"}),
            ("list_objects_v2", {}),
            ("put_bucket_notification_configuration", {"NotificationConfiguration": {}}),
        )
    ]
    return [
        *tables,
        *stored,
        ("kms", "decrypt", {"KeyId": outputs.data_key_arn, "CiphertextBlob": b"."}),
        ("sns", "publish", {"TopicArn": outputs.changes_topic_arn, "Message": "."}),
        ("sqs", "receive_message", {"QueueUrl": outputs.failure_queue_url}),
        ("lambda", "invoke", {"FunctionName": outputs.ingest_arn}),
        ("cloudformation", "delete_stack", {"StackName": catalog.stack}),
        ("cloudformation", "describe_stacks", {"StackName": "another"}),
    ]


def test_it_allows_to_change_nothing(
    cloud: Cloud, session: boto3.Session, catalog: DeployedCatalog, reader: dict[str, str]
) -> None:
    clients: Any = boto3.Session(
        aws_access_key_id=reader["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=reader["AWS_SECRET_ACCESS_KEY"],
        region_name=session.region_name,
    )
    once = Config(retries={"total_max_attempts": 1})
    for service, method, arguments in calls(catalog):
        with pytest.raises(ClientError, match=r"AccessDenied|AuthorizationError"):
            getattr(clients.client(service, config=once), method)(**arguments)
