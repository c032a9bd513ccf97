"""`reconcile_result`: records which buckets a comparison found equal to the catalog."""

import logging
from collections import Counter
from datetime import datetime
from typing import TypedDict

from s3_catalog import clients
from s3_catalog.environment.reconcile_result_environment import ReconcileResultEnvironment
from s3_catalog.reconciliation.last_verified import LastVerified

_log = logging.getLogger("reconcile_result")
_log.setLevel(logging.INFO)


class Compared(TypedDict):
    """The number of rows repaired in a range of `bucket`."""

    bucket: str
    repaired: int


class Result(TypedDict):
    """All ranges of an execution and its input. It `began` at that time: ISO 8601, with a zone."""

    began: str
    input: dict[str, object]
    ranges: list[Compared]


def handler(result: Result, _context: object) -> None:
    """Record the buckets of which no row was repaired: the comparison found them equal.

    Nothing of an execution whose input names a bucket: it may be of a part of the keys.
    Raises botocore's ClientError or BotoCoreError. It is idempotent.
    """
    if "bucket" in result["input"]:
        return
    environment = ReconcileResultEnvironment.from_env()
    verified = LastVerified(clients.dynamodb(), environment.totals_table_name)
    repaired = Counter[str]()
    for each in result["ranges"]:
        repaired[each["bucket"]] += each["repaired"]
    equal = [bucket for bucket, rows in repaired.items() if not rows]
    for bucket in equal:
        verified.record(bucket, datetime.fromisoformat(result["began"]))
    _log.info("recorded", extra={"buckets": len(repaired), "equal": len(equal)})
