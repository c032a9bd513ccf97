"""Messages that others put into a dead-letter queue are listed, and never redriven."""

import json
from typing import Any

import boto3
import pytest

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local.cloud import Cloud
from tests.local.command import run
from tests.local.lent_role import lent_role
from tests.waiting import wait_until

pytestmark = pytest.mark.usefixtures("no_dead_letters")

KEY = "forged/secret"


@pytest.fixture
def forged(catalog: DeployedCatalog) -> str:
    """The failure of an event that S3 never sent, as Lambda would report it."""
    record = {
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "eventTime": "2026-11-23T10:15:30.000Z",
        "s3": {
            "bucket": {"name": catalog.bucket},
            "object": {"key": KEY, "size": 1, "eTag": "e", "sequencer": "00692300000000000"},
        },
    }
    context = {"functionArn": catalog.outputs.ingest_arn, "condition": "RetriesExhausted"}
    return json.dumps({"requestContext": context, "requestPayload": {"Records": [record]}})


def is_not_redriven(catalog: DeployedCatalog, cloud: Cloud, sender: str) -> None:
    """Assert that the only dead letter is of `sender`, is not trusted, and stays."""
    redriven = run("redrive", "--all", environment=cloud.environment)
    assert redriven.returncode == 1
    assert redriven.stdout == "0 redriven, 0 failed again, 1 not trusted.\n"
    assert f"not trusted: sender {sender}" in redriven.stderr
    assert catalog.key_state(KEY).row is None
    [line] = run("failed", "--json", environment=cloud.environment).stdout.splitlines()
    listed: dict[str, Any] = json.loads(line)
    assert (listed["trusted"], listed["keys"]) == (False, [KEY])
    assert listed["sender"].startswith(sender)


@pytest.mark.parametrize("role", ["totals_role_id", "publish_role_id"])
def test_a_message_of_another_function_is_not_redriven(
    session: boto3.Session, catalog: DeployedCatalog, cloud: Cloud, forged: str, role: str
) -> None:
    sqs, url = session.client("sqs"), catalog.outputs.failure_queue_url
    role_id = getattr(catalog.outputs, role)
    iam = session.client("iam")
    [name] = [r["RoleName"] for r in iam.list_roles()["Roles"] if r["RoleId"] == role_id]
    allow = {"Effect": "Allow", "Action": ["sqs:SendMessage", "kms:*"], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    own = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
    iam.put_role_policy(RoleName=name, PolicyName="any", PolicyDocument=policy)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    try:
        sender = lent_role(session, role_id).client("sqs")
        sender.send_message(QueueUrl=url, MessageBody=forged)
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=own)
        iam.delete_role_policy(RoleName=name, PolicyName="any")
    is_not_redriven(catalog, cloud, f"{role_id}:test")


def test_a_message_that_sqs_moved_from_another_queue_is_not_redriven(
    session: boto3.Session, catalog: DeployedCatalog, cloud: Cloud, forged: str
) -> None:
    sqs, url = session.client("sqs"), catalog.outputs.failure_queue_url
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    move = {"deadLetterTargetArn": attributes["QueueArn"], "maxReceiveCount": 1}
    elsewhere = sqs.create_queue(
        QueueName="elsewhere",
        Attributes={"RedrivePolicy": json.dumps(move), "VisibilityTimeout": "0"},
    )["QueueUrl"]
    sqs.send_message(QueueUrl=elsewhere, MessageBody=forged)

    def moved() -> bool:
        sqs.receive_message(QueueUrl=elsewhere)
        counted = sqs.get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        return counted["Attributes"]["ApproximateNumberOfMessages"] == "1"

    try:
        wait_until(moved)
    finally:
        sqs.delete_queue(QueueUrl=elsewhere)
    is_not_redriven(catalog, cloud, session.client("sts").get_caller_identity()["Account"])


def test_a_sender_that_the_caller_names_is_trusted(
    session: boto3.Session, catalog: DeployedCatalog, cloud: Cloud
) -> None:
    """As for what SNS and EventBridge cannot deliver: AWS documents no ids of them."""
    sqs, url = session.client("sqs"), catalog.outputs.failure_queue_url
    own = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
    account = session.client("sts").get_caller_identity()["Account"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    try:
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"Records": []}))
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=own)
    refused = run("redrive", "--all", environment=cloud.environment)
    assert (refused.returncode, "not trusted" in refused.stderr) == (1, True)
    redriven = run("redrive", "--all", "--trust", account, environment=cloud.environment)
    assert redriven.stdout == "1 redriven, 0 failed again.\n", redriven.stderr
