"""The proof that a dead-letter queue takes a message under the QUEUE key, and returns it."""

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from reinventure.aws.connection import config
from reinventure.aws.doctor import polling, temporary_queue
from reinventure.aws.doctor.temporary_queue import TemporaryQueue, queue_arn
from reinventure.errors import CheckFailedError

if TYPE_CHECKING:
    import boto3
    from types_boto3_sqs import SQSClient

PATIENCE_SECONDS = 60

_VISIBILITY_TIMEOUT_SECONDS = 10

_CLEANING_SECONDS = 15
"""Time to look for the message once more: longer than a receive without an answer hides it."""


def prove(session: "boto3.Session", url: str, key_arn: str, name: str) -> str:
    """Have SQS move a message to the dead-letter queue `url`; receive and delete it there.

    Only the queue's function may send to it. But SQS moves failed messages of any queue that names
    it: here of a temporary queue called `name`, under the key `key_arn`. Returns what was seen.
    Other messages stay; they are invisible to other readers for some seconds. Raises
    CheckFailedError when the message does not come, and botocore's ClientError or BotoCoreError.
    """
    sqs = session.client("sqs", config=config())
    redrive = {"deadLetterTargetArn": queue_arn(sqs, url), "maxReceiveCount": 1}
    letters = _Letters(sqs, url, f"A test by `reinventure doctor`, {name}: it can be deleted.")
    deleted = False
    try:
        with temporary_queue.created(
            sqs, name, {"KmsMasterKeyId": key_arn, "RedrivePolicy": json.dumps(redrive)}
        ) as source:
            sqs.send_message(QueueUrl=source.url, MessageBody=letters.body)
            deleted = letters.delete(PATIENCE_SECONDS, source)
    finally:
        if not deleted:
            deleted = letters.delete(_CLEANING_SECONDS)
    if not deleted:
        raise CheckFailedError(
            f"a message did not come in {PATIENCE_SECONDS} s, among {len(letters.others):,} others"
        )
    return "a message came, and was deleted"


class _Letters:
    """The messages of the queue `url`: one with the `body`, and the receipts of `others` by id."""

    def __init__(self, sqs: "SQSClient", url: str, body: str) -> None:
        self._sqs = sqs
        self._url = url
        self.body = body
        self.others: dict[str, str] = {}

    def delete(self, patience: float, source: TemporaryQueue | None = None) -> bool:
        """Receive until the message comes, and delete it; return whether it came in `patience`.

        Receives from `source` as well, after which SQS moves its messages. The others stay.
        """

        def look() -> str | None:
            if source:
                source.receive()
            return self._receive()

        try:
            receipt = polling.first(look, patience, pause=0.1)
            if receipt:
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=receipt)
            return receipt is not None
        finally:
            self._release()

    def _receive(self) -> str | None:
        """Receive some messages; return the receipt of the one, if it is among them."""
        received = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=_VISIBILITY_TIMEOUT_SECONDS,
            WaitTimeSeconds=temporary_queue.WAIT_SECONDS,
        )
        found = None
        for message in received.get("Messages", []):
            if message["Body"] == self.body:
                found = message["ReceiptHandle"]
            else:
                self.others[message["MessageId"]] = message["ReceiptHandle"]
        return found

    def _release(self) -> None:
        """Make the other messages visible to other readers at once."""
        for receipt in self.others.values():
            # If it has expired or is visible already, there is nothing to do.
            with suppress(
                self._sqs.exceptions.MessageNotInflight,
                self._sqs.exceptions.ReceiptHandleIsInvalid,
            ):
                self._sqs.change_message_visibility(
                    QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=0
                )
