"""Messages of the dead-letter queue on moto."""

import json
from typing import Any

from reinventure.aws import dead_letters
from reinventure.aws.dead_letters import DeadLetter
from reinventure.aws.deployed_catalog import DeployedCatalog

BATCH = {
    "shardId": "shard",
    "startSequenceNumber": "1",
    "endSequenceNumber": "3",
    "approximateArrivalOfFirstRecord": "2026-11-23T10:15:30Z",
    "batchSize": 3,
    "streamArn": "arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/2026",
}


def send(catalog: DeployedCatalog, *bodies: object) -> None:
    """Put messages with these bodies, as JSON, into the dead-letter queue."""
    sqs = catalog.session.client("sqs")
    for body in bodies:
        sqs.send_message(QueueUrl=catalog.outputs.failure_queue_url, MessageBody=json.dumps(body))


def failed_batch(function: str) -> dict[str, Any]:
    """What Lambda sends about a batch of the stream that `function` (ARN) failed for."""
    context = {"functionArn": function, "condition": "RetryAttemptsExhausted"}
    return {"requestContext": context, "DDBStreamBatchInfo": BATCH}


def of_totals() -> dict[str, Any]:
    """A failed batch of the function `totals`."""
    return failed_batch("arn:aws:lambda:us-east-1:123456789012:function:totals")


def of_publish(catalog: DeployedCatalog) -> dict[str, Any]:
    """A failed batch of the function `publish`."""
    return failed_batch(f"{catalog.outputs.publish_arn}:$LATEST")


def in_queue(catalog: DeployedCatalog) -> list[DeadLetter]:
    """All messages, in no order, that another reader can see now."""
    return dead_letters.waiting(catalog)
