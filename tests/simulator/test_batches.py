"""The result of a batch depends on rows and events, not on what its process expects."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from s3_catalog.model.event import Content, Event
from s3_catalog.model.row import Row, from_event
from s3_catalog.table import batch_write as batch
from s3_catalog.table.item import to_item
from s3_catalog.table.store import Outcome, Store
from tests.simulator.table import FakeTable

TIME = datetime(2026, 11, 23, 12, 0, 0, 5000, UTC)
NOW = TIME + timedelta(hours=1)
NAMES = (
    "ObjectCreated:Put",
    "ObjectCreated:CompleteMultipartUpload",
    "ObjectRemoved:DeleteMarkerCreated",
)
KEYS = ("a", "a/1", "ü", "\uffff", "🚀")
GUESSES = (
    {},
    *(dict(zip(NAMES, values, strict=True)) for values in product((False, True), repeat=3)),
)

EVENTS = st.builds(
    lambda key, name, seconds, order, version: Event(
        "b",
        key,
        name,
        TIME + timedelta(seconds=seconds),
        f"006900000{order}".ljust(32, "0"),
        version,
        None if name.startswith("ObjectRemoved") else Content(seconds + 60, "e"),
    ),
    key=st.sampled_from(KEYS),
    name=st.sampled_from(NAMES),
    seconds=st.sampled_from([-30, -10, 0, 5, 10, 30]),
    order=st.sampled_from("123"),
    version=st.sampled_from([None, "v1"]),
)
ROWS = st.builds(
    lambda event, asked_at: replace(from_event(event), asked_at=asked_at),
    EVENTS,
    st.none() | st.integers(1_790_000_000_000_000, 1_810_000_000_000_000),
)


def rows_by_key(draw: Any) -> Any:
    return st.lists(draw, max_size=len(KEYS), unique_by=lambda each: each.key)


def catalog(rows: list[Row], of: type[FakeTable] = FakeTable) -> tuple[FakeTable, Store]:
    table = of.without_faults("t")
    for row in rows:
        item = to_item(row, 2)
        table.items[item["pk"]["S"], row.key] = dict(item)
    return table, Store(cast("Any", table), "t", 2, lambda: NOW)


@given(rows_by_key(ROWS), rows_by_key(EVENTS))
def test_a_batch_has_the_results_of_single_writes_whatever_is_expected(
    rows: list[Row], events: list[Event]
) -> None:
    singly, store = catalog(rows)
    expected = [store.write(event) for event in events]
    for guess in GUESSES:
        table, store = catalog(rows)
        store.existing |= guess
        assert batch.write(store, events) == expected, guess
        assert table.items == singly.items, guess


class SilentTable(FakeTable):
    """A table whose refusals of statements have no rows."""

    def _execute(self, request: Any) -> dict[str, Any]:
        return super()._execute({**request, "ReturnValuesOnConditionCheckFailure": "NONE"})


@given(rows_by_key(ROWS), rows_by_key(EVENTS))
def test_so_it_has_if_refusals_are_without_their_rows(rows: list[Row], events: list[Event]) -> None:
    singly, store = catalog(rows)
    expected = [store.write(event) for event in events]
    for guess in GUESSES:
        table, store = catalog(rows, SilentTable)
        store.existing |= guess
        assert batch.write(store, events) == expected, guess
        assert table.items == singly.items, guess


def test_the_drawn_rows_and_events_have_every_result() -> None:
    seen: set[Outcome] = set()

    @given(rows_by_key(ROWS), rows_by_key(EVENTS))
    def look(rows: list[Row], events: list[Event]) -> None:
        _, store = catalog(rows)
        seen.update(map(store.write, events))

    look()
    assert seen == {Outcome.WRITTEN, Outcome.SUPERSEDED, Outcome.UNDECIDED}
