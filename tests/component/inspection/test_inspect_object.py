"""From an object in S3 to the inspection result in its row."""

from dataclasses import replace
from hashlib import sha256
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from s3_catalog.exceptions import ContendedError, OutOfTimeError
from s3_catalog.inspection.inspect_object import Result, inspect_object
from s3_catalog.model import row as rows
from s3_catalog.model.inspection_result import InspectionResult
from s3_catalog.model.row import Row
from s3_catalog.model.stored_object import StoredObject
from s3_catalog.table import batch_write as batch
from s3_catalog.table.store import Store
from tests.component.object_writer import NOW, ObjectWriter, row_of

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_s3 import S3Client

FOUND = InspectionResult("2026-11-24T12:00:00.000Z", "ab" * 32, "text/plain", lines=3)


def never() -> None:
    """Have no deadline."""


def test_a_result_is_recorded_once(
    s3: "S3Client", store: Store, bucket: str, writer: ObjectWriter
) -> None:
    before = replace(rows.from_event(writer.put("k.csv", b"a,b\n1,2\n")))
    assert inspect_object(store, s3, bucket, "k.csv", never) is Result.RECORDED
    row = row_of(store, bucket, "k.csv")
    assert row.inspected
    assert (row.inspected.rows, row.inspected.columns) == (2, 2)
    assert row.inspected.sha256 == sha256(b"a,b\n1,2\n").hexdigest()
    assert replace(row, inspected=None) == before
    assert inspect_object(store, s3, bucket, "k.csv", never) is Result.ALREADY_RECORDED


def test_missing_deleted_and_too_large_objects_are_not_inspected(
    s3: "S3Client", store: Store, bucket: str, writer: ObjectWriter
) -> None:
    assert inspect_object(store, s3, bucket, "k", never) is Result.GONE
    writer.put("k", b"12345")
    assert inspect_object(store, s3, bucket, "k", never, max_bytes=4) is Result.TOO_LARGE
    assert inspect_object(store, s3, bucket, "k", never, max_bytes=5) is Result.RECORDED
    writer.delete("k")
    assert inspect_object(store, s3, bucket, "k", never) is Result.GONE
    assert row_of(store, bucket).inspected is None


def test_an_event_of_a_new_version_removes_the_result(
    s3: "S3Client", store: Store, bucket: str, writer: ObjectWriter
) -> None:
    writer.put("k", b"1")
    inspect_object(store, s3, bucket, "k", never)
    writer.put("k", b"2")
    assert row_of(store, bucket).inspected is None


def test_a_batch_of_events_removes_the_results(
    s3: "S3Client", dynamodb: "DynamoDBClient", store: Store, bucket: str, writer: ObjectWriter
) -> None:
    if "amazonaws" in dynamodb.meta.endpoint_url:
        return  # moto does not run this PartiQL; the emulator does.
    for key in ("a", "b"):
        writer.put(key, b"1")
        inspect_object(store, s3, bucket, key, never)
    batch.write(store, [writer.put(key, b"2", delivered=False) for key in ("a", "b")])
    assert [row_of(store, bucket, key).inspected for key in ("a", "b")] == [None, None]


def test_no_result_is_recorded_in_the_row_of_another_version(
    s3: "S3Client", store: Store, bucket: str, writer: ObjectWriter
) -> None:
    writer.put("k", b"1")
    seen = row_of(store, bucket)
    writer.put("k", b"2")
    assert not store.record(seen, FOUND)
    writer.delete("k")
    assert not store.record(seen, FOUND)
    assert row_of(store, bucket).inspected is None
    # A row that TTL has removed must not come back.
    assert not store.record(replace(seen, key="never"), FOUND)
    assert store.read(bucket, "never") is None


def test_no_result_is_recorded_after_the_same_bytes_were_put_again(
    s3: "S3Client", store: Store, bucket: str, writer: ObjectWriter
) -> None:
    first = writer.put("k", b"1")
    seen = row_of(store, bucket)
    writer.put("k", b"1")
    # The ETag is the same; only the sequencer differs.
    assert row_of(store, bucket).etag == first.content.etag if first.content else False
    assert not store.record(seen, FOUND)


