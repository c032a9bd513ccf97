"""`reconcile_result`: records which buckets a comparison found equal to the catalog."""

import logging
from collections import Counter
from collections.abc import Container
from datetime import datetime
from typing import Required, TypedDict

from s3_catalog import clients
from s3_catalog.environment.reconcile_result_environment import ReconcileResultEnvironment
from s3_catalog.exceptions import ReconcileError
from s3_catalog.reconciliation.last_verified import LastVerified

_log = logging.getLogger("reconcile_result")
_log.setLevel(logging.INFO)


class Compared(TypedDict, total=False):
    """The number of rows repaired in a range of `bucket`, or the name of the error in it."""

    bucket: Required[str]
    repaired: int
    error: str


class Result(TypedDict):
    """All ranges of an execution and its input. It `began` at that time: ISO 8601, with a zone."""

    began: str
    input: dict[str, object]
    ranges: list[Compared]


def handler(result: Result, _context: object) -> None:
    """Record the buckets of which no row was repaired: the comparison found them equal.

    Nothing of an execution whose input names a bucket: it may be of a part of the keys.
    Raises ReconcileError, at the end, if a range failed, so that the execution fails as well;
    botocore's ClientError or BotoCoreError. It is idempotent.
    """
    failed = {each["bucket"]: each["error"] for each in result["ranges"] if "error" in each}
    if "bucket" not in result["input"]:
        _record_equal(result, failed)
    if failed:
        errors = ", ".join(f"{bucket} ({error})" for bucket, error in failed.items())
        raise ReconcileError(
            f"keys could not be compared of {errors}: the log of the worker has the reasons"
        )


def _record_equal(result: Result, failed: Container[str]) -> None:
    environment = ReconcileResultEnvironment.from_env()
    verified = LastVerified(clients.dynamodb(), environment.totals_table_name)
    repaired = Counter[str]()
    for each in result["ranges"]:
        repaired[each["bucket"]] += each.get("repaired", 0)
    equal = [bucket for bucket, rows in repaired.items() if not rows and bucket not in failed]
    for bucket in equal:
        verified.record(bucket, datetime.fromisoformat(result["began"]))
    _log.info("recorded", extra={"buckets": len(repaired), "equal": len(equal)})
