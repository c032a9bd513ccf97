"""Rows of keys that left the scope: removed, in bounded steps, and no others."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import jsonschema
import pytest

from s3_catalog.correction import correct
from s3_catalog.exceptions import ContendedError
from s3_catalog.feed.message import attributes, message
from s3_catalog.ingestion.delivery import ingest
from s3_catalog.model import object_key
from s3_catalog.model.change import Change, Kind
from s3_catalog.model.inspection_result import InspectionResult
from s3_catalog.model.row import Row
from s3_catalog.model.scope import Entry, Scope, parse
from s3_catalog.model.stored_object import StoredObject
from s3_catalog.model.timestamps import timestamp, utc_now
from s3_catalog.reconciliation import removal, repair
from s3_catalog.reconciliation.removal import Removed, remove_out_of_scope
from s3_catalog.reconciliation.repair import reconcile
from s3_catalog.s3.bucket import Bucket, Buckets
from s3_catalog.sql_mirror import state
from s3_catalog.table import batch_write
from s3_catalog.table.item import to_item
from s3_catalog.table.row_query import matching_rows
from s3_catalog.table.store import Outcome, Store
from tests import doubles
from tests.empty_table import new_table

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

NOW = datetime(2026, 11, 24, 12, 0, 0, 5000, UTC)
SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "change.schema.json").read_text())


@pytest.fixture
def store(aws: None) -> Store:
    client = boto3.client("dynamodb")
    return Store(client, new_table(client), shards=4)


@pytest.fixture(autouse=True)
def short_strides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "STRIDE", 3)


def add(store: Store, bucket: str, *keys: str, **attributes: Any) -> None:
    for key in keys:
        row = doubles.row(key, bucket=bucket, **attributes)
        store.client.put_item(TableName=store.table, Item=to_item(row, store.shards))


def keys(store: Store, bucket: str) -> list[str]:
    """The keys of `bucket` that have the row of an object."""
    return [
        row.key
        for row in matching_rows(store.client, store.table, bucket, store.shards, consistent=True)
    ]


def remove(store: Store, scope: str, bucket: str, **limits: str) -> list[Removed]:
    return list(
        remove_out_of_scope(store, lambda: parse(scope), bucket, clock=lambda: NOW, **limits)
    )


def seen(store: Store, bucket: str, key: str) -> Row:
    row = store.read(bucket, key)
    assert row
    return row


KEYS = ["a", "in", "in-", "in/", "in/1", "in/\U0010ffff", "in0", "in/".upper(), "z/in/1"]


def test_the_rows_of_a_bucket_that_left_go_in_bounded_steps(store: Store) -> None:
    many = [f"{n:02}" for n in range(10)]
    add(store, "left", *many)
    steps = remove(store, "other", "left")
    assert sum(step.rows for step in steps) == 10
    assert max(step.rows for step in steps) == 3
    assert [step.key for step in steps] == sorted(step.key for step in steps)
    assert keys(store, "left") == []
    assert sum(step.rows for step in remove(store, "other", "left")) == 0


def test_a_removal_continues_after_its_last_checkpoint(store: Store) -> None:
    add(store, "left", *(f"{n:02}" for n in range(10)))
    steps = remove_out_of_scope(store, lambda: Scope(()), "left", clock=lambda: NOW)
    first = next(steps)
    assert first == Removed("02", 3)
    assert keys(store, "left") == [f"{n:02}" for n in range(3, 10)]
    # Rows up to the checkpoint are not read again.
    add(store, "left", "01")
    assert sum(step.rows for step in remove(store, "", "left", after=first.key)) == 7
    assert keys(store, "left") == ["01"]


def test_pages_of_tombstones_have_checkpoints(store: Store) -> None:
    dead = [f"{n:03}" for n in range(400)]
    add(store, "left", *dead, size=None, etag=None, expires_at=2**40)
    add(store, "left", "999")
    steps = remove(store, "", "left")
    assert len(steps) > 3
    assert (steps[-1].key, steps[-1].rows) == ("999", 1)


@pytest.mark.parametrize(
    ("scope", "staying"),
    [
        ("photos", KEYS),
        ("photos/in/", ["in/", "in/1", "in/\U0010ffff"]),
        ("photos/in/,photos/z/in/", ["in/", "in/1", "in/\U0010ffff", "z/in/1"]),
        ("photos-2", []),
    ],
)
def test_rows_in_the_scope_stay(store: Store, scope: str, staying: list[str]) -> None:
    add(store, "photos", *KEYS)
    before = {key: seen(store, "photos", key) for key in staying}
    steps = remove(store, scope, "photos")
    assert keys(store, "photos") == sorted(staying)
    assert {key: seen(store, "photos", key) for key in staying} == before
    assert sum(step.rows for step in steps) == len(KEYS) - len(staying)


def test_a_removal_stays_under_its_prefix(store: Store) -> None:
    add(store, "photos", *KEYS)
    remove(store, "photos/in/", "photos", prefix="in")
    assert keys(store, "photos") == ["IN/", "a", "in/", "in/1", "in/\U0010ffff", "z/in/1"]


@pytest.mark.parametrize("left", ["photos", "photos-prod", "hotos", "photos.4"])
def test_rows_of_other_buckets_stay_whatever_their_names_and_partitions(
    store: Store, left: str
) -> None:
    # Names that begin or end like each other, or with what follows a name in a partition.
    buckets = ["photos", "photos-prod", "hotos", "photos.4", "photos-4-1"]
    # The same keys in each: so every partition of one bucket has a row, as those of the others.
    several = [f"in/{n}" for n in range(40)]
    for bucket in buckets:
        add(store, bucket, *several)
    used = {object_key.partition(left, key, store.shards) for key in several}
    assert used == set(object_key.partitions(left, store.shards))
    others = {
        (bucket, key): seen(store, bucket, key)
        for bucket in buckets
        if bucket != left
        for key in several
    }
    remove(store, "", left)
    assert keys(store, left) == []
    assert {place: seen(store, *place) for place in others} == others


def test_rows_of_another_number_of_shards_stay(store: Store) -> None:
    wider = Store(store.client, store.table, shards=44)
    add(wider, "left", "a", "b")
    add(store, "left", "a", "b")
    remove(store, "", "left")
    assert (keys(store, "left"), keys(wider, "left")) == ([], ["a", "b"])


def test_a_bucket_that_is_attached_again_meanwhile_keeps_its_other_rows(store: Store) -> None:
    add(store, "left", *(f"{n:02}" for n in range(10)))
    scopes = iter([Scope(()), Scope(()), Scope((Entry("left"),)), Scope((Entry("left"),))])
    latest = Scope(())

    def scope() -> Scope:
        nonlocal latest
        latest = next(scopes, latest)
        return latest

    assert sum(step.rows for step in remove_out_of_scope(store, scope, "left")) == 3
    assert keys(store, "left") == [f"{n:02}" for n in range(3, 10)]


def test_a_row_that_is_inspected_meanwhile_is_removed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, "left", "a")
    replaced = Store.replace

    def inspected(self: Store, old: Row | None, row: Row) -> bool:
        monkeypatch.undo()
        assert old
        assert self.record(old, InspectionResult("2026-11-24T12:00:00Z"))
        return replaced(self, old, row)

    monkeypatch.setattr(Store, "replace", inspected)
    assert sum(step.rows for step in remove(store, "", "left")) == 1
    assert seen(store, "left", "a").inspected is None


def test_a_row_that_others_delete_meanwhile_is_not_counted(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, "left", "a", "b")

    def late(self: Store, old: Row | None, row: Row) -> bool:
        if row.key == "a":
            self.client.put_item(TableName=self.table, Item=to_item(row, self.shards))
        return False

    monkeypatch.setattr(Store, "replace", late)
    with pytest.raises(ContendedError, match="row of 'b' changed during 8 removals"):
        remove(store, "", "left")
    monkeypatch.undo()
    assert sum(step.rows for step in remove(store, "", "left")) == 1


# What readers of the rows and of the change feed see


def removal_of(row: Row, store: Store) -> Change:
    """The change by the removal of `row`, as the table's stream has it."""
    store.client.put_item(TableName=store.table, Item=to_item(row, store.shards))
    remove(store, "", row.bucket)
    return Change("id", "1", 1, row.bucket, row.key, row, seen(store, row.bucket, row.key))


