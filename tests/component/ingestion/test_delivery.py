"""The function `ingest`, from the delivery to the stored row."""

import json
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from s3_catalog.model.event import Event
from s3_catalog.model.row import Row
from s3_catalog.model.stored_object import StoredObject
from s3_catalog.s3.bucket import Bucket
from s3_catalog.table import batch_write as batch
from s3_catalog.table.store import Store
from tests.s3_events import event

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

Rows = Callable[[], list[Row]]


NOTHING: dict[str, Any] = {
    "written": 0,
    "superseded": 0,
    "ignored": 0,
    "coalesced": 0,
    "batchItemFailures": [],
    "errors": [],
}


def deliver(ingest: ModuleType, notification: Any) -> dict[str, Any]:
    reply: dict[str, Any] = ingest.handler(notification, None)
    return reply


@pytest.mark.parametrize(
    ("name", "key", "size", "etag", "version_id"),
    [
        (
            "put",
            "holiday/Zürich + lake.jpg",
            1024,
            "d41d8cd98f00b204e9800998ecf8427e",
            "096fKKXTRTtl3on89fVO.nfljtsv6qko",
        ),
        (
            "post",
            "upload/form.txt",
            12,
            "9a0364b9e99bb480dd25e1f0284c8555",
            "3HL4kqtJvjVBH40Nrjfkd.VeR5j",
        ),
        (
            "copy",
            "moved/report.pdf",
            70001,
            "7b2a9c8d9e0f1a2b3c4d5e6f7a8b9c0d",
            "eOVtNqE9Dk.ZlW3lq2c7iVxyl1",
        ),
        (
            "complete_multipart_upload",
            "video/launch.mp4",
            9437193,
            "3858f62230ac3c915f300c664312c11f-2",
            "QUpfdndhfd8438MNFDN93jdnJFk",
        ),
        (
            "complete_multipart_upload_long",
            "video/film.mp4",
            2_576_980_377,
            "3858f62230ac3c915f300c664312c11f-139",
            None,
        ),
        (
            "replicated_put",
            "replica/data.bin",
            4096,
            "0f343b0931126a20f133d67c2b018a3b",
            "UIORUnfndfiufdisojhr398493jfdkjFJjkndnqUifhnw89493jJFJ",
        ),
    ],
)
def test_every_way_to_create_an_object_writes_its_row(
    ingest: ModuleType,
    stored_rows: Rows,
    name: str,
    key: str,
    size: int,
    etag: str,
    version_id: str | None,
) -> None:
    assert deliver(ingest, event(name)) == {**NOTHING, "written": 1}
    [row] = stored_rows()
    assert (row.bucket, row.key) == ("photos-example", key)
    assert (row.size, row.etag, row.version_id) == (size, etag, version_id)
    assert not row.deleted


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("delete", "upload/form.txt"),
        ("delete_marker_created", "holiday/Zürich + lake.jpg"),
        ("lifecycle_delete", "logs/2024/app.log"),
        ("lifecycle_delete_marker_created", "logs/2025/app.log"),
        ("lifecycle_delete_unversioned", "reports/2024.csv"),
        ("delete_marker_removed", "holiday/Zürich + lake.jpg"),
    ],
)
def test_every_way_to_remove_an_object_writes_a_tombstone(
    ingest: ModuleType, stored_rows: Rows, name: str, key: str
) -> None:
    assert deliver(ingest, event(name))["written"] == 1
    [row] = stored_rows()
    assert row.key == key
    assert row.deleted
    assert (row.size, row.etag) == (None, None)


@pytest.mark.parametrize("name", ["test_event", "replication_threshold"])
def test_notifications_about_other_things_are_ignored(
    ingest: ModuleType, stored_rows: Rows, name: str
) -> None:
    assert deliver(ingest, event(name))["written"] == 0
    assert stored_rows() == []


def test_each_ignored_record_is_counted(ingest: ModuleType) -> None:
    [record] = event("replication_threshold")["Records"]
    assert deliver(ingest, {"Records": [record] * 2}) == {**NOTHING, "ignored": 2}


