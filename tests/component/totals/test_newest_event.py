"""The newest event of a bucket, on moto and on the emulator's DynamoDB."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from s3_catalog.model.change import Change
from s3_catalog.model.row import RECONCILED, Row, out_of_scope
from s3_catalog.model.timestamps import timestamp, utc_now
from s3_catalog.table.stream_record import SEQUENCE_DIGITS
from s3_catalog.totals.newest_event import NewestEvent
from s3_catalog.totals.tally import Tally, Total
from s3_catalog.totals.totals_table import TotalsTable
from tests import doubles
from tests.empty_table import new_table

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

BUCKET = "b" * 63
MAX_ITEM = 1024
"""Bytes of an item that takes one write unit, two in a transaction."""


@pytest.fixture
def totals(dynamodb: "DynamoDBClient") -> TotalsTable:
    return TotalsTable(dynamodb, new_table(dynamodb), counter_shards=2, depth=2)


def at(second: int) -> datetime:
    return datetime(2026, 11, 23, 12, 0, second, tzinfo=UTC)


def put(key: str, second: int, name: str = "ObjectCreated:Put", bucket: str = BUCKET) -> Row:
    return doubles.row(key, bucket=bucket, event_time=timestamp(at(second)), event_name=name)


def change(number: int, old: Row | None, new: Row | None) -> Change:
    row = new or old
    assert row
    sequence = str(number).zfill(SEQUENCE_DIGITS)
    return Change(str(number), sequence, 1_795_428_930, row.bucket, row.key, old, new)


def newest(totals: TotalsTable, bucket: str = BUCKET) -> datetime | None:
    found = totals.newest_event(bucket)
    return found.time if found else None


def test_it_is_the_newest_of_all_counted_changes(totals: TotalsTable) -> None:
    assert totals.newest_event(BUCKET) is None
    before = utc_now()
    other = put("a/b/c", 9, bucket="other")
    totals.apply(
        "one",
        [
            change(1, None, put("a/b/1", 3)),
            change(2, None, put("a/2", 1)),
            change(3, None, other),
        ],
    )
    found = totals.newest_event(BUCKET)
    assert found
    assert (found.time, newest(totals, "other")) == (at(3), at(9))
    moment = timedelta(milliseconds=1)
    assert before - moment <= found.counted_at <= utc_now()
    # Shards with even and odd hashes: each counter shard has some.
    for n, shard in enumerate("abcdefgh", 4):
        totals.apply(shard, [change(n, None, put(f"{n}", n))])
    assert newest(totals) == at(11)


def test_a_deletion_is_an_event(totals: TotalsTable) -> None:
    there = put("a", 1)
    gone = replace(put("a", 5, "ObjectRemoved:Delete"), size=None, etag=None, expires_at=9)
    totals.apply("one", [change(1, None, there), change(2, there, gone)])
    assert newest(totals) == at(5)


def test_the_removal_of_a_row_whose_key_left_the_scope_is_no_event(totals: TotalsTable) -> None:
    there = put("a", 1)
    totals.apply("one", [change(1, None, there), change(2, there, out_of_scope(there, at(9)))])
    assert totals.total(BUCKET, "") == Total("", 0, 0)
    assert newest(totals) == at(1)


def test_neither_repairs_nor_removed_rows_nor_recounts_are_events(totals: TotalsTable) -> None:
    repaired = put("a", 8, RECONCILED)
    totals.apply("one", [change(1, None, repaired), change(2, put("b", 9), None)])
    assert totals.correct(BUCKET, "", Tally(1, 1), None)
    assert totals.newest_event(BUCKET) is None
    totals.apply("one", [change(3, None, put("c", 1)), change(4, None, put("d", 7, RECONCILED))])
    totals.apply("one", [change(5, None, put("e", 8, RECONCILED))])
    assert newest(totals) == at(1)


def test_what_an_older_version_counted_is_not_known_and_counts_on(totals: TotalsTable) -> None:
    for counter_shard in range(2):
        totals.client.put_item(
            TableName=totals.table,
            Item={
                **totals._key(BUCKET, "", counter_shard),
                **{name: {"N": "1"} for name in ("objects", "own_objects", "own_changes")},
                **{name: {"N": "5"} for name in ("bytes", "own_bytes")},
            },
        )
    assert totals.newest_event(BUCKET) is None
    totals.apply("one", [change(1, None, put("a", 2))])
    assert newest(totals) == at(2)
    assert totals.total(BUCKET, "") == Total("", 3, 17)


def test_the_bucket_s_total_stays_within_one_write_unit(totals: TotalsTable) -> None:
    totals.apply("one", [change(1, None, replace(put("a", 1), size=5 * 10**12))])
    items = totals.client.scan(TableName=totals.table)["Items"]
    [item] = [each for each in items if "newest_event" in each]
    size = sum(len(name + (value.get("S") or value["N"])) for name, value in item.items())
    assert 200 < size < MAX_ITEM / 2


def test_the_lag_is_the_time_until_the_count_and_never_negative() -> None:
    assert NewestEvent(at(1), at(4)).lag == timedelta(seconds=3)
    assert NewestEvent(at(4), at(1)).lag == timedelta()
