"""How many messages a queue of SQS has."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient


def depth(sqs: "SQSClient", url: str) -> int:
    """Return the number of messages in the queue: visible, in flight and delayed.

    SQS counts approximately. Needs the permission sqs:GetQueueAttributes. Raises botocore's
    ClientError or BotoCoreError.
    """
    attributes = sqs.get_queue_attributes(
        QueueUrl=url,
        AttributeNames=[
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesDelayed",
            "ApproximateNumberOfMessagesNotVisible",
        ],
    )["Attributes"]
    return sum(map(int, attributes.values()))
