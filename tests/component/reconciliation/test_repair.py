"""Reconciling a bucket on moto's S3 with a table on the emulator, which runs batches."""

import importlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import pytest

from s3_catalog.model import sequencer
from s3_catalog.model.event import Content, Event
from s3_catalog.model.row import BEFORE_ALL
from s3_catalog.model.scope import Entry, Scope
from s3_catalog.reconciliation import removal, repair
from s3_catalog.reconciliation.difference import differences
from s3_catalog.reconciliation.key_ranges import split
from s3_catalog.reconciliation.removal import remove_out_of_scope
from s3_catalog.reconciliation.repair import reconcile
from s3_catalog.s3.bucket import Bucket
from s3_catalog.table.item import to_item
from s3_catalog.table.row_query import matching_rows
from s3_catalog.table.store import Store
from tests.doubles import Context

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

batches = pytest.mark.parametrize("dynamodb", ["local"], indirect=True)
"""moto cannot insert in batches."""

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def bucket(s3: "S3Client") -> Bucket:
    name = f"bucket-{uuid4()}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return Bucket(lambda: s3, name)


@pytest.fixture(autouse=True)
def short_strides(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (removal, repair):
        monkeypatch.setattr(module, "STRIDE", 4)


def fill(s3: "S3Client", bucket: Bucket, keys: Iterable[str]) -> None:
    for key in keys:
        s3.put_object(Bucket=bucket.name, Key=key, Body=key.encode())


def write(store: Store, bucket: Bucket, key: str, *, deleted: bool = False) -> None:
    """Write the row, or tombstone, of an object that the bucket does not have."""
    store.write(
        Event(
            bucket=bucket.name,
            key=key,
            name="ObjectRemoved:DeleteMarkerCreated" if deleted else "ObjectCreated:Put",
            time=NOW,
            sequencer=sequencer.canonical("00600A"),
            version_id="v",
            content=None if deleted else Content(999, "other"),
        )
    )


def forge(store: Store, bucket: Bucket, key: str, **attributes: Any) -> None:
    """Give the row of `key` the sequencer of a forged event, and these `attributes`."""
    row = store.read(bucket.name, key)
    assert row
    item = to_item(replace(row, sequencer="F" * 32, **attributes), store.shards)
    store.client.put_item(TableName=store.table, Item=item)


def remaining(store: Store, bucket: Bucket) -> list[tuple[str, str]]:
    """The differences between bucket and catalog."""
    rows = matching_rows(store.client, store.table, bucket.name, store.shards, consistent=True)
    return [(d.kind.value, d.key) for d in differences(bucket.listing(), rows)]


def repaired(store: Store, bucket: Bucket, **limits: str) -> int:
    return sum(checkpoint.repaired for checkpoint in reconcile(store, bucket, **limits))


@batches
def test_every_kind_of_difference_is_repaired(s3: "S3Client", bucket: Bucket, store: Store) -> None:
    fill(s3, bucket, ["a", "b/missing", "b/restored", "b/stale", "z"])
    write(store, bucket, "b/ghost")
    write(store, bucket, "b/restored", deleted=True)
    write(store, bucket, "b/stale")
    assert repaired(store, bucket) == 6
    assert remaining(store, bucket) == []
    assert repaired(store, bucket) == 0


@batches
def test_rows_and_tombstones_with_an_implausible_sequencer_are_healed_once(
    s3: "S3Client", bucket: Bucket, store: Store
) -> None:
    fill(s3, bucket, ["a", "forged", "hidden"])
    repaired(store, bucket)
    equal = store.read(bucket.name, "a")
    deleted = {"size": None, "etag": None, "expires_at": 2**40}
    write(store, bucket, "gone", deleted=True)
    forge(store, bucket, "forged")
    forge(store, bucket, "hidden", **deleted)
    forge(store, bucket, "gone")
    assert repaired(store, bucket) == 3
    healed = [store.read(bucket.name, key) for key in ("forged", "hidden", "gone")]
    assert [(row.sequencer, row.deleted) for row in healed if row and row.healed_at] == [
        (BEFORE_ALL, False),
        (BEFORE_ALL, False),
        (BEFORE_ALL, True),
    ]
    assert store.read(bucket.name, "a") == equal
    assert repaired(store, bucket) == 0


@batches
def test_a_storage_class_that_a_row_lacks_is_added_and_one_that_s3_no_longer_has_is_repaired(
    s3: "S3Client", bucket: Bucket, store: Store
) -> None:
    for key, storage_class in (("a", "GLACIER"), ("b", "STANDARD"), ("c", "STANDARD_IA")):
        s3.put_object(Bucket=bucket.name, Key=key, Body=b"1", StorageClass=storage_class)  # type: ignore[arg-type]
    repaired(store, bucket)
    assert [store.read(bucket.name, key).storage_class for key in "abc"] == [  # type: ignore[union-attr]
        "GLACIER",
        None,
        "STANDARD_IA",
    ]
    for key, wrong in (("a", None), ("b", "GLACIER")):
        row = store.read(bucket.name, key)
        assert row
        item = to_item(replace(row, storage_class=wrong), store.shards)
        store.client.put_item(TableName=store.table, Item=item)
    assert remaining(store, bucket) == [("stale", "b")]
    assert repaired(store, bucket) == 2
    assert [store.read(bucket.name, key).storage_class for key in "ab"] == ["GLACIER", None]  # type: ignore[union-attr]
    assert repaired(store, bucket) == 0


@batches
def test_an_empty_catalog_is_filled(s3: "S3Client", bucket: Bucket, store: Store) -> None:
    fill(s3, bucket, [f"{n:03}" for n in range(61)])
    checkpoints = list(reconcile(store, bucket))
    assert sum(checkpoint.repaired for checkpoint in checkpoints) == 61
    assert sum(checkpoint.compared for checkpoint in checkpoints) == 61
    assert remaining(store, bucket) == []


@batches
def test_an_interrupted_repair_continues_after_its_last_checkpoint(
    s3: "S3Client", bucket: Bucket, store: Store
) -> None:
    fill(s3, bucket, [f"{n:02}" for n in range(10)])
    write(store, bucket, "04x")
    first = next(iter(reconcile(store, bucket)))
    assert (first.key, first.compared) == ("03", 4)
    assert repaired(store, bucket, after=first.key) == 7
    assert remaining(store, bucket) == []


@batches
def test_a_repair_stays_in_its_range(s3: "S3Client", bucket: Bucket, store: Store) -> None:
    fill(s3, bucket, ["a", "b", "b/1", "b/2", "c"])
    write(store, bucket, "b/0")
    write(store, bucket, "d")
    assert repaired(store, bucket, after="b", until="b/1") == 2
    assert repaired(store, bucket, prefix="b") == 2
    assert remaining(store, bucket) == [("missing", "a"), ("missing", "c"), ("ghost", "d")]


@batches
def test_old_versions_and_delete_markers_are_not_objects(
    s3: "S3Client", bucket: Bucket, store: Store
) -> None:
    fill(s3, bucket, ["k", "k", "k", "gone"])
    s3.delete_object(Bucket=bucket.name, Key="gone")
    assert repaired(store, bucket) == 1
    assert remaining(store, bucket) == []


def test_rows_outside_of_the_prefixes_are_removed(bucket: Bucket, store: Store) -> None:
    inside = ["in/", "in/1", "in/\U0010ffff", "in/é", "z/in/"]
    outside = ["a", "in", "in.", "in0", "z/in", "z/in0", "z/\U0010ffff", "é"]
    for key in [*inside, *outside]:
        write(store, bucket, key)
    other = Bucket(lambda: pytest.fail("listed"), f"{bucket.name}-2")
    write(store, other, "a")
    scope = Scope((Entry(bucket.name, "in/"), Entry(bucket.name, "z/in/")))
    steps = list(remove_out_of_scope(store, lambda: scope, bucket.name))
    assert sum(step.rows for step in steps) == len(outside)
    assert len(steps) > 1
    rows = matching_rows(store.client, store.table, bucket.name, store.shards, consistent=True)
    assert [row.key for row in rows] == sorted(inside)
    kept = store.read(other.name, "a")
    assert kept
    assert not kept.deleted


class SmallPages:
    """S3 with pages of three versions."""

    def __init__(self, s3: "S3Client") -> None:
        self._s3 = s3

    def list_object_versions(self, **request: Any) -> Any:
        return self._s3.list_object_versions(**{"MaxKeys": 3, **request})


@batches
def test_pages_without_objects_have_checkpoints(
    s3: "S3Client", bucket: Bucket, store: Store
) -> None:
    gone = [f"gone/{n:02}" for n in range(12)]
    fill(s3, bucket, gone)
    for key in gone:
        s3.delete_object(Bucket=bucket.name, Key=key)
    write(store, bucket, "gone/05")
    small = Bucket(lambda: cast("S3Client", SmallPages(s3)), bucket.name)
    checkpoints = list(reconcile(store, small))
    assert len(checkpoints) >= 6
    keys = [checkpoint.key for checkpoint in checkpoints]
    assert keys == sorted(keys)
    [busy] = [checkpoint for checkpoint in checkpoints if checkpoint.compared]
    assert (busy.compared, busy.repaired) == (1, 1)
    assert busy.key >= "gone/05"
    assert remaining(store, bucket) == []


@pytest.mark.parametrize("folders", [0, 1, 7, 250])
def test_ranges_hold_every_key_once(s3: "S3Client", bucket: Bucket, folders: int) -> None:
    keys = [f"{n:03}/{n % 3}/x" for n in range(folders)] + ["000", "zzz", "é🚀"]
    fill(s3, bucket, keys)
    ranges = split(s3, Scope((Entry(bucket.name),)))
    assert 1 <= len(ranges) <= 100
    assert len(ranges) >= min(folders, 50)
    for key in keys:
        holding = [
            r for r in ranges if r["after"] < key and (r["until"] is None or key <= r["until"])
        ]
        assert len(holding) == 1


@pytest.fixture
def function(
    bucket: Bucket, store: Store, s3: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> ModuleType:
    module = importlib.import_module("handlers.reconcile")
    monkeypatch.setenv("TABLE_NAME", store.table)
    monkeypatch.setenv("SHARDS", str(store.shards))
    monkeypatch.setenv("BUCKET_NAME", bucket.name)
    monkeypatch.setattr(module.clients, "dynamodb", lambda: store.client)
    for name in ("s3", "s3_versions"):
        monkeypatch.setattr(module.clients, name, lambda: s3)
    return module


@batches
def test_a_range_of_the_version_before_is_of_the_bucket_of_its_own(
    function: ModuleType, s3: "S3Client", bucket: Bucket, store: Store
) -> None:
    fill(s3, bucket, ["a", "b"])
    progress = function.work({"after": "", "until": None}, Context(reads=9))
    assert (progress["bucket"], progress["prefix"], progress["repaired"]) == (bucket.name, "", 2)
    assert remaining(store, bucket) == []


@batches
def test_a_range_has_the_keys_under_its_prefix_only(
    function: ModuleType, s3: "S3Client", bucket: Bucket, store: Store
) -> None:
    fill(s3, bucket, ["a", "p/1", "p/2", "q"])
    [found] = split(s3, Scope((Entry(bucket.name, "p/"),)))
    assert function.work(found, Context(reads=9))["repaired"] == 2
    assert [key for _, key in remaining(store, bucket)] == ["a", "q"]


@batches
def test_the_function_continues_until_its_range_is_done(
    function: ModuleType,
    s3: "S3Client",
    bucket: Bucket,
    store: Store,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fill(s3, bucket, [f"{n:02}" for n in range(20)])
    [whole] = function.plan({}, None)["ranges"]
    progress, rounds, total = {**whole, "done": False}, 0, 0
    while not progress["done"]:
        progress = function.work(progress, Context(reads=1))
        assert progress["repaired"] >= total, "those before count as well"
        total = progress["repaired"]
        rounds += 1
    assert total == 20
    assert rounds > 1
    assert remaining(store, bucket) == []
    # An alarm measures this field of the log.
    assert sum(vars(record).get("repaired", 0) for record in caplog.records) == total
