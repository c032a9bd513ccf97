"""The function `inspect`: which messages of a batch fail."""

import importlib
import logging
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from s3_catalog.table.store import Store
from tests.component.conftest import SHARDS
from tests.component.object_writer import ObjectWriter, inspection_request, row_of
from tests.doubles import Context, lines_of_keys

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


@pytest.fixture
def function(
    store: Store, s3: "S3Client", bucket: str, monkeypatch: pytest.MonkeyPatch
) -> ModuleType:
    monkeypatch.setenv("TABLE_NAME", store.table)
    monkeypatch.setenv("SHARDS", str(SHARDS))
    monkeypatch.setenv("BUCKET_NAME", bucket)
    monkeypatch.setenv("MOST_MIB", "64")
    module = importlib.reload(importlib.import_module("handlers.inspect"))
    monkeypatch.setattr(module, "_store", store)
    monkeypatch.setattr(module, "_s3", s3)
    return module


def test_only_failed_messages_are_in_the_reply(
    function: ModuleType, store: Store, bucket: str, writer: ObjectWriter
) -> None:
    writer.put("k", b"1")
    bodies = {
        "1": "{",
        "2": inspection_request(bucket),
        "3": inspection_request("detached"),
        "4": inspection_request(bucket, "unknown"),
    }
    delivery = {"Records": [{"messageId": name, "body": body} for name, body in bodies.items()]}
    reply = function.handler(delivery, Context())
    assert reply["batchItemFailures"] == [{"itemIdentifier": "1"}]
    assert row_of(store, bucket).inspected


def test_no_inspection_begins_without_165_seconds_left(
    function: ModuleType, store: Store, bucket: str, writer: ObjectWriter
) -> None:
    writer.put("k", b"1")
    delivery = {"Records": [{"messageId": "1", "body": inspection_request(bucket)}]}
    reply = function.handler(delivery, Context(164_999))
    assert reply["batchItemFailures"] == [{"itemIdentifier": "1"}]
    assert row_of(store, bucket).inspected is None
    assert function.handler(delivery, Context(165_000))["batchItemFailures"] == []
    assert row_of(store, bucket).inspected


def test_a_batch_has_one_line_at_info_and_one_for_each_object_at_debug(
    function: ModuleType, bucket: str, writer: ObjectWriter, caplog: pytest.LogCaptureFixture
) -> None:
    writer.put("k", b"1")
    bodies = ("{", inspection_request(bucket), inspection_request("detached"))
    delivery = {"Records": [{"messageId": str(n), "body": b} for n, b in enumerate(bodies)]}
    with caplog.at_level(logging.INFO):
        function.handler(delivery, Context())
    [line] = [vars(each) for each in caplog.records if each.levelname == "INFO"]
    assert line["outcomes"] == {"failed": 1, "recorded": 1, "out of scope": 1}
    caplog.clear()
    with lines_of_keys(caplog):
        function.handler(delivery, Context())
    [line] = [vars(each) for each in caplog.records if each.name == "key"]
    assert (line["msg"], line["key"], line["outcome"]) == ("inspected", "k", "already recorded")
