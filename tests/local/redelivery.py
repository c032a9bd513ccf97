"""An event that comes again, by the lines that the functions logged when it came first."""

import json
from datetime import timedelta
from typing import Any

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.aws.key_log_reader import KeyLogReader
from reinventure.contract import CATALOG
from s3_catalog.model.timestamps import utc_now


def lines(catalog: DeployedCatalog, key: str, *messages: str) -> list[dict[str, Any]]:
    """The lines of `key` with these messages, or all."""
    reader = KeyLogReader(catalog.session, (CATALOG,))
    found = reader.lines(catalog.bucket, key, utc_now() - timedelta(hours=1))
    return [line for line in found if not messages or line["message"] in messages]


def has_followed(catalog: DeployedCatalog, key: str, changes: int) -> bool:
    """Whether so many changes of `key` are counted and published."""
    return len(lines(catalog, key, "counted", "published")) == 2 * changes


def record(catalog: DeployedCatalog, key: str, event: dict[str, Any]) -> dict[str, Any]:
    """The notification of S3 about `event`, which has the fields of a line of the log, or a row."""
    return {
        "eventSource": "aws:s3",
        "eventName": event["event_name"],
        "eventTime": event["event_time"],
        "s3": {
            "bucket": {"name": catalog.bucket},
            "object": {
                # As S3 encodes it.
                "key": "".join(f"%{byte:02X}" for byte in key.encode()),
                "size": event["size"],
                "eTag": event.get("etag", "of-the-old-event"),
                "sequencer": event["sequencer"],
                "versionId": event["version_id"],
            },
        },
    }


def deliver_again(catalog: DeployedCatalog, key: str, arrived: dict[str, Any]) -> None:
    """Invoke `ingest` with an event that it had before."""
    reply = catalog.session.client("lambda").invoke(
        FunctionName=catalog.outputs.ingest_arn,
        Payload=json.dumps({"Records": [record(catalog, key, arrived)]}),
    )
    assert "FunctionError" not in reply, reply["Payload"].read()