ROWS = {
    "event": doubles.row("k", bucket="left"),
    "lookup": doubles.row("k", bucket="left", asked_at=1_764_000_000_000_000),
    "future lookup": doubles.row("k", bucket="left", asked_at=1_900_000_000_000_000),
    "healed": doubles.row("k", bucket="left", asked_at=9, healed_at=7, requester="AROA:ann"),
    "forged": doubles.row("k", bucket="left", sequencer="F" * 32),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_subscribers_and_the_mirror_get_a_deletion_that_follows_all_before(
    store: Store, row: Row
) -> None:
    change = removal_of(row, store)
    assert change.kind is Kind.DELETED
    content = message(change, change.kind)
    jsonschema.Draft202012Validator(SCHEMA).validate(content)
    assert (content["event"], content["new"], content["requester"]) == ("OutOfScope", None, None)
    assert "size_mib" not in attributes(change, change.kind)
    before = message(replace(change, old=None, new=row), Kind.CREATED)
    was, now = (state.parse(json.dumps(each)) for each in (before, content))
    assert now.place > was.place
    assert (was.size, now.size) == (7, None)


def test_a_tombstone_of_the_removal_expires_and_has_nothing_of_the_object(store: Store) -> None:
    inspected = InspectionResult("2026-11-23T12:00:00Z", sha256="0" * 64)
    row = doubles.row("k", bucket="left", inspected=inspected, storage_class="GLACIER")
    tombstone = removal_of(row, store).new
    assert tombstone == doubles.row(
        "k",
        bucket="left",
        event_time="2026-11-24T12:00:00.005Z",
        event_name="OutOfScope",
        size=None,
        etag=None,
        expires_at=int(NOW.timestamp()) + 60 * 24 * 3600,
        asked_at=int(NOW.timestamp()) * 10**6 + 5000,
    )


@pytest.fixture
def bucket(s3: "S3Client") -> Bucket:
    name = f"left-{uuid4()}"
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"12345")
    return Bucket(lambda: s3, name)


