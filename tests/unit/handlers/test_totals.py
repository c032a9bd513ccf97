"""`totals` registers the buckets of what it counts."""

import importlib
import logging
from types import ModuleType
from typing import Any

import pytest

from s3_catalog.model.row import TEST_BUCKET, Row
from s3_catalog.table.item import to_item
from tests import doubles


class Calls:
    """A table of totals that records what is asked of it."""

    def __init__(self) -> None:
        self.made: list[tuple[str, list[str]]] = []

    def register(self, buckets: Any) -> None:
        self.made.append(("register", sorted(set(buckets))))

    def apply(self, shard: str, changes: Any) -> int:
        self.made.append((shard, [change.bucket for change in changes]))
        return 1


@pytest.fixture
def function(aws: None, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for name, value in (("TOTALS_TABLE_NAME", "t"), ("SHARDS", "4"), ("TOTALS_DEPTH", "2")):
        monkeypatch.setenv(name, value)
    return importlib.reload(importlib.import_module("handlers.totals"))


def record(row: Row) -> dict[str, Any]:
    """The stream record of the insertion of `row`."""
    return {
        "eventID": "id",
        "dynamodb": {
            "SequenceNumber": "1",
            "ApproximateCreationDateTime": 1,
            "NewImage": to_item(row, 4),
        },
    }


def test_the_buckets_of_effective_changes_are_registered_before_they_are_counted(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = Calls()
    monkeypatch.setattr(function, "_totals", calls)
    rows = [doubles.row(bucket=bucket) for bucket in ("b", "a", "b", TEST_BUCKET)]
    tombstone = doubles.row(bucket="c", size=None, etag=None, expires_at=9)
    function.handler(
        {"shardId": "shard", "Records": [record(row) for row in [*rows, tombstone]]}, None
    )
    assert calls.made == [
        ("register", ["a", "b"]),
        ("shard", ["b", "a", "b", TEST_BUCKET, "c"]),
    ]


def test_each_effective_change_has_a_line_with_the_totals_that_count_it(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(function, "_totals", Calls())
    rows = [doubles.row(key="a/b/c/d", size=9), doubles.row(bucket=TEST_BUCKET)]
    with doubles.lines_of_keys(caplog):
        function.handler({"shardId": "shard", "Records": [record(row) for row in rows]}, None)
    [line] = [vars(each) for each in caplog.records if each.name == "key"]
    assert (line["msg"], line["key"], line["kind"]) == ("counted", "a/b/c/d", "created")
    # The function counts two levels.
    assert line["folders"] == ["", "a/", "a/b/"]
    assert (line["objects"], line["bytes"]) == (1, 9)
    assert line["sequencer"] == rows[0].sequencer


def test_at_info_a_batch_has_one_line(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(function, "_totals", Calls())
    with caplog.at_level(logging.INFO):
        function.handler({"shardId": "shard", "Records": [record(doubles.row())] * 3}, None)
    [line] = [vars(each) for each in caplog.records]
    assert (line["msg"], line["changes"], line["transactions"]) == ("counted", 3, 1)
