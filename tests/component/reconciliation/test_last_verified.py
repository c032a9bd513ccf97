"""The moments of comparisons, on moto and on the emulator's DynamoDB."""

import importlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from s3_catalog.exceptions import ReconcileError
from s3_catalog.reconciliation.last_verified import LastVerified
from s3_catalog.totals.tally import Tally, Total
from s3_catalog.totals.totals_table import TotalsTable
from tests.empty_table import new_table

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


def at(hour: int) -> datetime:
    return datetime(2026, 11, 23, hour, tzinfo=UTC)


def test_the_nightly_comparison_records_the_buckets_that_were_equal(
    dynamodb: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module("handlers.reconcile_result")
    verified = LastVerified(dynamodb, new_table(dynamodb))
    monkeypatch.setenv("TOTALS_TABLE_NAME", verified.table)
    monkeypatch.setattr(module.clients, "dynamodb", lambda: dynamodb)
    ranges = [("photos", 0), ("logs", 2), ("photos", 0), ("logs", 0), ("other", 0)]
    result = {
        "began": "2026-11-23T03:00:00.000Z",
        "ranges": [{"bucket": bucket, "repaired": rows} for bucket, rows in ranges],
    }
    module.handler({**result, "input": {"bucket": "photos", "prefix": "", "after": "k"}}, None)
    assert verified.moments() == {}, "it was of a part"
    for schedule in ({}, {"source": "aws.events", "detail": {}}):
        module.handler({**result, "input": schedule}, None)
        assert verified.moments() == {"other": at(3), "photos": at(3)}


@pytest.mark.parametrize("part", [{}, {"bucket": "gone", "prefix": "", "after": ""}])
def test_a_comparison_with_a_failed_range_fails_and_records_the_other_buckets(
    dynamodb: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch, part: dict[str, object]
) -> None:
    module = importlib.import_module("handlers.reconcile_result")
    verified = LastVerified(dynamodb, new_table(dynamodb))
    monkeypatch.setenv("TOTALS_TABLE_NAME", verified.table)
    monkeypatch.setattr(module.clients, "dynamodb", lambda: dynamodb)
    result = {
        "began": "2026-11-23T03:00:00.000Z",
        "ranges": [
            {"bucket": "gone", "repaired": 0},
            {"bucket": "gone", "error": "NoSuchBucket"},
            {"bucket": "photos", "repaired": 0},
        ],
        "input": part,
    }
    with pytest.raises(ReconcileError, match=r"^keys could not be compared of gone \(NoSuchBuck"):
        module.handler(result, None)
    assert verified.moments() == ({} if part else {"photos": at(3)})


def test_the_latest_moment_of_each_bucket_stays(dynamodb: "DynamoDBClient") -> None:
    verified = LastVerified(dynamodb, new_table(dynamodb))
    assert verified.moments() == {}
    for hour in (3, 5, 4):
        verified.record("photos", at(hour))
    verified.record("logs", at(4))
    assert verified.moments() == {"logs": at(4), "photos": at(5)}


def test_totals_and_checkpoints_ignore_the_moments(dynamodb: "DynamoDBClient") -> None:
    verified = LastVerified(dynamodb, new_table(dynamodb))
    verified.record("photos", at(3))
    totals = TotalsTable(dynamodb, verified.table, counter_shards=1, depth=1)
    assert totals.checkpoints() == {}
    assert totals.own("photos", "") == {}
    assert totals.correct("photos", "a/", Tally(1, 2), None)
    assert totals.total("photos", "") == Total("", 1, 2)
    assert list(totals.below("photos", "", 1)) == [Total("a/", 1, 2)]
    assert verified.moments() == {"photos": at(3)}
