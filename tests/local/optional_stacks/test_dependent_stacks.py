"""A stack that depends on the catalog: it is deleted first, and no queue of it with messages.

What is refused because of a stack's setting has unit tests only: the emulator gives a stack that
was created by a change set, as the CDK does, no description.
"""

import json
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from reinventure.aws import deployment_check
from reinventure.contract import CATALOG
from reinventure.errors import UserError


def test_the_catalog_cannot_be_deleted_before_a_stack_that_depends_on_it(
    session: boto3.Session,
) -> None:
    with pytest.raises(ClientError, match=r"Export Catalog:ExportsOutput.* is imported by stack"):
        session.client("cloudformation").delete_stack(StackName=CATALOG)


def test_a_deployment_that_removes_a_queue_with_messages_is_refused(
    session: boto3.Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A stack of the test's own: into a dead-letter queue nothing but its function may send, and
    # another queue does not keep its messages.
    monkeypatch.setattr(deployment_check, "CATALOG_STACKS", ("Queued",))
    client, sqs = session.client("cloudformation"), session.client("sqs")
    template = {"Resources": {"Waiting": {"Type": "AWS::SQS::Queue"}}}
    client.create_stack(StackName="Queued", TemplateBody=json.dumps(template))
    client.get_waiter("stack_create_complete").wait(StackName="Queued", WaiterConfig={"Delay": 1})
    try:
        (tmp_path / "Queued.template.json").write_text('{"Resources": {}}')
        deployment_check.require_empty_queues(session, tmp_path)
        described = client.describe_stack_resource(StackName="Queued", LogicalResourceId="Waiting")
        queue = described["StackResourceDetail"]["PhysicalResourceId"]
        sqs.send_message(QueueUrl=queue, MessageBody="an event")
        with pytest.raises(UserError, match=r"remove the queue Queued-Waiting.* \(about 1\)"):
            deployment_check.require_empty_queues(session, tmp_path)
        (tmp_path / "Queued.template.json").write_text(json.dumps(template))
        deployment_check.require_empty_queues(session, tmp_path)
    finally:
        client.delete_stack(StackName="Queued")
