"""The totals of a bucket that left the scope, on moto and on the emulator's DynamoDB."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from s3_catalog.model.change import Change
from s3_catalog.table.stream_record import SEQUENCE_DIGITS
from s3_catalog.totals import forget as module
from s3_catalog.totals.forget import forget, forget_empty
from s3_catalog.totals.recount import recount
from s3_catalog.totals.tally import Total
from s3_catalog.totals.totals_table import TotalsTable
from tests import doubles
from tests.empty_table import new_table

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

KEYS = [f"{n % 3}/{n % 5}/{n}" for n in range(30)] + ["!", "/", "~"]
BUCKETS = ["left", "left-2", "eft"]


@pytest.fixture(params=[(2, 100), (7, 3)], ids=["few items", "more items than actions"])
def totals(
    dynamodb: "DynamoDBClient", request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> TotalsTable:
    counter_shards, actions = request.param
    monkeypatch.setattr(module, "MAX_ACTIONS", actions)
    return TotalsTable(dynamodb, new_table(dynamodb), counter_shards, depth=2)


def change(bucket: str, key: str, *, deleted: bool = False, number: int = 1) -> Change:
    new = doubles.row(key, bucket=bucket, size=5)
    gone = replace(new, size=None, etag=None, expires_at=9)
    old = new if deleted else None
    sequence = str(number).zfill(SEQUENCE_DIGITS)
    return Change("id", sequence, 1_795_428_930, bucket, key, old, gone if deleted else new)


def count(totals: TotalsTable, bucket: str, keys: list[str], *, deleted: bool = False) -> None:
    """Count changes of `keys`, each in a shard of its own."""
    for key in keys:
        shard = f"{bucket} {key} {deleted}"
        totals.apply(shard, [change(bucket, key, deleted=deleted)])


def items(totals: TotalsTable, bucket: str) -> list[dict[str, Any]]:
    found = totals.client.scan(TableName=totals.table, ConsistentRead=True)["Items"]
    return [item for item in found if item["pk"]["S"].startswith(f"{bucket}#")]


def test_the_totals_of_a_bucket_without_rows_go_and_those_of_others_stay(
    totals: TotalsTable,
) -> None:
    for bucket in BUCKETS:
        count(totals, bucket, KEYS)
    count(totals, "left", KEYS, deleted=True)
    others = {bucket: items(totals, bucket) for bucket in BUCKETS[1:]}
    assert totals.has("left")
    assert totals.total("left", "") == Total("", 0, 0)
    assert forget(totals, "left")
    assert not totals.has("left")
    assert items(totals, "left") == []
    assert {bucket: items(totals, bucket) for bucket in BUCKETS[1:]} == others
    assert forget(totals, "left")
    # Attached again, it counts from zero.
    totals.apply("again", [change("left", "1/1/1")])
    assert totals.total("left", "1/1/") == Total("1/1/", 1, 5)


def test_totals_that_are_not_zero_stay_and_their_bucket_is_found_again(
    totals: TotalsTable,
) -> None:
    count(totals, "left", KEYS)
    count(totals, "left", KEYS[1:], deleted=True)
    assert not forget(totals, "left")
    assert totals.has("left")
    assert totals.total("left", "0/0/") == Total("0/0/", 1, 5)
    assert totals.total("left", "") == Total("", 1, 5)
    count(totals, "left", KEYS[:1], deleted=True)
    assert forget(totals, "left")
    assert items(totals, "left") == []


def test_a_change_that_is_counted_meanwhile_stays_counted(
    totals: TotalsTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    count(totals, "left", KEYS)
    count(totals, "left", KEYS, deleted=True)
    transact, calls = module._transact, 0

    def late(*arguments: Any) -> bool:
        nonlocal calls
        calls += 1
        # Its shard counts in the items of another one.
        count(totals, "left", [f"1/1/late{calls}"])
        return transact(*arguments)

    monkeypatch.setattr(module, "_transact", late)
    assert not forget(totals, "left")
    monkeypatch.undo()
    assert totals.total("left", "") == Total("", calls, 5 * calls)
    assert totals.total("left", "1/1/") == Total("1/1/", calls, 5 * calls)
    # What is counted has no rows.
    done = recount(totals, "left", list, lambda _: None, window=0)
    assert done.restless == []
    assert forget(totals, "left")
    assert items(totals, "left") == []


def test_an_interrupted_deletion_leaves_sums_of_zero(
    totals: TotalsTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    count(totals, "left", KEYS)
    count(totals, "left", KEYS, deleted=True)
    transact, calls = module._transact, 0

    class StoppedError(Exception):
        pass

    def stopping(*arguments: Any) -> bool:
        nonlocal calls
        calls += 1
        if calls % 2 == 0:
            raise StoppedError
        return transact(*arguments)

    monkeypatch.setattr(module, "_transact", stopping)
    for _ in range(500):
        try:
            forget(totals, "left")
        except StoppedError:
            assert totals.has("left")
            assert totals.total("left", "") == Total("", 0, 0)
            assert list(totals.below("left", "", 2)) == []
        else:
            break
    assert items(totals, "left") == []


def test_empty_folders_of_a_bucket_in_use_go_and_the_others_stay(totals: TotalsTable) -> None:
    for bucket in BUCKETS:
        count(totals, bucket, KEYS)
    gone = [key for key in KEYS if key.startswith(("0/", "1/1/"))]
    count(totals, "left", gone, deleted=True)
    others = {bucket: items(totals, bucket) for bucket in BUCKETS[1:]}
    whole = totals.total("left", "")
    kept = [
        each for each in items(totals, "left") if not each["sk"]["S"].startswith(("0/", "1/1/"))
    ]
    below = list(totals.below("left", "", 2))
    of_one = [each for each in items(totals, "left") if each["sk"]["S"].startswith("1/1/")]
    assert forget_empty(totals, "left", "1/") == len(of_one)
    assert forget_empty(totals, "left", "") > 0
    assert forget_empty(totals, "left", "") == 0
    assert items(totals, "left") == kept
    assert {bucket: items(totals, bucket) for bucket in BUCKETS[1:]} == others
    assert totals.total("left", "") == whole
    assert list(totals.below("left", "", 2)) == below
    # A folder that comes back counts from zero, and no number of changes is there again.
    count(totals, "left", ["1/1/back"])
    assert totals.total("left", "1/1/") == Total("1/1/", 1, 5)
    [(_, changes)] = totals.own("left", "1/1/")["1/1/"].changes
    assert changes > max(int(each["own_changes"]["N"]) for each in of_one)


def test_the_total_of_an_empty_bucket_stays(totals: TotalsTable) -> None:
    count(totals, "left", KEYS)
    count(totals, "left", KEYS, deleted=True)
    assert forget_empty(totals, "left", "") > 0
    assert totals.has("left")
    assert {each["sk"]["S"] for each in items(totals, "left")} == {"/"}
    assert totals.newest_event("left")


def test_buckets_that_were_registered_are_found(totals: TotalsTable) -> None:
    assert totals.buckets() == []
    totals.register(["b", "a", "b"])
    TotalsTable(totals.client, totals.table, 1, 3).register(["a", "c"])
    assert totals.buckets() == ["a", "b", "c"]
    # They are no totals.
    assert not totals.has("a")
    assert totals.checkpoints() == {}
    assert items(totals, "a") == []