def put(bucket: str, key: str, time: datetime) -> dict[str, Any]:
    """A notification that the object `key` was put."""
    return {
        "Records": [
            {
                "eventVersion": "2.3",
                "eventSource": "aws:s3",
                "eventTime": f"{time:%Y-%m-%dT%H:%M:%S}.000Z",
                "eventName": "ObjectCreated:Put",
                "s3": {
                    "bucket": {"name": bucket},
                    "object": {"key": key, "size": 5, "eTag": "e", "sequencer": "00600B"},
                },
            }
        ]
    }


@pytest.mark.parametrize(
    ("removed", "lookups"),
    [(timedelta(minutes=-6), []), (timedelta(minutes=-4), ["k"]), (timedelta(days=1), ["k"])],
)
def test_the_rows_of_a_bucket_that_is_attached_again_return_without_lookups(
    store: Store,
    s3: "S3Client",
    bucket: Bucket,
    monkeypatch: pytest.MonkeyPatch,
    removed: timedelta,
    lookups: list[str],
) -> None:
    def insert(store: Store, missing: Sequence[Row]) -> list[Row]:
        return [row for row in missing if not store.replace(None, row)]

    monkeypatch.setattr(batch_write, "insert", insert)  # moto cannot insert in batches.
    looked_up: list[str] = []
    current = Bucket.current

    def look_up(self: Bucket, key: str) -> StoredObject | None:
        looked_up.append(key)
        return current(self, key)

    monkeypatch.setattr(Bucket, "current", look_up)
    add(store, bucket.name, "k", "gone")
    moment = utc_now() + removed
    list(remove_out_of_scope(store, lambda: Scope(()), bucket.name, clock=lambda: moment))
    before = seen(store, bucket.name, "k")
    [done] = reconcile(store, bucket)
    assert done.repaired == 1
    assert looked_up == lookups
    again = seen(store, bucket.name, "k")
    assert (again.size, again.deleted, again.event_name) == (5, False, "Reconciled")
    assert again.sequencer == before.sequencer
    assert (again.asked_at or 0) > (before.asked_at or 0)
    [listed] = s3.list_objects_v2(Bucket=bucket.name)["Contents"]
    assert again.event_time == timestamp(listed["LastModified"])
    assert seen(store, bucket.name, "gone").event_name == "OutOfScope"
    assert [done.repaired for done in reconcile(store, bucket)] == [0]


def test_the_tombstone_of_a_deletion_is_looked_up(
    store: Store, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_write, "insert", lambda _, missing: missing)
    add(store, bucket.name, "k", size=None, etag=None, expires_at=2**40, asked_at=1)
    looked_up: list[str] = []

    def correct(_store: Store, _bucket: Bucket, key: str) -> Outcome:
        looked_up.append(key)
        return Outcome.WRITTEN

    monkeypatch.setattr(repair, "correct", correct)
    assert [done.repaired for done in reconcile(store, bucket)] == [1]
    assert looked_up == ["k"]


@pytest.mark.parametrize("scope", ["other", "{}/in/", ""])
def test_a_late_event_brings_no_row_back(store: Store, bucket: Bucket, scope: str) -> None:
    add(store, bucket.name, "k")
    left = parse(scope.format(bucket.name))
    list(remove_out_of_scope(store, lambda: left, bucket.name))
    for key, time in (("k", NOW), ("new", NOW), ("k", NOW + timedelta(days=90))):
        report = ingest(
            put(bucket.name, key, time), store, Buckets(lambda: boto3.client("s3"), left)
        )
        assert (report.ignored, report.written, dict(report.failures)) == (1, 0, {})
    assert keys(store, bucket.name) == []
    assert store.read(bucket.name, "new") is None


def test_a_bucket_that_is_attached_again_has_its_rows_after_their_removal(
    store: Store, bucket: Bucket
) -> None:
    add(store, bucket.name, "k")
    change = removal_of(seen(store, bucket.name, "k"), store)
    assert change.kind
    removed = state.parse(json.dumps(message(change, change.kind)))
    # An event from before the removal, delivered after the bucket is attached again.
    report = ingest(
        put(bucket.name, "k", NOW - timedelta(hours=1)),
        store,
        Buckets(lambda: boto3.client("s3"), parse(bucket.name)),
    )
    assert report.written == 1
    again = seen(store, bucket.name, "k")
    assert (again.size, again.deleted, again.event_name) == (5, False, "ObjectCreated:Put")
    # Its own time, not that of the removal.
    assert again.event_time == "2026-11-24T11:00:00.000Z"
    back = message(replace(change, old=change.new, new=again), Kind.CREATED)
    assert state.parse(json.dumps(back)).place > removed.place
    assert correct(store, bucket, "k").value == "unchanged"
