"""Write units and requests of each kind of change, counted in what a delivery asks of the table.

The table is the simulator's. DynamoDB charges a write by the larger of the item before it and the
item that it carries, in KB, also if the condition refuses it (Developer Guide, "DynamoDB read and
write operations").
"""

from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from typing import Any, cast

import pytest

from s3_catalog.ingestion.delivery import ingest
from s3_catalog.model.scope import Entry, Scope
from s3_catalog.s3.bucket import Buckets
from s3_catalog.table.store import Store
from tests.simulator import partiql
from tests.simulator.table import FakeTable
from tests.unit.table.test_write_unit import WRITE_UNIT, size

TIME = datetime(2026, 11, 23, 12, 0, 0, 5000, UTC)
PAGE = (Path(__file__).parents[3] / "docs" / "cost.md").read_text(encoding="utf-8")
BEFORE, CHANGED = 2, 3
"""The place in the order of the rows that are there, and of a change after them."""
CHANGES = 100

STEADY = {
    # kind: units and requests a change, one by one; in batches of 100
    "new object": (1.00, 1.00, 1.00, 0.04),
    "overwritten object": (1.00, 1.00, 1.00, 0.04),
    "deleted object": (1.00, 1.00, 1.00, 0.04),
    "deleted, unknown": (1.00, 1.00, 1.00, 0.04),
    "duplicate": (1.00, 1.00, 1.00, 0.04),
    "late event": (1.00, 1.00, 1.00, 0.04),
    "late deletion": (1.00, 1.00, 1.00, 0.04),
    "20% overwritten": (1.00, 1.00, 1.20, 0.05),
    "80% overwritten": (1.00, 1.00, 1.20, 0.05),
}
FIRST = {
    # kind: units and requests a change, in the first batch of a process
    "new object": (1.00, 0.04),
    "overwritten object": (1.25, 0.05),
    "deleted object": (1.00, 0.04),
    "deleted, unknown": (1.25, 0.05),
    "duplicate": (1.25, 0.05),
    "late event": (1.25, 0.05),
    "late deletion": (1.00, 0.04),
    "20% overwritten": (1.20, 0.05),
    "80% overwritten": (1.35, 0.06),
}


class ChargedTable(FakeTable):
    """A table that counts the requests to write, and what DynamoDB charges for them."""

    units = 0
    requests = 0

    def put_item(self, **request: Any) -> dict[str, Any]:
        self.requests += 1
        self._charge(request["Item"])
        return super().put_item(**request)

    def batch_execute_statement(self, **request: Any) -> dict[str, Any]:
        self.requests += 1
        for each in request["Statements"]:
            statement = partiql.read(each["Statement"])
            named = {**statement.key, **statement.values}
            parameters = each["Parameters"]
            self._charge({name: parameters[int(at[1:])] for name, at in named.items()})
        return super().batch_execute_statement(**request)

    def _charge(self, item: dict[str, Any]) -> None:
        before = self.items.get((item["pk"]["S"], item["sk"]["S"]), {})
        larger = max(
            sum(len(name) + size(cast("Any", value)) for name, value in each.items())
            for each in (before, item)
        )
        self.units += ceil(larger / WRITE_UNIT)


def record(key: str, order: int, name: str = "ObjectCreated:Put") -> dict[str, Any]:
    content = {} if "Removed" in name else {"size": 7, "eTag": "e"}
    return {
        "eventName": name,
        "eventTime": (TIME + timedelta(minutes=order)).isoformat(),
        "s3": {
            "bucket": {"name": "photos"},
            "object": {"key": key, "sequencer": f"006900000{order}", **content},
        },
    }


def change(kind: str, number: int, key: str) -> dict[str, Any]:
    """The record of the change `number` of a kind."""
    order = {"duplicate": BEFORE, "late event": BEFORE - 1, "late deletion": BEFORE - 1}
    deletes = kind.startswith("deleted") or kind == "late deletion"
    name = "ObjectRemoved:DeleteMarkerCreated" if deletes else "ObjectCreated:Put"
    return record(key, order.get(kind, CHANGED), name)


def has_row(kind: str, number: int) -> bool:
    if "%" in kind:
        # Every fifth is of the rarer ones.
        return (number % 5 == 0) == (kind == "20% overwritten")
    return kind not in {"new object", "deleted, unknown"}


class Catalog:
    """A catalog whose function keeps its process."""

    def __init__(self) -> None:
        self.table = ChargedTable.without_faults("rows")
        clock = lambda: TIME + timedelta(hours=1)  # noqa: E731
        self._store = Store(cast("Any", self.table), "rows", 16, clock)
        self._buckets = Buckets(_none, Scope((Entry("photos"),)), clock)

    def play(self, kind: str, prefix: str, *, together: bool) -> tuple[float, float]:
        """Apply changes of a kind to keys with `prefix`; return units and requests a change."""
        keys = [f"{prefix}/{number}" for number in range(CHANGES)]
        for number, key in enumerate(keys):
            if has_row(kind, number):
                self._ingest([record(key, BEFORE)])
        changes = [change(kind, number, key) for number, key in enumerate(keys)]
        self.table.units = self.table.requests = 0
        for delivery in [changes] if together else [[each] for each in changes]:
            self._ingest(delivery)
        return self.table.units / CHANGES, self.table.requests / CHANGES

    def _ingest(self, records: list[dict[str, Any]]) -> None:
        report = ingest({"Records": records}, self._store, self._buckets)
        assert not report.failures


def _none() -> Any:
    raise AssertionError("no change of these needs a lookup")


@pytest.mark.parametrize("kind", STEADY)
def test_a_change_costs_one_unit_in_steady_state(kind: str) -> None:
    alone, queued = Catalog(), Catalog()
    queued.play(kind, "first", together=True)
    found = alone.play(kind, "a", together=False) + queued.play(kind, "a", together=True)
    print(
        f"\n{kind:20} {'{:6.2f} units {:6.2f} requests, in batches {:6.2f} {:6.2f}'.format(*found)}"
    )
    assert found == STEADY[kind]


@pytest.mark.parametrize("kind", FIRST)
def test_the_first_batch_of_a_process_learns_from_its_first_request(kind: str) -> None:
    assert Catalog().play(kind, "a", together=True) == FIRST[kind]


def test_a_refused_write_is_charged_by_the_row_that_refuses_it() -> None:
    catalog = Catalog()
    key = "k" * 900
    catalog.play("new object", key, together=False)
    assert catalog.table.units == 2 * CHANGES
    catalog.play("duplicate", key, together=True)
    # 25 INSERTs are refused, and 100 UPDATEs.
    assert catalog.table.units == 2 * 125


@pytest.mark.parametrize("kind", STEADY)
def test_the_page_has_what_is_counted(kind: str) -> None:
    figures = (STEADY[kind][:2], STEADY[kind][2:], FIRST[kind])
    cells = [", ".join(f"{figure:.2f}" for figure in each) for each in figures]
    assert f"\n| {kind} | {' | '.join(cells)} |\n" in PAGE
