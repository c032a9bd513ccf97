"""Objects in a bucket and their rows, written as S3 and `ingest` would write them."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from s3_catalog.model import sequencer
from s3_catalog.model.event import Content, Event
from s3_catalog.model.row import Row
from s3_catalog.table.store import Store

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)


class ObjectWriter:
    """Puts and deletes objects of `bucket`, and writes the rows of the events in `store`."""

    def __init__(self, s3: "S3Client", store: Store, bucket: str) -> None:
        self._s3, self._store, self._bucket = s3, store, bucket
        self._count = 0

    def put(self, key: str, body: bytes, *, delivered: bool = True) -> Event:
        """Put an object and return its event, which writes the row only if `delivered`."""
        reply = self._s3.put_object(Bucket=self._bucket, Key=key, Body=body)
        content = Content(len(body), reply["ETag"].strip('"'))
        event = self._event(key, "ObjectCreated:Put", reply.get("VersionId"), content)
        if delivered:
            self._store.write(event)
        return event

    def delete(self, key: str) -> None:
        """Delete an object and write its tombstone."""
        reply = self._s3.delete_object(Bucket=self._bucket, Key=key)
        name = "ObjectRemoved:DeleteMarkerCreated"
        self._store.write(self._event(key, name, reply.get("VersionId"), None))

    def _event(self, key: str, name: str, version: str | None, content: Content | None) -> Event:
        self._count += 1
        order = sequencer.canonical(f"{self._count:08X}")
        return Event(self._bucket, key, name, NOW, order, version, content)


def row_of(store: Store, bucket: str, key: str = "k") -> Row:
    """Return the row of `key`, which exists."""
    row = store.read(bucket, key)
    assert row
    return row


def inspection_request(bucket: str, key: str = "k") -> str:
    """Return the message of the change feed that makes an inspector inspect `key`."""
    return json.dumps({"version": "1", "kind": "created", "bucket": bucket, "key": key})


@pytest.fixture(params=["versions", "no versions"])
def bucket(request: pytest.FixtureRequest, s3: "S3Client") -> str:
    """A new bucket, with and without versioning."""
    name = f"bucket-{uuid4()}"
    s3.create_bucket(Bucket=name)
    if request.param == "versions":
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


@pytest.fixture
def writer(s3: "S3Client", store: Store, bucket: str) -> ObjectWriter:
    return ObjectWriter(s3, store, bucket)
