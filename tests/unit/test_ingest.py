"""The function, from the notification to the stored row, on moto."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from catalog.row import Row
from tests.unit.conftest import event

Rows = Callable[[], list[Row]]


NOTHING: dict[str, Any] = {
    "written": 0,
    "stale": 0,
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
            "replicated_put",
            "replica/data.bin",
            4096,
            "0f343b0931126a20f133d67c2b018a3b",
            "UIORUnfndfiufdisojhr398493jfdkjFJjkndnqUifhnw89493jJFJ",
        ),
    ],
)
def test_what_creates_an_object_leaves_its_row(
    ingest: ModuleType,
    stored_rows: Rows,
    name: str,
    key: str,
    size: int,
    etag: str,
    version_id: str,
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
    ],
)
def test_what_removes_an_object_leaves_a_tombstone(
    ingest: ModuleType, stored_rows: Rows, name: str, key: str
) -> None:
    assert deliver(ingest, event(name))["written"] == 1
    [row] = stored_rows()
    assert row.key == key
    assert row.deleted
    assert (row.size, row.etag) == (None, None)


@pytest.mark.parametrize("name", ["test_event", "replication_threshold"])
def test_what_is_not_about_an_object_is_accepted(
    ingest: ModuleType, stored_rows: Rows, name: str
) -> None:
    assert deliver(ingest, event(name))["written"] == 0
    assert stored_rows() == []


def test_no_records_is_nothing_to_do(ingest: ModuleType, stored_rows: Rows) -> None:
    assert deliver(ingest, {"Records": []}) == NOTHING
    assert stored_rows() == []


def test_every_record_counts(ingest: ModuleType, stored_rows: Rows) -> None:
    assert deliver(ingest, event("two_records"))["written"] == 2
    assert [row.key for row in stored_rows()] == ["pair/one.txt", "pair/two.txt"]


def test_a_second_delivery_changes_nothing(ingest: ModuleType, stored_rows: Rows) -> None:
    deliver(ingest, event("two_records"))
    before = stored_rows()
    assert deliver(ingest, event("two_records")) == {**NOTHING, "stale": 2}
    assert stored_rows() == before


def test_a_put_that_arrives_after_its_delete_stays_deleted(
    ingest: ModuleType, stored_rows: Rows
) -> None:
    deliver(ingest, event("delete"))
    assert deliver(ingest, event("post"))["stale"] == 1
    [row] = stored_rows()
    assert row.deleted


@pytest.mark.parametrize("bad_position", [0, 1, 2])
def test_a_bad_record_hides_no_other_and_is_reported(
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


def test_all_bad_records_are_named(ingest: ModuleType) -> None:
    with pytest.raises(ingest.IngestError, match=r"record 0: .*; record 1: "):
        deliver(ingest, {"Records": [{"eventName": "ObjectCreated:Put"}, None]})


@pytest.mark.parametrize("nonsense", [{}, {"Records": None}, {"Records": "all"}, {"detail": {}}])
def test_what_is_no_notification_is_an_error(ingest: ModuleType, nonsense: Any) -> None:
    with pytest.raises(ingest.IngestError, match="not an S3 notification"):
        deliver(ingest, nonsense)
