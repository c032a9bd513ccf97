"""A queue that exists for the time of a proof."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reinventure.aws.queue_policy import only_from

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.literals import QueueAttributeNameType

_RETENTION_SECONDS = 60 * 60
"""Retention of a message: the queue of a killed process does not fill."""

WAIT_SECONDS = 1
"""Long poll: a short one may miss messages."""


@dataclass(frozen=True, slots=True)
class TemporaryQueue:
    """A queue by its URL and ARN."""

    sqs: "SQSClient"
    url: str
    arn: str

    def allow(self, service: str, source_arn: str) -> None:
        """Allow `service` to send for `source_arn`."""
        policy = only_from(service, source_arn, self.arn)
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": policy})

    def receive(self) -> list[str]:
        """Return the bodies of up to ten messages. They stay."""
        reply = self.sqs.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=0,
            WaitTimeSeconds=WAIT_SECONDS,
        )
        return [message["Body"] for message in reply.get("Messages", [])]


@contextmanager
def created(
    sqs: "SQSClient", name: str, attributes: "Mapping[QueueAttributeNameType, str]"
) -> Iterator[TemporaryQueue]:
    """Create a queue called `name`, and delete it in the end."""
    try:
        url = sqs.create_queue(
            QueueName=name,
            Attributes={"MessageRetentionPeriod": str(_RETENTION_SECONDS), **attributes},
        )["QueueUrl"]
        yield TemporaryQueue(sqs, url, queue_arn(sqs, url))
    finally:
        # By name: the queue may exist even if create_queue had no answer.
        with suppress(sqs.exceptions.QueueDoesNotExist):
            sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"])


def queue_arn(sqs: "SQSClient", url: str) -> str:
    """Return the ARN of the queue `url`."""
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return attributes["Attributes"]["QueueArn"]
