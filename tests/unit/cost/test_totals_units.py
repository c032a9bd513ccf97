"""Write units of totals, counted in the requests of the handler, at one change a second."""

import importlib
from collections import Counter
from hashlib import blake2b
from math import ceil
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from s3_catalog import clients
from s3_catalog.table.item import to_item
from tests import doubles
from tests.simulator.transactions import FakeTotalsTable

SECONDS = 1_800
BUCKET = "photos-prod"
FOLDER = "2026/11/26/"

AT_MOST = {
    (1, 1): 10.01,
    (4, 1): 10.01,
    (16, 1): 10.01,
    (1, 60): 0.168,
    (4, 60): 0.668,
    (16, 60): 2.61,
    (1, 300): 0.034,
    (4, 300): 0.135,
    (16, 300): 0.54,
}
"""Write units a change, by shards of the stream and `totals_window`.

A batch is a transaction of ten: checkpoint, bucket and three folders, twice each.
"""

PAGE = (Path(__file__).parents[3] / "docs" / "cost.md").read_text(encoding="utf-8")


class Table(FakeTotalsTable):
    """Counts write units: one for each KB of an item, two in a transaction."""

    def __init__(self) -> None:
        super().__init__(Counter())
        self.units = 0

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        super().transact_write_items(**request)
        for action in request["TransactItems"]:
            key = action["Update"]["Key"]
            self.units += 2 * self._size(key["pk"]["S"], key["sk"]["S"])
        return {}

    def update_item(self, **request: Any) -> dict[str, Any]:
        self._update(request | {"UpdateExpression": "SET registered_at = :now"})
        self.units += self._size(request["Key"]["pk"]["S"], request["Key"]["sk"]["S"])
        return {}

    def _size(self, *place: str) -> int:
        pairs = self.items[place[0], place[1]].items()
        size = sum(len(name) + len(next(iter(value.values()))) for name, value in pairs)
        return ceil(size / 1024)


def record(second: int, key: str) -> dict[str, Any]:
    """The stream record of a new object."""
    return {
        "eventID": str(second),
        "dynamodb": {
            "SequenceNumber": str(second + 1),
            "ApproximateCreationDateTime": 1_795_428_930 + second,
            "NewImage": to_item(doubles.row(key, bucket=BUCKET, size=1), 16),
        },
    }


def batches(shards: int, window: int) -> list[tuple[str, list[dict[str, Any]]]]:
    """What Lambda gathers of each shard, one window after the other.

    AWS does not say when a window begins. If the first record begins it, there is one more in each.
    """
    gathered: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for second in range(SECONDS):
        key = f"{FOLDER}{second:04}"
        shard = blake2b(key.encode()).digest()[0] % shards
        gathered.setdefault((second // window, f"shard-{shard}"), []).append(record(second, key))
    return [(shard, records) for (_, shard), records in sorted(gathered.items())]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> tuple[ModuleType, Table]:
    table = Table()
    names = (("TOTALS_TABLE_NAME", "t"), ("SHARDS", "16"), ("TOTALS_DEPTH", "3"))
    for name, value in names:
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(clients, "dynamodb", lambda: table)
    return importlib.reload(importlib.import_module("handlers.totals")), table


def written(window: int, shards: int) -> float:
    """The figure of docs/cost.md."""
    _, _, table = PAGE.partition("| `totals_window` | 1 shard |")
    line = next(line for line in table.splitlines() if line.startswith(f"| {window} |"))
    return float(line.split("|")[[1, 4, 16].index(shards) + 2])


@pytest.mark.parametrize(("shards", "window"), AT_MOST)
def test_write_units_of_half_an_hour(
    counted: tuple[ModuleType, Table], shards: int, window: int
) -> None:
    function, table = counted
    fed = batches(shards, window)
    for shard, records in fed:
        assert function.handler({"shardId": shard, "Records": records}, None) == {"state": {}}
    units = table.units / SECONDS
    print(f"{shards:2} shards, {window:3} s: {len(fed):4} batches, {units:.3f} units a change")
    assert units <= AT_MOST[shards, window]
    assert round(units, 2) == written(window, shards)
    for folder in ("", "2026/", "2026/11/", FOLDER):
        assert function._totals.total(BUCKET, folder).objects == SECONDS