def test_a_delivery_without_records_changes_nothing(ingest: ModuleType, stored_rows: Rows) -> None:
    assert deliver(ingest, {"Records": []}) == NOTHING
    assert stored_rows() == []


def test_every_record_of_a_notification_is_applied(ingest: ModuleType, stored_rows: Rows) -> None:
    assert deliver(ingest, event("two_records"))["written"] == 2
    assert [row.key for row in stored_rows()] == ["pair/one.txt", "pair/two.txt"]


def test_a_duplicate_delivery_changes_nothing(ingest: ModuleType, stored_rows: Rows) -> None:
    deliver(ingest, event("two_records"))
    before = stored_rows()
    assert deliver(ingest, event("two_records")) == {**NOTHING, "superseded": 2}
    assert stored_rows() == before


def test_a_put_that_arrives_after_its_delete_is_superseded(
    ingest: ModuleType, stored_rows: Rows
) -> None:
    deliver(ingest, event("delete_marker_created"))
    assert deliver(ingest, event("put"))["superseded"] == 1
    [row] = stored_rows()
    assert row.deleted


def test_a_put_that_arrives_after_its_removal_needs_a_lookup(
    ingest: ModuleType, stored_rows: Rows
) -> None:
    deliver(ingest, event("delete"))
    assert deliver(ingest, event("post"))["written"] == 1
    [row] = stored_rows()
    assert row.deleted


def like_put_of(removal: Any) -> Any:
    """The put of the object of `removal`, whose event has the sequencer of that put."""
    put = event("put")
    removed = removal["Records"][0]["s3"]["object"]
    put["Records"][0]["s3"]["object"] |= removed
    put["Records"][0]["eventTime"] = "2024-12-07T22:59:12.940Z"
    return put


def test_an_expired_object_is_removed_although_the_event_has_the_sequencer_of_its_put(
    ingest: ModuleType, stored_rows: Rows
) -> None:
    expired = event("lifecycle_delete_unversioned")
    assert deliver(ingest, like_put_of(expired))["written"] == 1
    assert deliver(ingest, expired)["written"] == 1
    [row] = stored_rows()
    assert row.deleted
    assert row.sequencer.startswith("006754D340F025B776")
    assert row.event_name == "LifecycleExpiration:Delete"


def test_the_removal_of_a_marker_is_looked_up_although_it_has_the_sequencer_of_the_marker(
    ingest: ModuleType, stored_rows: Rows, s3: "S3Client", bucket: str
) -> None:
    key = "holiday/Zürich + lake.jpg"
    stored = s3.put_object(Bucket=bucket, Key=key, Body=b"again current")
    try:
        deliver(ingest, event("delete_marker_created"))
        assert deliver(ingest, event("delete_marker_removed"))["written"] == 1
        [row] = stored_rows()
        assert (row.size, row.version_id) == (13, stored["VersionId"])
    finally:
        s3.delete_object(Bucket=bucket, Key=key, VersionId=stored["VersionId"])


def test_a_row_has_the_requester_of_its_event_and_so_has_a_tombstone(
    ingest: ModuleType, stored_rows: Rows
) -> None:
    deliver(ingest, event("put"))
    [row] = stored_rows()
    assert (row.requester, row.source_ip) == ("AIDAEXAMPLEUSER", "192.0.2.44")
    deleted = event("delete_marker_created")
    deleted["Records"][0]["userIdentity"]["principalId"] = "AWS:AROAEXAMPLE:ann"
    deliver(ingest, deleted)
    [row] = stored_rows()
    assert row.deleted
    assert row.requester == "AROAEXAMPLE:ann"


