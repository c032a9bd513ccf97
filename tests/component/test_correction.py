"""Lookups in S3, and the rows that they write, on moto's S3 and both tables."""

from dataclasses import replace as changed
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from s3_catalog.correction import correct
from s3_catalog.exceptions import ContendedError
from s3_catalog.model import row as rows
from s3_catalog.model import sequencer
from s3_catalog.model.event import Content, Event
from s3_catalog.model.row import Row
from s3_catalog.model.timestamps import microseconds
from s3_catalog.s3.bucket import Bucket
from s3_catalog.table.item import to_item
from s3_catalog.table.store import Outcome, Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_s3 import S3Client

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def bucket(s3: "S3Client") -> Bucket:
    name = f"bucket-{uuid4()}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return Bucket(lambda: s3, name, clock=lambda: NOW)


def removal(bucket: Bucket, key: str) -> Event:
    return Event(
        bucket=bucket.name,
        key=key,
        name="ObjectRemoved:Delete",
        time=NOW - timedelta(seconds=1),
        sequencer=None,
        version_id="gone",
        content=None,
    )


def put(bucket: Bucket, order: str, time: datetime = NOW, name: str = "ObjectCreated:Put") -> Event:
    canonical = sequencer.canonical(f"0060{order}")  # Of 2021.
    return Event(bucket.name, "k", name, time, canonical, "v", Content(1, "e"))


def test_the_new_current_version_is_written_with_the_time_of_the_removal(
    s3: "S3Client", bucket: Bucket, store: Store
) -> None:
    older = s3.put_object(Bucket=bucket.name, Key="k", Body=b"older")
    newer = s3.put_object(Bucket=bucket.name, Key="k", Body=b"newest")
    s3.put_object(Bucket=bucket.name, Key="k2", Body=b"another key with the same beginning")
    s3.delete_object(Bucket=bucket.name, Key="k", VersionId=newer["VersionId"])

    store.write(put(bucket, "0C", NOW - timedelta(minutes=1)))
    assert correct(store, bucket, "k", [removal(bucket, "k")]) is Outcome.WRITTEN
    row = store.read(bucket.name, "k")
    assert row is not None
    assert (row.size, row.version_id) == (5, older["VersionId"])
    assert row.sequencer == sequencer.canonical("00600C")
    assert (row.event_name, row.event_time) == ("ObjectRemoved:Delete", "2026-11-23T11:59:59.000Z")
    assert row.asked_at == microseconds(NOW)


@pytest.mark.parametrize("marker", [False, True])
def test_without_a_current_version_a_tombstone_is_written(
    s3: "S3Client", bucket: Bucket, store: Store, marker: bool
) -> None:
    if marker:
        s3.put_object(Bucket=bucket.name, Key="k", Body=b"x")
        s3.delete_object(Bucket=bucket.name, Key="k")
    s3.put_object(Bucket=bucket.name, Key="k/longer", Body=b"x")
    assert correct(store, bucket, "k", [removal(bucket, "k")]) is Outcome.WRITTEN
    row = store.read(bucket.name, "k")
    assert row is not None
    assert row.deleted


def test_a_superseded_event_needs_no_lookup(bucket: Bucket, store: Store) -> None:
    newest = put(bucket, "0D")
    store.write(newest)
    older = put(bucket, "0C")
    assert correct(store, bucket, "k", [older]) is Outcome.SUPERSEDED
    assert correct(store, bucket, "k", [newest, older]) is Outcome.SUPERSEDED
    assert store.read(bucket.name, "k") == rows.from_event(newest)
    # One that is not superseded is enough.
    assert correct(store, bucket, "k", [older, removal(bucket, "k")]) is Outcome.WRITTEN


def test_a_lookup_without_event_keeps_the_sequencer_of_the_row(
    s3: "S3Client", bucket: Bucket, store: Store
) -> None:
    store.write(put(bucket, "0D"))
    s3.put_object(Bucket=bucket.name, Key="k", Body=b"other")
    assert correct(store, bucket, "k") is Outcome.WRITTEN
    row = store.read(bucket.name, "k")
    assert row is not None
    assert (row.sequencer, row.size) == (sequencer.canonical("00600D"), 5)
    assert row.event_name == rows.RECONCILED
    assert correct(store, bucket, "k") is Outcome.UNCHANGED


def test_neither_sequencer_nor_time_of_a_row_decreases(
    s3: "S3Client", bucket: Bucket, store: Store
) -> None:
    upload = "ObjectCreated:CompleteMultipartUpload"
    long = put(bucket, "0C", NOW, upload)
    within = put(bucket, "0D", NOW - timedelta(minutes=1))
    assert store.write(within) is Outcome.WRITTEN
    assert store.write(long) is Outcome.UNDECIDED
    assert correct(store, bucket, "k", [long]) is Outcome.WRITTEN
    row = store.read(bucket.name, "k")
    assert row is not None
    assert row.sequencer == sequencer.canonical("00600D")
    assert (row.event_name, row.event_time) == (upload, "2026-11-23T12:00:00.000Z")


