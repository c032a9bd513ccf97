"""The proof that a dead-letter queue takes a message under the QUEUE key, and returns it."""

import json
from typing import TYPE_CHECKING

import boto3

from reinventure.aws.connection import CONFIG
from reinventure.aws.doctor import polling, temporary_queue
from reinventure.aws.doctor.temporary_queue import TemporaryQueue, queue_arn
from reinventure.errors import CheckFailedError

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

PATIENCE_SECONDS = 60

_CLEANING_SECONDS = 10

_VISIBILITY_TIMEOUT_SECONDS = 60


def prove(session: boto3.Session, url: str, key_arn: str, name: str) -> str:
    """Have SQS move a message to the dead-letter queue `url`; receive and delete it there.

    Only the queue's function may send to it. But SQS moves failed messages of any queue that names
    it: here of a temporary queue called `name`, under the key `key_arn`. Returns what was seen.
    Other messages stay; they are invisible to other readers meanwhile. Raises CheckFailedError when
    the message does not come, and botocore's ClientError or BotoCoreError.
    """
    sqs = session.client("sqs", config=CONFIG)
    redrive = {"deadLetterTargetArn": queue_arn(sqs, url), "maxReceiveCount": 1}
    body = f"A test by `reinventure doctor`, {name}: it can be deleted."
    deleted = False
    try:
        with temporary_queue.created(
            sqs, name, {"KmsMasterKeyId": key_arn, "RedrivePolicy": json.dumps(redrive)}
        ) as source:
            sqs.send_message(QueueUrl=source.url, MessageBody=body)
            deleted = _delete(sqs, url, body, PATIENCE_SECONDS, source)
    finally:
        if not deleted:
            deleted = _delete(sqs, url, body, _CLEANING_SECONDS)
    if not deleted:
        raise CheckFailedError(f"a message did not come in {PATIENCE_SECONDS} s")
    return "a message came, and was deleted"


def _delete(
    sqs: "SQSClient", url: str, body: str, patience: float, source: TemporaryQueue | None = None
) -> bool:
    """Receive from the queue `url` until the message `body` comes, and delete it.

    Receives from `source` as well, by which SQS moves the message. Returns whether it came.
    """
    others = []

    def look() -> str | None:
        if source:
            source.receive()
        received = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=_VISIBILITY_TIMEOUT_SECONDS,
            WaitTimeSeconds=temporary_queue.WAIT_SECONDS,
        )
        found = None
        for message in received.get("Messages", []):
            if message["Body"] == body:
                found = message["ReceiptHandle"]
            else:
                others.append(message["ReceiptHandle"])
        return found

    try:
        receipt = polling.first(look, patience)
        if receipt:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=receipt)
        return receipt is not None
    finally:
        for other in others:
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=other, VisibilityTimeout=0)
