"""Failures that wait in the dead-letter queues of a catalog."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from reinventure.aws import dead_letters
from reinventure.aws.connection import config
from reinventure.aws.queue_depth import depth
from reinventure.aws.status.alarm_states import AlarmState
from reinventure.aws.status.check import Check, State

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

    from reinventure.aws.deployed_catalog import DeployedCatalog

METRIC = "ApproximateNumberOfMessagesVisible"
"""The metric of the alarms on the same queues."""

_COMMANDS = {
    "ingest": "reinventure redrive --all",
    "publish": "reinventure redrive --all",
    # It counts anew what could not be counted.
    "totals": "reinventure repair",
}
"""By function. SQS itself moves the messages of the others back."""


def checks(catalog: "DeployedCatalog", alarms: Sequence[AlarmState]) -> Iterator[Check]:
    """Yield a check for each dead-letter queue with messages, or one if all are empty.

    Those that a reader has received count, too. The time is that of the queue's alarm in `alarms`.
    Needs the permission sqs:GetQueueAttributes. Raises botocore's ClientError or BotoCoreError.
    """
    sqs = catalog.session.client("sqs", config=config())
    since = {each.metric.value: each.since for each in alarms if each.on and each.metric}
    queues = dead_letters.queues(catalog)
    empty = True
    for queue in queues:
        waiting = depth(sqs, queue.url)
        if not waiting:
            continue
        empty = False
        yield Check(
            "failures",
            State.WRONG,
            f"{waiting:,} of {queue.function} wait (`reinventure failed` lists them)",
            since.get(queue.url.rsplit("/", 1)[-1]),
            _COMMANDS.get(queue.function) or _move(sqs, queue.url),
        )
    if empty:
        yield Check("failures", State.FINE, f"none, in {len(queues)} dead-letter queues")


def _move(sqs: "SQSClient", url: str) -> str:
    """Return the command with which SQS moves the messages back to the queue they came from."""
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    return f"aws sqs start-message-move-task --source-arn {found['QueueArn']}"