@pytest.mark.parametrize(
    "name", ["lifecycle_transition", "intelligent_tiering", "restore_completed"]
)
def test_an_event_of_storage_is_looked_up_and_keeps_the_requester(
    ingest: ModuleType, stored_rows: Rows, s3: "S3Client", bucket: str, name: str
) -> None:
    put, moved = event("put"), event(name)
    key = moved["Records"][0]["s3"]["object"]["key"]
    stored = s3.put_object(Bucket=bucket, Key=key, Body=b"12345", StorageClass="GLACIER")
    try:
        put["Records"][0]["s3"]["object"] |= {"key": key, "versionId": stored["VersionId"]}
        deliver(ingest, put)
        [row] = stored_rows()
        assert (row.size, row.storage_class) == (1024, None)
        assert deliver(ingest, moved)["written"] == 1
        [row] = stored_rows()
        assert (row.size, row.storage_class) == (5, "GLACIER")
        assert (row.requester, row.source_ip) == ("AIDAEXAMPLEUSER", "192.0.2.44")
    finally:
        s3.delete_object(Bucket=bucket, Key=key, VersionId=stored["VersionId"])


@pytest.mark.parametrize("forged", ["F" * 32, "00F0000000", "0", "55AED6DCD90281E5"])
@pytest.mark.parametrize("name", ["put", "delete_marker_created"])
def test_an_event_with_an_implausible_sequencer_changes_nothing_for_later_events(
    ingest: ModuleType, stored_rows: Rows, caplog: pytest.LogCaptureFixture, name: str, forged: str
) -> None:
    delivery = event(name)
    delivery["Records"][0]["eventTime"] = "2999-12-31T23:59:59.999Z"
    delivery["Records"][0]["s3"]["object"]["sequencer"] = forged
    for _ in range(2):
        assert deliver(ingest, delivery) == {**NOTHING, "written": 1}
        [row] = stored_rows()
        # There is no such object.
        assert row.deleted
        assert row.sequencer == "0" * 32
        assert row.event_time < "2999"
    assert "implausible sequencer" in caplog.text

    deliver(ingest, event("put"))
    [row] = stored_rows()
    assert row.sequencer.startswith("0055AED6DCD90281E5")


