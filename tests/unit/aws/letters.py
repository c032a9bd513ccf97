"""Messages of the dead-letter queues on moto."""

import json
from typing import Any
from unittest.mock import patch

from reinventure.aws import dead_letters
from reinventure.aws.dead_letters import DeadLetter
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.contract import dead_letter_queues

BATCH = {
    "shardId": "shard",
    "startSequenceNumber": "1",
    "endSequenceNumber": "3",
    "approximateArrivalOfFirstRecord": "2026-11-23T10:15:30Z",
    "batchSize": 3,
}


def send(
    catalog: DeployedCatalog, *bodies: object, queue: str = "ingest", sender: str | None = None
) -> None:
    """Put messages with these bodies, as JSON, into the dead-letter queue of the function `queue`.

    By default its own role sends them.
    """
    sqs = catalog.session.client("sqs")
    [found] = [each for each in dead_letter_queues(catalog.outputs) if each.function == queue]
    with patch("moto.sqs.models.DEFAULT_SENDER_ID", sender or f"{found.role_id}:session"):
        for body in bodies:
            sqs.send_message(QueueUrl=found.url, MessageBody=json.dumps(body))


def send_failures(catalog: DeployedCatalog, *functions: str) -> None:
    """Put a failed batch of each of `functions` into the queue of each, as its role."""
    for function in functions:
        send(catalog, failed_batch(catalog), queue=function)


def failed_batch(catalog: DeployedCatalog) -> dict[str, Any]:
    """What Lambda sends about a batch of the stream of `catalog` that a function failed for."""
    context = {"functionArn": "any", "condition": "RetryAttemptsExhausted"}
    arn = f"arn:aws:dynamodb:us-east-1:123456789012:table/{catalog.table}/stream/2026"
    return {"requestContext": context, "DDBStreamBatchInfo": {**BATCH, "streamArn": arn}}


def in_queue(catalog: DeployedCatalog) -> list[DeadLetter]:
    """All messages, in no order, that another reader can see now."""
    return dead_letters.waiting(catalog, dead_letter_queues(catalog.outputs))