def test_a_lookup_without_a_result_writes_its_time(bucket: Bucket, store: Store) -> None:
    # A put from before the lookup, but delivered after it, must find the time of the lookup.
    assert correct(store, bucket, "k", [removal(bucket, "k")]) is Outcome.WRITTEN
    assert store.write(put(bucket, "0D")) is Outcome.UNDECIDED


def test_the_times_of_two_lookups_always_differ(
    s3: "S3Client", bucket: Bucket, store: Store
) -> None:
    lookups = []
    for body in (b"1", b"22", b"333"):  # The clock of this bucket stands still.
        s3.put_object(Bucket=bucket.name, Key="k", Body=body)
        correct(store, bucket, "k")
        row = store.read(bucket.name, "k")
        assert row is not None
        lookups.append((row.size, row.asked_at))
    first = microseconds(NOW)
    assert lookups == [(1, first), (2, first + 1), (3, first + 2)]


def interfere(store: Store, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let another writer change the row between read and replace, `times` times."""
    replace: Callable[[Row | None, Row], bool] = store.replace
    remaining = iter(range(times))

    def replace_late(seen: Row | None, row: Row) -> bool:
        if next(remaining, None) is not None:
            assert replace(seen, changed(row, etag="other"))
        return replace(seen, row)

    monkeypatch.setattr(store, "replace", replace_late)


def test_a_row_that_changed_meanwhile_is_looked_up_again(
    s3: "S3Client", bucket: Bucket, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.put_object(Bucket=bucket.name, Key="k", Body=b"content")
    interfere(store, 2, monkeypatch)
    assert correct(store, bucket, "k") is Outcome.WRITTEN
    row = store.read(bucket.name, "k")
    assert row is not None
    assert row.etag != "other"


def test_after_eight_lookups_the_row_is_contended(
    s3: "S3Client", bucket: Bucket, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.put_object(Bucket=bucket.name, Key="k", Body=b"content")
    interfere(store, 8, monkeypatch)
    with pytest.raises(ContendedError, match="'k' changed during 8 lookups"):
        correct(store, bucket, "k")


def forge(store: Store, row: Row) -> None:
    """Give `row` the sequencer of a forged event, as versions did that believed it."""
    item = to_item(changed(row, sequencer="F" * 32), store.shards)
    store.client.put_item(TableName=store.table, Item=item)


def test_a_row_with_an_implausible_sequencer_is_healed_although_it_agrees(
    s3: "S3Client", bucket: Bucket, store: Store
) -> None:
    current = s3.put_object(Bucket=bucket.name, Key="k", Body=b"x")
    content = Content(1, current["ETag"].strip('"'))
    written = changed(put(bucket, "0D"), content=content, version_id=current["VersionId"])
    forge(store, rows.from_event(written))
    assert correct(store, bucket, "k") is Outcome.WRITTEN
    healed = store.read(bucket.name, "k")
    assert healed is not None
    assert (healed.size, healed.sequencer) == (1, rows.BEFORE_ALL)
    assert healed.asked_at == healed.healed_at == microseconds(NOW)
    assert correct(store, bucket, "k") is Outcome.UNCHANGED


def test_after_a_heal_the_next_event_is_looked_up_and_gives_the_row_its_place(
    s3: "S3Client", bucket: Bucket, store: Store
) -> None:
    hour_ago = NOW - timedelta(hours=1)
    forge(store, rows.from_event(put(bucket, "0A", hour_ago)))
    assert correct(store, Bucket(lambda: s3, bucket.name, lambda: hour_ago), "k") is Outcome.WRITTEN
    s3.put_object(Bucket=bucket.name, Key="k", Body=b"the next")
    later = put(bucket, "0D")
    # Its row would lose the mark.
    assert store.write(later) is Outcome.UNDECIDED
    assert correct(store, bucket, "k", [later]) is Outcome.WRITTEN
    row = store.read(bucket.name, "k")
    assert row is not None
    assert (row.size, row.sequencer) == (8, later.sequencer)
    assert (row.healed_at, row.asked_at) == (microseconds(hour_ago), microseconds(NOW))
    assert correct(store, bucket, "k", [later]) is Outcome.SUPERSEDED


def test_an_event_heals_the_row_of_its_key(s3: "S3Client", bucket: Bucket, store: Store) -> None:
    forge(store, rows.from_event(changed(put(bucket, "0A"), content=None)))
    s3.put_object(Bucket=bucket.name, Key="k", Body=b"x")
    real = put(bucket, "0D")
    assert store.write(real) is Outcome.UNDECIDED
    assert correct(store, bucket, "k", [real]) is Outcome.WRITTEN
    row = store.read(bucket.name, "k")
    assert row is not None
    assert (row.size, row.sequencer, row.healed_at) == (1, real.sequencer, microseconds(NOW))
