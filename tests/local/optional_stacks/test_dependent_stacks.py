"""A stack that depends on the catalog: it is deleted first, and no queue of it with messages.

What is refused because of a stack's setting has unit tests only: the emulator gives a stack that
was created by a change set, as the CDK does, no description.
"""

from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from reinventure.aws import deployed_stack, deployment_check
from reinventure.contract import CATALOG, WORKERS, InspectionOutputs
from reinventure.errors import UserError

pytestmark = pytest.mark.xdist_group("local cloud with optional stacks")


def test_the_catalog_cannot_be_deleted_before_a_stack_that_depends_on_it(
    session: boto3.Session,
) -> None:
    with pytest.raises(ClientError, match=r"Export Catalog:ExportsOutput.* is imported by stack"):
        session.client("cloudformation").delete_stack(StackName=CATALOG)


def test_a_deployment_that_removes_a_queue_with_messages_is_refused(
    session: boto3.Session, tmp_path: Path
) -> None:
    (tmp_path / f"{WORKERS}.template.json").write_text('{"Resources": {}}')
    deployment_check.require_empty_queues(session, tmp_path)
    found = deployed_stack.find(session.client("cloudformation"), WORKERS, InspectionOutputs)
    sqs, queue = session.client("sqs"), found.inspection_failure_queue_url
    sqs.send_message(QueueUrl=queue, MessageBody="a request that failed")
    try:
        with pytest.raises(UserError, match=r"remove the queue Workers-Failures.* \(about 1\)"):
            deployment_check.require_empty_queues(session, tmp_path)
    finally:
        [message] = sqs.receive_message(QueueUrl=queue)["Messages"]
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
