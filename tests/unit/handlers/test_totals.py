"""`totals` registers the buckets of what it counts."""

import importlib
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
