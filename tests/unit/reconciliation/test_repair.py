"""The limits of a repair: keys outside its prefix or range stay as they are."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import boto3
import pytest

from s3_catalog.model.event import Content, Event
from s3_catalog.model.row import Row
from s3_catalog.reconciliation.repair import reconcile
from s3_catalog.s3.bucket import Bucket
from s3_catalog.table import batch_write
from s3_catalog.table.store import Store
from tests.empty_table import new_table

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
KEYS = ["a", "b", "b/1", "b/2", "b/3", "b0", "c"]


@pytest.fixture
def store(aws: None, monkeypatch: pytest.MonkeyPatch) -> Store:
    def insert(store: Store, missing: Sequence[Row]) -> list[Row]:
        return [row for row in missing if not store.replace(None, row)]

    monkeypatch.setattr(batch_write, "insert", insert)  # moto cannot insert in batches.
    client = boto3.client("dynamodb")
    return Store(client, new_table(client), shards=4)


@pytest.fixture
def bucket(s3: "S3Client") -> Bucket:
    """A bucket with an object under each of `KEYS`."""
    name = f"bucket-{uuid4()}"
    s3.create_bucket(Bucket=name)
    for key in KEYS:
        s3.put_object(Bucket=name, Key=key, Body=b"12345")
    return Bucket(lambda: s3, name)


def write(store: Store, bucket: Bucket, key: str) -> None:
    """Write the row of an object that the bucket does not have."""
    content = Content(999, "another")
    store.write(Event(bucket.name, key, "ObjectCreated:Put", NOW, "A" * 32, None, content))


def correct_rows(store: Store, bucket: Bucket, keys: list[str]) -> list[str]:
    """The keys whose row is that of the object in the bucket."""
    rows = {key: store.read(bucket.name, key) for key in keys}
    return [key for key, row in rows.items() if row and row.size == 5]


PREFIXES = [("", KEYS), ("b", ["b", "b/1", "b/2", "b/3", "b0"]), ("b/", ["b/1", "b/2", "b/3"])]


@pytest.mark.parametrize(("prefix", "keys"), PREFIXES)
def test_a_repair_inserts_missing_rows_under_its_prefix_only(
    store: Store, bucket: Bucket, prefix: str, keys: list[str]
) -> None:
    checkpoints = list(reconcile(store, bucket, prefix=prefix))
    assert correct_rows(store, bucket, KEYS) == keys
    assert sum(checkpoint.compared for checkpoint in checkpoints) == len(keys)
    assert sum(checkpoint.repaired for checkpoint in checkpoints) == len(keys)


@pytest.mark.parametrize(("prefix", "keys"), PREFIXES)
def test_a_repair_replaces_stale_rows_under_its_prefix_only(
    store: Store, bucket: Bucket, prefix: str, keys: list[str]
) -> None:
    for key in KEYS:
        write(store, bucket, key)
    list(reconcile(store, bucket, prefix=prefix))
    assert correct_rows(store, bucket, KEYS) == keys


@pytest.mark.parametrize(("prefix", "deleted"), [("", "a0 b/0 b/9 d"), ("b/", "b/0 b/9")])
def test_a_repair_writes_tombstones_under_its_prefix_only(
    store: Store, bucket: Bucket, prefix: str, deleted: str
) -> None:
    ghosts = ["a0", "b/0", "b/9", "d"]
    for key in ghosts:
        write(store, bucket, key)
    list(reconcile(store, bucket, prefix=prefix))
    rows = {key: store.read(bucket.name, key) for key in ghosts}
    assert [key for key, row in rows.items() if row and row.deleted] == deleted.split()


def test_a_repair_begins_after_one_key_and_ends_with_another(store: Store, bucket: Bucket) -> None:
    list(reconcile(store, bucket, after="b", until="b/2"))
    assert correct_rows(store, bucket, KEYS) == ["b/1", "b/2"]


def test_a_repair_continues_within_its_prefix(store: Store, bucket: Bucket) -> None:
    list(reconcile(store, bucket, prefix="b/", after="b/1"))
    assert correct_rows(store, bucket, KEYS) == ["b/2", "b/3"]
