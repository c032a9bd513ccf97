"""A table and a feed of released versions: read, listed, compared, published and written over."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import jsonschema
import pytest

from reinventure.aws import feed_change
from reinventure.aws.change_watcher import Order
from reinventure.cli.watch import change_line
from s3_catalog.feed.message import entry, read
from s3_catalog.ingestion.delivery import Report, ingest
from s3_catalog.model import object_key, sequencer
from s3_catalog.model.row import BEFORE_ALL, Row, agree
from s3_catalog.model.scope import Entry, Scope
from s3_catalog.model.stored_object import StoredObject
from s3_catalog.model.timestamps import utc_now
from s3_catalog.reconciliation.difference import Kind, difference, differences
from s3_catalog.reconciliation.repair import reconcile
from s3_catalog.s3.bucket import Buckets
from s3_catalog.sql_mirror import state
from s3_catalog.table import stream_record
from s3_catalog.table.item import from_item, to_item
from s3_catalog.table.row_query import Filter, matching_rows
from s3_catalog.table.store import Store
from s3_catalog.totals.tally import growth
from tests.assembly import ROOT
from tests.component.conftest import SHARDS
from tests.component.upgrade.released import kept, written
from tests.stream_records import record

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

ITEMS = {
    f"{version}/{kind}": item
    for version, content in kept().items()
    for kind, item in content["rows"].items()
}
"""Each item by the key that it gets here: the number of its version, and its kind."""

MESSAGES = {
    f"{version}/{kind}": message
    for version, content in kept().items()
    for kind, message in content["messages"].items()
}
SCHEMA = jsonschema.Draft202012Validator(
    json.loads((ROOT / "docs" / "change.schema.json").read_text())
)
FORGED = "of a forged event"
NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)


def test_the_file_has_what_the_code_of_every_released_version_writes() -> None:
    """If a version was added: python -m tests.component.upgrade.released."""
    assert kept() == written()


def test_the_file_has_every_kind_of_row() -> None:
    for version in kept():
        kinds = {key.partition("/")[2] for key in ITEMS if key.startswith(f"{version}/")}
        assert {"plain", "inspected", "tombstone", "looked up", "looked up, deleted"} <= kinds
    assert {"healed", "healed, deleted", "archived"} <= {k.partition("/")[2] for k in ITEMS}
    attributes = {name for item in ITEMS.values() for name in item}
    assert attributes == {
        *("pk", "sk", "sequencer", "event_time", "event_name", "version_id", "size", "etag"),
        *("expires_at", "asked_at", "healed_at", "inspected", "requester", "source_ip"),
        *("storage_class", "checksum_algorithm", "restore"),
    }


@pytest.mark.parametrize("key", ITEMS)
def test_a_row_is_read_without_a_loss_from_the_partition_where_it_is(key: str) -> None:
    assert to_item(from_item(ITEMS[key]), SHARDS) == ITEMS[key]


@pytest.fixture
def bucket(s3: "S3Client") -> str:
    """A bucket with versions, empty."""
    name = f"photos-{uuid4()}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


@pytest.fixture
def items(store: Store, bucket: str) -> dict[str, Any]:
    """The items of the file in the table, as rows of `bucket`."""
    items = {
        key: {
            **item,
            "pk": {"S": object_key.partition(bucket, key, SHARDS)},
            "sk": {"S": key},
        }
        for key, item in ITEMS.items()
    }
    for item in items.values():
        store.client.put_item(TableName=store.table, Item=item)
    return items


@pytest.fixture
def buckets(s3: "S3Client", bucket: str) -> Buckets:
    return Buckets(lambda: s3, Scope((Entry(bucket),)), lambda: NOW)


def in_table(store: Store) -> dict[str, Any]:
    return {item["sk"]["S"]: item for item in store.client.scan(TableName=store.table)["Items"]}


def event(bucket: str, key: str, name: str, order: str, time: str, **thing: Any) -> Any:
    """A record of S3."""
    return {
        "eventName": name,
        "eventTime": time,
        "s3": {
            "bucket": {"name": bucket},
            "object": {"key": key.replace(" ", "+"), "sequencer": order, **thing},
        },
    }


CREATED = [
    "ObjectCreated:Put",
    "ObjectCreated:Post",
    "ObjectCreated:Copy",
    "ObjectCreated:CompleteMultipartUpload",
]
REMOVED = [
    "ObjectRemoved:DeleteMarkerCreated",
    "ObjectRemoved:Delete",
    "LifecycleExpiration:DeleteMarkerCreated",
    "LifecycleExpiration:Delete",
]
OF_STORAGE = [
    "LifecycleTransition",
    "IntelligentTiering",
    "ObjectRestore:Post",
    "ObjectRestore:Completed",
    "ObjectRestore:Delete",
]


def happen(s3: "S3Client", bucket: str, key: str, name: str) -> Any:
    """Change the object of `key` as an event called `name` reports, and return its record."""
    put = s3.put_object(Bucket=bucket, Key=key, Body=b"new")
    thing: dict[str, Any] = {"versionId": put["VersionId"]}
    if name in REMOVED:
        thing = {"versionId": s3.delete_object(Bucket=bucket, Key=key)["VersionId"]}
    if name in CREATED:
        thing |= {"size": 3, "eTag": put["ETag"].strip('"')}
    return event(bucket, key, name, "0069245B50", "2026-11-23T12:00:00.000Z", **thing)


def apply(
    store: Store, buckets: Buckets, records: list[Any], *, together: bool
) -> Iterator[Report]:
    """Ingest `records` in one delivery, or in one each."""
    for part in [records] if together else [[each] for each in records]:
        yield ingest({"Records": part}, store, buckets)


BATCHES = pytest.mark.parametrize("dynamodb", ["emulator"], indirect=True)
"""moto cannot insert in batches."""


@BATCHES
@pytest.mark.parametrize("together", [True, False], ids=["batch", "single"])
@pytest.mark.parametrize("name", [*CREATED, *REMOVED, *OF_STORAGE])
def test_each_event_is_written_over_each_row(
    s3: "S3Client",
    store: Store,
    bucket: str,
    buckets: Buckets,
    items: dict[str, Any],
    name: str,
    together: bool,
) -> None:
    records = [happen(s3, bucket, key, name) for key in items]
    for report in apply(store, buckets, records, together=together):
        assert (report.failures, report.ignored, report.superseded) == ({}, 0, 0)
    for key, before in items.items():
        row = store.read(bucket, key)
        assert row, key
        assert row.deleted is (name in REMOVED), key
        assert agree(row, buckets[bucket].current(key)), key
        assert not row.implausible(NOW), key
        assert row.event_time == "2026-11-23T12:00:00.000Z"
        assert row.event_name == name
        assert row.inspected is None, "the new version has another id"
        assert (row.healed_at or 0) >= int(before.get("healed_at", {"N": "0"})["N"])


@BATCHES
@pytest.mark.parametrize("together", [True, False], ids=["batch", "single"])
def test_duplicates_and_events_out_of_order_leave_each_row(
    store: Store, bucket: str, buckets: Buckets, items: dict[str, Any], together: bool
) -> None:
    # Every event is later than a row that no event has written, and heals a forged one.
    keys = [
        key
        for key, item in items.items()
        if item["sequencer"]["S"] != BEFORE_ALL and FORGED not in key
    ]
    for order, time in (
        ("0069245B40", "2026-11-23T10:15:30.123Z"),
        ("0069245B30", "2026-11-23T10:00:00.000Z"),
    ):
        records = [
            event(bucket, key, "ObjectCreated:Put", order, time, size=9, eTag="other")
            for key in keys
        ]
        for report in apply(store, buckets, records, together=together):
            assert (report.failures, report.written) == ({}, 0)
        assert in_table(store) == items


def test_the_rows_are_listed_and_found(store: Store, bucket: str, items: dict[str, Any]) -> None:
    def keys(wanted: Filter) -> list[str]:
        rows = matching_rows(store.client, store.table, bucket, SHARDS, wanted)
        return [row.key for row in rows]

    deleted = sorted(key for key, item in items.items() if "expires_at" in item)
    assert keys(Filter()) == sorted(items.keys() - deleted)
    assert keys(Filter(deleted=True)) == deleted
    assert keys(Filter(sha256="text")) == sorted(key for key in items if "inspected" in key)
    archived = sorted(key for key in items if key.endswith("/archived"))
    assert keys(Filter(storage_class="GLACIER")) == archived
    assert keys(Filter(storage_class="STANDARD")) == sorted(items.keys() - deleted - set(archived))


@pytest.mark.parametrize("key", ITEMS)
def test_a_row_is_compared_with_the_object_that_it_has(key: str) -> None:
    row = from_item(ITEMS[key])
    stored = None
    if not row.deleted:
        stored = StoredObject(
            key=row.key,
            size=row.size or 0,
            etag=row.etag or "",
            version_id=row.version_id,
            modified=NOW,
            asked_at=NOW,
            storage_class=row.storage_class,
            restore=row.restore,
        )
    found = difference(stored, row, NOW)
    assert (found.kind if found else None) is (Kind.IMPLAUSIBLE if FORGED in key else None)
    if stored and FORGED not in key:
        other = difference(replace(stored, size=stored.size + 1), row, NOW)
        assert other
        assert other.kind is Kind.STALE


@BATCHES
def test_a_comparison_repairs_each_row(
    s3: "S3Client", store: Store, bucket: str, items: dict[str, Any]
) -> None:
    for key in items:
        s3.put_object(Bucket=bucket, Key=key, Body=b"new")
    real = Buckets(lambda: s3, Scope((Entry(bucket),)), utc_now)[bucket]
    assert sum(each.repaired for each in reconcile(store, real)) == len(items)
    rows = matching_rows(store.client, store.table, bucket, SHARDS, Filter(implausible_at=NOW))
    assert list(differences(real.listing(), rows)) == []


@pytest.mark.parametrize("key", ITEMS)
def test_a_change_of_a_row_is_published_and_counted(key: str) -> None:
    row = from_item(ITEMS[key])
    later = replace(
        from_item(ITEMS["3/plain"]), sequencer=sequencer.canonical("0069245B60"), size=5
    )
    size = 0 if row.deleted else row.size or 0
    for old, new, grown in ((row, later, 5 - size), (row, None, -size), (None, row, size)):
        change = stream_record.parse(record(1, old, new))
        assert growth(change).bytes == grown
        if change.kind is None:
            assert key.endswith("deleted") or "tombstone" in key
            continue
        message = json.loads(entry(change, change.kind, "0")["Message"])
        SCHEMA.validate(message)
        assert shown(message["old"]) == shown_row(old)
        assert shown(message["new"]) == shown_row(new)


def shown(side: Any) -> Any:
    return side and (side["size"], side["etag"], side["version_id"], side["storage_class"])


def shown_row(row: Row | None) -> Any:
    if row is None or row.deleted:
        return None
    return row.size, row.etag, row.version_id, row.storage_class


@pytest.mark.parametrize("key", MESSAGES)
def test_a_message_of_a_released_version_is_read(key: str) -> None:
    message = MESSAGES[key]
    assert message["version"] == "1"
    SCHEMA.validate(message)
    body, scope = json.dumps(message), Scope((Entry(message["bucket"]),))
    assert read(body, scope) == message
    new = message["new"] or {}
    mirrored = state.parse(body)
    assert (mirrored.bucket, mirrored.key) == (message["bucket"], message["key"])
    assert (mirrored.size, mirrored.etag) == (new.get("size"), new.get("etag"))
    assert mirrored.event == message["event"]
    line = change_line(feed_change.read(message))
    assert line.startswith(f"2026-11-23 {message['time'][11:19]}Z {message['kind']}")
    order = Order()
    assert order.is_new(message)
    assert not order.is_new(message)
