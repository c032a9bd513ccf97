"""Asking S3, and writing the answer, on moto's S3 and both tables."""

from dataclasses import replace as changed
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from s3_catalog import correction
from s3_catalog.correction import correct
from s3_catalog.errors import ContendedError
from s3_catalog.model import row as rows
from s3_catalog.model import sequencer
from s3_catalog.model.event import Content, Event
from s3_catalog.model.row import Row
from s3_catalog.model.timestamps import microseconds
from s3_catalog.s3.bucket import Bucket
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


def removal(bucket: Bucket, key: str, order: str | None) -> Event:
    return Event(
        bucket=bucket.name,
        key=key,
        name="ObjectRemoved:Delete",
        time=NOW - timedelta(seconds=1),
        sequencer=sequencer.canonical(order) if order else None,
        version_id="gone",
        content=None,
    )


def test_the_version_that_became_current_is_written_under_the_events_sequencer(
    s3: "S3Client", bucket: Bucket, store: Store
) -> None:
    older = s3.put_object(Bucket=bucket.name, Key="k", Body=b"older")
    newer = s3.put_object(Bucket=bucket.name, Key="k", Body=b"newest")
    s3.put_object(Bucket=bucket.name, Key="k2", Body=b"another key with the same beginning")
    s3.delete_object(Bucket=bucket.name, Key="k", VersionId=newer["VersionId"])

    assert correct(store, bucket, "k", removal(bucket, "k", "0C")) is Outcome.WRITTEN
    row = store.read(bucket.name, "k")
    assert row is not None
    assert (row.size, row.version_id) == (5, older["VersionId"])
    assert row.sequencer == sequencer.canonical("0C")
    assert row.asked_at == microseconds(NOW)


@pytest.mark.parametrize("marker", [False, True])
def test_no_current_version_is_a_tombstone(
    s3: "S3Client", bucket: Bucket, store: Store, marker: bool
) -> None:
    if marker:
        s3.put_object(Bucket=bucket.name, Key="k", Body=b"x")
        s3.delete_object(Bucket=bucket.name, Key="k")
    s3.put_object(Bucket=bucket.name, Key="k/longer", Body=b"x")
    assert correct(store, bucket, "k", removal(bucket, "k", "0C")) is Outcome.WRITTEN
    row = store.read(bucket.name, "k")
    assert row is not None
    assert row.deleted


def test_a_later_event_is_not_asked_about(bucket: Bucket, store: Store) -> None:
    put = Event(
        bucket.name, "k", "ObjectCreated:Put", NOW, sequencer.canonical("0D"), "v", Content(1, "e")
    )
    store.write(put)
    assert correct(store, bucket, "k", removal(bucket, "k", "0C")) is Outcome.SUPERSEDED
    assert correct(store, bucket, "k", removal(bucket, "k", "0D")) is Outcome.SUPERSEDED
    assert store.read(bucket.name, "k") == rows.from_event(put)


def test_a_hint_keeps_the_rows_sequencer(s3: "S3Client", bucket: Bucket, store: Store) -> None:
    put = Event(
        bucket.name, "k", "ObjectCreated:Put", NOW, sequencer.canonical("0D"), "v", Content(1, "e")
    )
    store.write(put)
    s3.put_object(Bucket=bucket.name, Key="k", Body=b"other")
    assert correct(store, bucket, "k", removal(bucket, "k", None)) is Outcome.WRITTEN
    row = store.read(bucket.name, "k")
    assert row is not None
    assert (row.sequencer, row.size, row.event_name) == (put.sequencer, 5, rows.RECONCILED)
    assert correct(store, bucket, "k") is Outcome.UNCHANGED


def test_a_hint_is_remembered_even_where_there_was_nothing(bucket: Bucket, store: Store) -> None:
    # A put that happened before, and comes later, must find that S3 was asked since.
    assert correct(store, bucket, "k", removal(bucket, "k", None)) is Outcome.WRITTEN
    put = Event(
        bucket.name, "k", "ObjectCreated:Put", NOW, sequencer.canonical("0D"), "v", Content(1, "e")
    )
    assert store.write(put) is Outcome.UNDECIDED


def test_every_answer_is_told_from_the_one_before(
    s3: "S3Client", bucket: Bucket, store: Store
) -> None:
    asked = []
    for body in (b"1", b"22", b"333"):  # The clock of this bucket stands still.
        s3.put_object(Bucket=bucket.name, Key="k", Body=body)
        correct(store, bucket, "k")
        row = store.read(bucket.name, "k")
        assert row is not None
        asked.append((row.size, row.asked_at))
    first = microseconds(NOW)
    assert asked == [(1, first), (2, first + 1), (3, first + 2)]


def interfere(store: Store, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have somebody else change the row between each reading and replacing, `times` times."""
    replace: Callable[[Row | None, Row], bool] = store.replace
    left = iter(range(times))

    def late(seen: Row | None, row: Row) -> bool:
        if next(left, None) is not None:
            assert replace(seen, changed(row, etag="theirs"))
        return replace(seen, row)

    monkeypatch.setattr(store, "replace", late)


def test_a_row_that_changed_meanwhile_is_asked_about_again(
    s3: "S3Client", bucket: Bucket, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.put_object(Bucket=bucket.name, Key="k", Body=b"ours")
    interfere(store, 2, monkeypatch)
    assert correct(store, bucket, "k") is Outcome.WRITTEN
    row = store.read(bucket.name, "k")
    assert row is not None
    assert row.etag != "theirs"


def test_it_gives_up_loudly(
    s3: "S3Client", bucket: Bucket, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.put_object(Bucket=bucket.name, Key="k", Body=b"ours")
    interfere(store, correction.MAX_ATTEMPTS, monkeypatch)
    with pytest.raises(ContendedError, match="'k' changed during 8 lookups"):
        correct(store, bucket, "k")