def test_a_lookup_keeps_the_result_of_the_same_version_only(store: Store) -> None:
    def look_up(version: str | None, etag: str = "e") -> Row:
        seen = store.read("bucket", "k")
        found = StoredObject("k", 1, etag, version, NOW, NOW)
        row = rows.from_lookup("bucket", "k", found, NOW, seen=seen)
        assert store.replace(seen, row)
        return row_of(store, "bucket")

    for version, kept in (("v1", FOUND), (None, None)):
        assert store.record(look_up(version), FOUND)
        assert row_of(store, "bucket").inspected == FOUND
        # Without a version id, the object may be another one.
        assert look_up(version).inspected == kept
    assert store.record(look_up("v2"), FOUND)
    assert look_up("v3").inspected is None


def test_an_inspection_and_a_lookup_at_the_same_time_both_count(store: Store) -> None:
    found = StoredObject("k", 1, "e", "v1", NOW, NOW)
    store.replace(None, rows.from_lookup("bucket", "k", found, NOW, seen=None))
    seen = row_of(store, "bucket")
    later = rows.from_lookup("bucket", "k", found, NOW, seen=seen)
    assert store.record(seen, FOUND)
    assert not store.replace(seen, later)
    # In the other order, the version id shows that the object is the same.
    assert store.replace(row_of(store, "bucket"), replace(later, inspected=None))
    assert store.record(seen, FOUND)


def test_an_object_that_changes_during_its_inspection_is_inspected_again(
    s3: "S3Client", store: Store, bucket: str, writer: ObjectWriter
) -> None:
    writer.put("k", b"first")
    changes = iter([b"second"])

    def meanwhile() -> None:
        for body in changes:
            writer.put("k", body)

    assert inspect_object(store, s3, bucket, "k", meanwhile) in (Result.RECORDED, Result.GONE)
    found = row_of(store, bucket).inspected
    assert found is None or found.sha256 == sha256(b"second").hexdigest()

    count = iter(range(10**6))
    writer.put("k", b"again")

    def always() -> None:
        writer.put("k", str(next(count)).encode())

    try:
        inspect_object(store, s3, bucket, "k", always)
    except ContendedError:
        # Each version was read to its end, and the row was of another version by then.
        assert next(count) >= 3
    assert row_of(store, bucket).inspected is None


def test_an_object_without_its_version_in_s3_is_gone(
    s3: "S3Client", store: Store, bucket: str, writer: ObjectWriter
) -> None:
    event = writer.put("k", b"1")
    if event.version_id:
        s3.delete_object(Bucket=bucket, Key="k", VersionId=event.version_id)
    else:
        writer.put("k", b"2", delivered=False)
    assert inspect_object(store, s3, bucket, "k", never) is Result.GONE
    assert row_of(store, bucket).inspected is None


def test_an_archived_object_has_an_error(store: Store, bucket: str, writer: ObjectWriter) -> None:
    writer.put("k", b"1")
    reply: Any = {"Error": {"Code": "InvalidObjectState"}}

    def refuse(**_: object) -> None:
        raise ClientError(reply, "GetObject")

    frozen: Any = SimpleNamespace(get_object=refuse)
    assert inspect_object(store, frozen, bucket, "k", never) is Result.RECORDED
    found = row_of(store, bucket).inspected
    assert found
    assert (found.sha256, found.error) == (None, "archived: it must be restored first")


def test_a_missed_deadline_is_recorded(
    s3: "S3Client", store: Store, bucket: str, writer: ObjectWriter
) -> None:
    writer.put("k", b"1")

    def over() -> None:
        raise OutOfTimeError

    assert inspect_object(store, s3, bucket, "k", over) is Result.RECORDED
    assert "out of time" in str(row_of(store, bucket).inspected)
