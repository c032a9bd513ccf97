"""The units of the model, counted in the requests that the code makes."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from reinventure.cost import units
from s3_catalog.correction import correct
from s3_catalog.feed.message import entry
from s3_catalog.model.change import Change, Kind
from s3_catalog.model.event import Content, Event
from s3_catalog.model.row import Row, from_event
from s3_catalog.reconciliation import key_ranges
from s3_catalog.s3.bucket import Bucket
from s3_catalog.table import batch_write
from s3_catalog.table.item import to_item
from s3_catalog.table.store import Outcome, Store
from s3_catalog.totals.tally import growth
from s3_catalog.totals.totals_table import TotalsTable
from tests.unit.table.test_write_unit import size

TIME = datetime(2026, 11, 23, 12, 0, 0, 5000, UTC)
KEY = "2026/11/23/IMG_20261123_120000_00001.jpg"
LOG = {
    "timestamp": "2026-11-23T12:00:00Z",
    "level": "INFO",
    "message": "applied",
    "logger": "ingest",
    "requestId": "01234567-89ab-cdef-0123-456789abcdef",
    "written": 1,
    "superseded": 0,
    "ignored": 0,
    "coalesced": 0,
}
"""A line of `ingest`, as Lambda's JSON format has it."""


class RefusedError(Exception):
    """DynamoDB's refusal of a single write."""


class Table:
    """A client that counts the writes of DynamoDB, of which each is charged, refused or not.

    It refuses INSERTs of the keys in `existing`.
    """

    exceptions = SimpleNamespace(ConditionalCheckFailedException=RefusedError)

    def __init__(self, *existing: str, row: Row | None = None) -> None:
        self.units = 0
        self.requests: list[str] = []
        self._existing = existing
        self._row = row

    def put_item(self, **_: Any) -> dict[str, Any]:
        self.units += 1
        self.requests.append("PutItem")
        return {}

    def get_item(self, **_: Any) -> dict[str, Any]:
        self.requests.append("GetItem")
        return {"Item": to_item(self._row, 1)} if self._row else {}

    def batch_execute_statement(self, *, Statements: list[dict[str, Any]]) -> Any:  # noqa: N803
        self.units += len(Statements)
        self.requests.append("BatchExecuteStatement")
        return {"Responses": [self._answer(each) for each in Statements]}

    def transact_write_items(self, *, TransactItems: list[Any]) -> dict[str, Any]:  # noqa: N803
        # A write in a transaction takes two units.
        self.units += 2 * len(TransactItems)
        self.requests.append("TransactWriteItems")
        return {}

    def _answer(self, statement: dict[str, Any]) -> dict[str, Any]:
        inserts = statement["Statement"].startswith("INSERT")
        keys = {value.get("S") for value in statement["Parameters"]}
        refused = inserts and keys & set(self._existing)
        return {"Error": {"Code": "DuplicateItem"}} if refused else {}


def put(key: str) -> Event:
    return Event("bucket", key, "ObjectCreated:Put", TIME, "0A", "v1", Content(7, "e"))


def store(table: Table) -> Store:
    return Store(cast("Any", table), "table", 16)


def changes(count: int) -> list[Change]:
    """Changes of new objects in a folder that is three levels deep."""
    return [
        Change(str(n), str(n).zfill(40), 1_795_428_930, "bucket", f"a/b/c/{n}", None, new)
        for n in range(count)
        for new in [from_event(put(f"a/b/c/{n}"))]
    ]


def test_a_single_change_takes_one_unit() -> None:
    table = Table()
    assert store(table).write(put("new")) is Outcome.WRITTEN
    assert (table.units, table.requests) == (1, ["PutItem"])


def test_new_objects_in_a_batch_take_one_unit_each() -> None:
    table = Table()
    batch_write.write(store(table), [put(str(n)) for n in range(100)])
    assert (table.units, len(table.requests)) == (100, 4)


@pytest.mark.parametrize("count", [1, 10, 100, 500])
def test_a_batch_of_totals_is_a_transaction(count: int) -> None:
    table = Table()
    totals = TotalsTable(cast("Any", table), "totals", counter_shards=16, depth=3)
    assert totals.apply("shard", changes(count)) == 1
    assert (table.units, table.requests) == (units.TOTALS_UNITS, ["TransactWriteItems"])


def test_totals_of_a_batch_over_many_folders_take_six_units_a_change_more() -> None:
    table = Table()
    totals = TotalsTable(cast("Any", table), "totals", counter_shards=16, depth=3)
    scattered = [
        Change(str(n), str(n).zfill(40), 1_795_428_930, "bucket", key, None, from_event(put(key)))
        for n in range(10)
        for key in [f"{n}/b/c/1"]
    ]
    totals.apply("shard", scattered)
    # Checkpoint, bucket, and three folders for each: what docs/cost.md says.
    assert table.units == 2 * (2 + 3 * 10)


def test_an_expired_version_takes_a_read_a_listing_and_a_write_that_nothing_follows() -> None:
    before = from_event(put(KEY))
    table, listed = Table(row=before), []

    def list_object_versions(**request: Any) -> dict[str, Any]:
        listed.append(request)
        version = {
            "Key": KEY,
            "VersionId": "v1",
            "IsLatest": True,
            "Size": 7,
            "ETag": '"e"',
            "LastModified": TIME,
        }
        return {"Versions": [version]}

    client = cast("Any", SimpleNamespace(list_object_versions=list_object_versions))
    bucket = Bucket(lambda: client, "bucket", lambda: TIME)
    expired = Event("bucket", KEY, "LifecycleExpiration:Delete", TIME, None, "v0", None)
    written: list[Row] = []
    of = store(table)
    replace = of.replace

    def kept(seen: Row | None, row: Row) -> bool:
        written.append(row)
        return replace(seen, row)

    of.replace = kept  # type: ignore[method-assign]
    assert correct(of, bucket, KEY, [expired]) is Outcome.WRITTEN
    assert (table.units, table.requests, len(listed)) == (1, ["GetItem", "PutItem"], 1)
    change = Change("1", "1", 0, "bucket", KEY, before, written[0])
    assert change.kind is None
    assert growth(change) == growth(Change("1", "1", 0, "bucket", KEY, None, None))


def test_a_comparison_has_as_many_ranges_as_a_map_takes() -> None:
    assert key_ranges.MAX_RANGES == units.RANGES


def test_sizes_are_those_of_a_typical_row() -> None:
    row = Row(
        bucket="photos-prod",
        key=KEY,
        sequencer="0065A1B2C3D4E5F60700000000000000",
        event_time="2026-11-23T12:00:00.005Z",
        event_name="ObjectCreated:Put",
        version_id="v" * 32,
        size=4_500_000,
        etag="e" * 32,
        expires_at=None,
        requester="AIDA" + "X" * 17,
        source_ip="203.0.113.17",
    )
    item = to_item(row, 16)
    stored = sum(len(name) + size(value) for name, value in item.items())
    assert stored == pytest.approx(units.ROW_BYTES, rel=0.05)
    change = Change("a" * 32, "1" * 40, 1_795_428_930, row.bucket, KEY, None, row)
    sent = len(json.dumps(entry(change, Kind.CREATED, "0")))
    assert sent == pytest.approx(units.MESSAGE_BYTES, rel=0.05)
    # Logs adds 26 bytes to each line.
    assert len(json.dumps(LOG)) + 26 == pytest.approx(units.LOG_BYTES, rel=0.1)
