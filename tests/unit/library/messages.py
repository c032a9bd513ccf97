"""Messages of the change feed for the tests of the library."""

from typing import Any
from uuid import uuid4

from reinventure.aws.deployed_catalog import DeployedCatalog


def message(catalog: DeployedCatalog, key: str, sequencer: str, **fields: Any) -> dict[str, Any]:
    state = {
        "size": 9,
        "etag": "0cc175b9",
        "version_id": "v1",
        "time": "2026-11-23T10:16:00.000Z",
        "storage_class": "GLACIER",
        "restore": None,
    }
    return {
        "version": "1",
        "id": uuid4().hex,
        "kind": "created",
        "bucket": catalog.bucket,
        "key": key,
        "sequencer": sequencer,
        "asked_at": None,
        "healed_at": None,
        "time": "2026-11-23T10:16:00.000Z",
        "event": "ObjectCreated:Put",
        "requester": "AROAEXAMPLE:ann",
        "source_ip": "192.0.2.44",
        "changed": [],
        "old": None,
        "new": state,
        **fields,
    }
