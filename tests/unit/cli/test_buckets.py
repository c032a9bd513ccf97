"""The command `buckets`: how much each bucket has, how current it is, and its state."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from typer.testing import Result

from reinventure.aws import deployed_stack
from reinventure.aws.deployed_catalog import DeployedCatalog
from s3_catalog.attachment.bucket_notifications import BucketNotifications
from s3_catalog.model.change import Change
from s3_catalog.totals import totals_table
from tests import doubles

Run = Callable[..., Result]

AT = datetime(2026, 11, 23, 12, 0, 1, 500_000, tzinfo=UTC)
TIME = "2026-11-23 12:00:01Z"


@pytest.fixture
def switches(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """Whether buckets send to EventBridge, which moto does not keep; others do not exist."""
    on: dict[str, bool] = {}

    def read(_: object, bucket: str) -> SimpleNamespace:
        if bucket not in on:
            raise ClientError({"Error": {"Code": "NoSuchBucket"}}, "GetBucketNotification")
        return SimpleNamespace(on=on[bucket])

    monkeypatch.setattr(BucketNotifications, "read", read)
    return on


@pytest.fixture
def attached(
    catalog: DeployedCatalog, switches: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> str:
    """A bucket that is attached with two prefixes, besides a bucket that does not exist."""
    name = f"attached-{uuid4()}"
    switches[name] = True
    scope = f"{name}/a/,{name}/b/,zzz-{name[:40]}"
    outputs = replace(catalog.outputs, attached_buckets=scope)
    monkeypatch.setattr(deployed_stack, "find", lambda *_: outputs)
    return name


def count(catalog: DeployedCatalog, bucket: str, lag: timedelta, patch: pytest.MonkeyPatch) -> None:
    """Count an object of 1,234,567 bytes whose event is of `AT`."""
    row = doubles.row("a/1", bucket=bucket, size=1_234_567, event_time="2026-11-23T12:00:01.500Z")

    class Clock:
        @staticmethod
        def now(_: object) -> datetime:
            return AT + lag

    with patch.context() as patched:
        patched.setattr(totals_table, "datetime", Clock)
        change = Change("1", "1", 1_795_435_202, bucket, row.key, None, row)
        assert catalog.totals().apply(bucket, [change]) == 1


def collapsed(line: str) -> str:
    """The line with two spaces between columns."""
    return re.sub(" {2,}", "  ", line.strip())


def test_a_person_sees_aligned_columns(
    catalog: DeployedCatalog, attached: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    count(catalog, attached, timedelta(seconds=130), monkeypatch)
    count(catalog, catalog.bucket, timedelta(milliseconds=420), monkeypatch)
    catalog.last_verified().record(attached, AT)
    lines = run("buckets").stdout.splitlines()
    gone = f"zzz-{attached[:40]}"
    state = "unknown, S3 answers NoSuchBucket"
    assert [line.split("  ") for line in map(collapsed, lines)] == [
        ["BYTES", "OBJECTS", "NEWEST EVENT", "LAG", "LAST VERIFIED", "STATE", "BUCKET"],
        ["1.2 MB", "1", TIME, "2 minutes", TIME, "on", f"s3://{attached}/a/ s3://{attached}/b/"],
        ["1.2 MB", "1", TIME, "0.42 s", "not yet", "own", f"s3://{catalog.bucket}/"],
        ["0 bytes", "0", "not yet known", "-", "not yet", state, f"s3://{gone}/"],
    ]
    for right in (7, 16, 49):
        assert {line[right : right + 2] for line in lines} == {"  "}
        assert all(line[right - 1] != " " for line in lines)
    for left in (18, 51, 73, 107):
        assert {line[left - 2 : left] for line in lines} == {"  "}
        assert all(line[left] != " " for line in lines)


def test_a_program_gets_all_of_it(
    catalog: DeployedCatalog,
    attached: str,
    switches: dict[str, bool],
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    count(catalog, attached, timedelta(seconds=130), monkeypatch)
    catalog.last_verified().record(attached, AT)
    switches[attached] = False
    first, second, _ = map(json.loads, run("buckets", "--json").stdout.splitlines())
    assert first == {
        "bucket": attached,
        "prefixes": ["a/", "b/"],
        "objects": 1,
        "bytes": 1_234_567,
        "newest_event": "2026-11-23T12:00:01.500000+00:00",
        "lag_seconds": 130.0,
        "last_verified": "2026-11-23T12:00:01.500000+00:00",
        "own": False,
        "problem": "EventBridge is off",
    }
    nothing = ("newest_event", "lag_seconds", "last_verified", "problem")
    assert [second[name] for name in nothing] == [None] * 4
    assert (second["bucket"], second["own"]) == (catalog.bucket, True)