def test_one_lookup_covers_all_events_of_a_key_in_a_delivery(
    ingest: ModuleType, stored_rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookups = []
    current = Bucket.current

    def counted(self: Bucket, key: str) -> StoredObject | None:
        lookups.append(key)
        return current(self, key)

    monkeypatch.setattr(Bucket, "current", counted)
    expired = event("lifecycle_delete_unversioned")["Records"]
    put = like_put_of(event("lifecycle_delete_unversioned"))["Records"]
    reply = deliver(
        ingest, {"Records": put + expired * 3 + event("delete_marker_created")["Records"]}
    )
    assert reply == {**NOTHING, "written": 2, "coalesced": 3}
    assert lookups == ["reports/2024.csv"]
    row = stored_rows()[-1]
    assert (row.key, row.deleted) == ("reports/2024.csv", True)
    assert row.sequencer.startswith("006754D340F025B776")


def test_a_put_within_an_upload_gets_one_lookup_in_either_order(
    ingest: ModuleType, stored_rows: Rows
) -> None:
    upload = event("complete_multipart_upload_long")
    within = event("complete_multipart_upload_long")
    within["Records"][0]["eventName"] = "ObjectCreated:Put"
    within["Records"][0]["eventTime"] = "2025-12-03T12:33:00.500Z"
    within["Records"][0]["s3"]["object"]["sequencer"] = "0069302E2C0000000A"
    together = {"Records": upload["Records"] + within["Records"]}
    for deliveries in ([upload, within], [within, upload], [together]):
        for delivery in deliveries:
            deliver(ingest, delivery)
        [row] = stored_rows()
        # There is no such object.
        assert row.deleted
        assert row.sequencer.startswith("0069302E2C0000000A")
        assert row.event_time == "2025-12-03T12:37:51.823Z"


@pytest.mark.parametrize("bad_position", [0, 1, 2])
def test_a_malformed_record_is_reported_and_the_others_are_applied(
    ingest: ModuleType, stored_rows: Rows, bad_position: int
) -> None:
    notification = event("two_records")
    bad = event("put")["Records"][0]
    del bad["s3"]["object"]["sequencer"]
    notification["Records"].insert(bad_position, bad)

    with pytest.raises(
        ingest.IngestError, match=f"record {bad_position}: s3.object.sequencer is missing"
    ):
        deliver(ingest, notification)
    assert [row.key for row in stored_rows()] == ["pair/one.txt", "pair/two.txt"]


def test_the_error_has_every_malformed_record(ingest: ModuleType) -> None:
    with pytest.raises(ingest.IngestError, match=r"record 0: .*; record 1: "):
        deliver(ingest, {"Records": [{"eventName": "ObjectCreated:Put"}, None]})


@pytest.mark.parametrize("nonsense", [{}, {"Records": None}, {"Records": "all"}, {"detail": {}}])
def test_another_json_document_is_an_error(ingest: ModuleType, nonsense: Any) -> None:
    with pytest.raises(ingest.IngestError, match="not an S3 notification"):
        deliver(ingest, nonsense)


def test_only_the_newest_event_of_a_key_is_written(ingest: ModuleType, stored_rows: Rows) -> None:
    first, second = event("two_records")["Records"]
    second["s3"]["object"]["key"] = first["s3"]["object"]["key"]
    reply = deliver(ingest, {"Records": [second, first]})
    assert (reply["written"], reply["coalesced"]) == (1, 1)
    [row] = stored_rows()
    assert row.size == 4


def test_only_failed_messages_are_in_the_reply(ingest: ModuleType, stored_rows: Rows) -> None:
    delivery = event("sqs")
    delivery["Records"].insert(1, {**delivery["Records"][0], "messageId": "bad", "body": "?"})
    reply = deliver(ingest, delivery)
    assert reply["batchItemFailures"] == [{"itemIdentifier": "bad"}]
    assert reply["written"] == 3
    assert "not JSON" in reply["errors"][0]
    assert len(stored_rows()) == 3


def test_an_event_of_another_bucket_is_refused(ingest: ModuleType, stored_rows: Rows) -> None:
    notification = event("two_records")
    notification["Records"][0]["s3"]["bucket"]["name"] = "another-bucket"
    with pytest.raises(
        ingest.IngestError, match="record 0: the event is of bucket 'another-bucket', not of"
    ):
        deliver(ingest, notification)
    assert [row.key for row in stored_rows()] == ["pair/two.txt"]


def test_a_failed_write_fails_every_message_of_its_key(
    ingest: ModuleType, stored_rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(store: Store, events: list[Event]) -> list[batch.Result]:
        return [
            ClientError({"Error": {"Code": "Throttling", "Message": "slow down"}}, "PutItem")
            if happened.key == "pair/one.txt"
            else store.write(happened)
            for happened in events
        ]

    monkeypatch.setattr(batch, "write", refuse)
    pair, single = event("two_records")["Records"], event("put")["Records"]
    older = event("two_records")["Records"][0]
    older["s3"]["object"]["sequencer"] = "0055AED6DC"
    bodies = {"newest": pair[:1], "older": [older], "other": pair[1:], "put": single}
    reply = deliver(
        ingest,
        {
            "Records": [
                {
                    "eventSource": "aws:sqs",
                    "messageId": name,
                    "body": json.dumps({"Records": records}),
                }
                for name, records in bodies.items()
            ]
        },
    )
    failed = {entry["itemIdentifier"] for entry in reply["batchItemFailures"]}
    assert failed == {"newest", "older"}
    assert len(stored_rows()) == 2


def test_a_delivery_of_ten_thousand_messages(ingest: ModuleType, stored_rows: Rows) -> None:
    [record] = event("put")["Records"]
    entries = []
    for n in range(10_000):
        record["s3"]["object"] |= {"key": f"{n % 50}", "sequencer": f"0065{n:014X}", "size": n}
        body = json.dumps({"Records": [record]})
        entries.append({"eventSource": "aws:sqs", "messageId": str(n), "body": body})
    reply = deliver(ingest, {"Records": entries})
    assert (reply["written"], reply["coalesced"], reply["batchItemFailures"]) == (50, 9_950, [])
    assert {row.size for row in stored_rows()} == set(range(9_950, 10_000))
