"""The table of totals, on moto and on the emulator's DynamoDB."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from s3_catalog.model.change import Change
from s3_catalog.model.row import Row
from s3_catalog.table.stream_record import SEQUENCE_DIGITS
from s3_catalog.totals.tally import Total, folders
from s3_catalog.totals.totals_table import TotalsTable
from tests.empty_table import new_table

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

BUCKET = "photos-example"


@pytest.fixture
def totals(dynamodb: "DynamoDBClient") -> TotalsTable:
    return TotalsTable(dynamodb, new_table(dynamodb), counter_shards=2, depth=2)


def row(key: str, size: int) -> Row:
    return Row(BUCKET, key, "1", "2026", "ObjectCreated:Put", None, size, "e", None)


def gone(key: str) -> Row:
    return replace(row(key, 0), size=None, etag=None, expires_at=9)


def change(number: int, old: Row | None, new: Row | None) -> Change:
    row_ = new or old
    assert row_
    sequence = str(number).zfill(SEQUENCE_DIGITS)
    return Change(str(number), sequence, 1_795_428_930, BUCKET, row_.key, old, new)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("a", [""]),
        ("a/b", ["", "a/"]),
        ("a/b/c/d", ["", "a/", "a/b/"]),
        ("/a", ["", "/"]),
        ("//", ["", "/", "//"]),
    ],
)
def test_a_key_counts_in_every_folder_above_it(key: str, expected: list[str]) -> None:
    assert folders(key, 2) == expected


def test_changes_add_up_by_folder(totals: TotalsTable) -> None:
    first, second = row("a/b/1", 10), row("a/2", 5)
    totals.apply("one", [change(1, None, first), change(2, None, second)])
    totals.apply("two", [change(1, None, row("/", 7))])
    totals.apply("one", [change(3, first, row("a/b/1", 4)), change(4, second, gone("a/2"))])
    assert totals.total(BUCKET, "") == Total("", 2, 11)
    assert totals.total(BUCKET, "a/") == Total("a/", 1, 4)
    assert list(totals.below(BUCKET, "", 2)) == [
        Total("/", 1, 7),
        Total("a/", 1, 4),
        Total("a/b/", 1, 4),
    ]
    assert totals.total("other", "") == Total("", 0, 0)


def test_duplicates_in_other_batches_count_once(totals: TotalsTable) -> None:
    changes = [change(n, None, row(f"{n}", n)) for n in range(1, 7)]
    for piece in (changes[:3], changes[:2], changes[1:5], changes[4:], changes):
        totals.apply("shard", piece)
    assert totals.total(BUCKET, "") == Total("", 6, 21)


def test_a_transaction_counts_at_most_99_folders(totals: TotalsTable) -> None:
    many = [change(n, None, row(f"{n}/x", 1)) for n in range(1, 198)]
    assert totals.apply("shard", many) == 3
    assert totals.apply("shard", many) == 0
    assert totals.total(BUCKET, "") == Total("", len(many), len(many))


def test_the_expiry_of_a_tombstone_changes_no_total(totals: TotalsTable) -> None:
    assert totals.apply("shard", [change(1, gone("a"), None)]) == 0
