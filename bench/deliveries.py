"""What S3 and SQS send to `ingest`: one event, or a batch of a queue."""

import json
import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

BUCKET = "photos-example"
PUT = "ObjectCreated:Put"
DELETE = "ObjectRemoved:DeleteMarkerCreated"

_START = int(time.time()) - 3600
"""Events are of the last hour: a later sequencer than now would need a lookup."""


def event(number: int, key: str, name: str = PUT) -> dict[str, Any]:
    """Return the record of an event of `key`; of two events, that with the greater number is later.

    Numbers are of a thousandth of a second of the last hour.
    """
    seconds, thousandths = divmod(number, 1000)
    stored: dict[str, str | int] = {
        "key": quote(key),
        "versionId": f"3HL4kqtJlcpXroDTDmJ{number:013}",
    }
    if name == PUT:
        stored |= {"size": 1234567, "eTag": f"{number:032x}"}
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(_START + seconds))
    return {
        "eventVersion": "2.3",
        "eventSource": "aws:s3",
        "awsRegion": "eu-west-1",
        "eventTime": f"{moment}.{thousandths:03}Z",
        "eventName": name,
        "userIdentity": {"principalId": "AWS:AIDAEXAMPLEUSER"},
        "requestParameters": {"sourceIPAddress": "192.0.2.44"},
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "F" * 64},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "NTk4ZmE2",
            "bucket": {
                "name": BUCKET,
                "ownerIdentity": {"principalId": "A3NL1KOZZKExample"},
                "arn": f"arn:aws:s3:::{BUCKET}",
            },
            "object": {
                **stored,
                "sequencer": f"{_START + seconds:010X}{thousandths * 1_000_000:08X}",
            },
        },
    }


def direct(record: dict[str, Any]) -> dict[str, Any]:
    """Return the delivery of one event by S3."""
    return {"Records": [record]}


def queued(records: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return the delivery of a batch of messages by SQS, each with one event."""
    return {
        "Records": [
            {
                "messageId": f"059f36b4-87a3-44ab-83d2-{number:012}",
                "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
                "body": json.dumps({"Records": [record]}),
                "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1795428930123"},
                "messageAttributes": {},
                "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:events",
                "awsRegion": "eu-west-1",
            }
            for number, record in enumerate(records)
        ]
    }
