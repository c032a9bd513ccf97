"""The checkpoints of a reconcile, and its repairs, with doubles of bucket, table and writes."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import pytest

from s3_catalog.model.row import Row
from s3_catalog.model.stored_object import StoredObject
from s3_catalog.reconciliation import repair
from s3_catalog.reconciliation.repair import Checkpoint, reconcile
from s3_catalog.table import batch_write
from s3_catalog.table.row_query import Filter
from s3_catalog.table.store import Outcome, Store
from tests import doubles

if TYPE_CHECKING:
    from s3_catalog.s3.bucket import Bucket

MODIFIED = datetime(2026, 11, 23, 8, 0, 0, 1000, UTC)
ASKED_AT = datetime(2026, 11, 23, 12, 0, 0, 2000, UTC)
CLIENT: Any = object()
STORE = Store(CLIENT, "table", 4)


class Doubles:
    """A bucket with a listing, a table with rows, and writes with the given results.

    Of the listed `keys` one with a full stop is the end of a page. Rows of the keys `refused` are
    not inserted. The outcome of a lookup is that in `outcomes`, or WRITTEN.
    """

    name = "bucket"

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.keys = ""
        self.rows: list[Row] = []
        self.refused = ""
        self.outcomes: dict[str, Outcome] = {}
        self.listed: list[dict[str, Any]] = []
        self.queried: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
        self.inserted: list[Row] = []
        self.looked_up: list[str] = []
        monkeypatch.setattr(repair, "matching_rows", self._matching_rows)
        monkeypatch.setattr(repair, "correct", self._correct)
        monkeypatch.setattr(batch_write, "insert", self._insert)
        # No row of a refused key is the tombstone of a removal.
        monkeypatch.setattr(Store, "read", lambda *_: None)

    def listing(self, **limits: Any) -> Iterator[tuple[str, StoredObject | None]]:
        self.listed.append(limits)
        for key in self.keys.split():
            if key.endswith("."):
                yield key[:-1], None
            else:
                yield key, StoredObject(key, 7, "e", None, MODIFIED, ASKED_AT)

    def clock(self) -> datetime:
        return ASKED_AT

    def _matching_rows(self, *place: Any, **limits: Any) -> list[Row]:
        self.queried.append((place, limits))
        return self.rows

    def _insert(self, store: Store, missing: Sequence[Row]) -> list[Row]:
        assert store is STORE
        self.inserted += missing
        return [row for row in missing if row.key in self.refused.split()]

    def _correct(self, store: Store, bucket: Any, key: str) -> Outcome:
        assert (store, bucket) == (STORE, self)
        self.looked_up.append(key)
        return self.outcomes.get(key, Outcome.WRITTEN)

    def reconcile(self, **limits: str) -> list[Checkpoint]:
        return list(reconcile(STORE, cast("Bucket", self), **limits))


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Doubles:
    monkeypatch.setattr(repair, "STRIDE", 2)
    return Doubles(monkeypatch)


def test_objects_and_rows_are_read_within_the_same_limits(double: Doubles) -> None:
    double.reconcile(prefix="b/", after="b/1", until="b/4")
    limits = {"prefix": "b/", "after": "b/1", "until": "b/4"}
    assert double.listed == [limits]
    place = CLIENT, "table", "bucket", 4, Filter(implausible_at=ASKED_AT)
    assert double.queried == [(place, {**limits, "consistent": True})]


def test_without_limits_the_whole_bucket_is_compared(double: Doubles) -> None:
    double.reconcile()
    assert double.listed == [{"prefix": "", "after": "", "until": None}]


def test_a_checkpoint_comes_after_each_stride_and_at_the_end_of_each_page(double: Doubles) -> None:
    double.keys = "a b b. c d. e. f g h"
    assert double.reconcile() == [
        Checkpoint("b", compared=2, repaired=2),
        Checkpoint("d", compared=1, repaired=1),
        Checkpoint("e", compared=0, repaired=0),
        Checkpoint("g", compared=2, repaired=2),
        Checkpoint("h", compared=1, repaired=1),
    ]


def test_the_last_checkpoint_is_of_the_last_key_even_if_nothing_follows(double: Doubles) -> None:
    double.keys = "a b"
    assert double.reconcile() == [Checkpoint("b", 2, 2), Checkpoint("b", 0, 0)]


def test_a_range_without_keys_has_a_checkpoint_at_its_beginning(double: Doubles) -> None:
    double.keys = "x."
    assert double.reconcile(after="x") == [Checkpoint("x", 0, 0)]


def test_rows_without_an_object_are_compared_too(double: Doubles) -> None:
    double.keys = "b"
    double.rows = [doubles.row("a"), doubles.row("b"), doubles.row("c")]
    assert double.reconcile() == [Checkpoint("b", 2, 1), Checkpoint("c", 1, 1)]
    assert double.looked_up == ["a", "c"]


def test_a_missing_row_is_inserted_and_any_other_difference_looked_up(
    double: Doubles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repair, "STRIDE", 1000)
    double.keys = "a-same b-missing c-refused d-stale e-stale g-implausible i-missing j-missing"
    double.refused = "c-refused"
    double.outcomes = {"e-stale": Outcome.UNCHANGED}
    double.rows = [
        doubles.row("a-same"),
        doubles.row("d-stale", size=8),
        doubles.row("e-stale", size=8),
        doubles.row("f-ghost"),
        doubles.row("g-implausible", sequencer="F" * 32),
        doubles.row("h-implausible", sequencer="F" * 32, size=None, etag=None, expires_at=1),
    ]
    # Inserted: b, i and j; looked up and written: c, d, f, g and h.
    assert double.reconcile() == [Checkpoint("j-missing", compared=10, repaired=8)]
    assert [row.key for row in double.inserted] == [
        "b-missing",
        "c-refused",
        "i-missing",
        "j-missing",
    ]
    assert double.looked_up == [
        "c-refused",
        "d-stale",
        "e-stale",
        "f-ghost",
        "g-implausible",
        "h-implausible",
    ]


def test_an_inserted_row_holds_the_result_of_the_listing(double: Doubles) -> None:
    double.keys = "a"
    double.reconcile()
    assert double.inserted == [
        Row(
            bucket="bucket",
            key="a",
            sequencer="0" * 32,
            event_time="2026-11-23T08:00:00.001Z",
            event_name="Reconciled",
            version_id=None,
            size=7,
            etag="e",
            expires_at=None,
            asked_at=1_795_435_200_002_000,
        )
    ]
