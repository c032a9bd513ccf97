"""Asking for a look inside objects, at the doors of the stack that does it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3

from reinventure.aws.deployed_catalog import CONFIG, stack_outputs
from reinventure.errors import UserError
from s3_catalog.model.row import Row

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

STACK = "Workers"
"""What the stack is called that looks inside objects, unless somebody chose another name."""

_ADVICE = (
    ": nobody looks inside objects. Set workers=true and deploy it with `make deploy` (an "
    "account), or `make up WORKERS=1` (this local)."
)

_BATCH = 10
"""Messages a request, SQS's most. Ten of the longest keys are 62 KB."""


@dataclass(frozen=True)
class Doors:
    """The URLs of the queues for objects of up to `most` bytes, and for larger ones."""

    small: str
    large: str
    most: int

    def ask(self, sqs: "SQSClient", rows: Iterable[Row]) -> int:
        """Ask for a look inside the object of each of `rows`; return how many there were.

        Raises UserError when a queue refuses some, and botocore's ClientError or BotoCoreError.
        """
        waiting: dict[str, list[Row]] = {self.small: [], self.large: []}
        asked = 0
        for row in rows:
            door = self.large if (row.size or 0) > self.most else self.small
            waiting[door].append(row)
            if len(waiting[door]) == _BATCH:
                asked += _send(sqs, door, waiting[door])
                waiting[door] = []
        return asked + sum(_send(sqs, door, left) for door, left in waiting.items() if left)


def find(session: boto3.Session, stack: str) -> Doors:
    """Return the doors that the stack named `stack` made.

    Raises UserError when there is no such stack, or it is not one of ours.
    """
    client = session.client("cloudformation", config=CONFIG)
    outputs = stack_outputs(client, stack, _ADVICE)
    try:
        return Doors(
            small=outputs["ExamineQueueUrl"],
            large=outputs["WorkerQueueUrl"],
            most=int(outputs["InspectMaxMib"]) * 2**20,
        )
    except KeyError as missing:
        raise UserError(
            f"stack {stack!r} has no output {missing.args[0]}: it is not the Workers of a "
            "reinventure catalog, or its deployment has not finished."
        ) from None


def _send(sqs: "SQSClient", door: str, rows: list[Row]) -> int:
    reply = sqs.send_message_batch(
        QueueUrl=door,
        Entries=[
            {
                "Id": str(number),
                "MessageBody": json.dumps({"bucket": row.bucket, "key": row.key}),
            }
            for number, row in enumerate(rows)
        ],
    )
    for refused in reply.get("Failed", []):
        raise UserError(
            f"the queue {door} refused a message: {refused['Code']} {refused.get('Message', '')}. "
            "Asking again does no harm."
        )
    return len(rows)
