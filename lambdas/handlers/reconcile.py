"""`reconcile`: compares the bucket with its catalog every night, in ranges, and repairs it."""

import logging
from typing import TypedDict

from handlers.context import Context
from s3_catalog import clients
from s3_catalog.environment.reconcile_environment import ReconcileEnvironment
from s3_catalog.reconciliation import key_ranges
from s3_catalog.reconciliation.key_ranges import Range
from s3_catalog.reconciliation.repair import reconcile
from s3_catalog.s3.bucket import Bucket
from s3_catalog.table.store import Store

_log = logging.getLogger("reconcile")
_log.setLevel(logging.INFO)

_RESERVE = 60_000
"""Milliseconds: a stride of a thousand repairs must fit into the rest of the invocation."""


class Plan(TypedDict):
    """The ranges to compare."""

    ranges: list[Range]


class Progress(Range):
    """The rest of a range, whether it is empty, and the number of rows repaired."""

    done: bool
    repaired: int


def plan(_event: object, _context: object) -> Plan:
    """Cut the keys of the bucket into ranges."""
    environment = ReconcileEnvironment.from_env()
    return {"ranges": key_ranges.split(clients.s3(), environment.bucket_name)}


def work(range: Range, context: Context) -> Progress:
    """Reconcile a range, until its end or until the time runs out.

    Raises the errors of `reconciliation.repair.reconcile`. Every call is idempotent.
    """
    environment = ReconcileEnvironment.from_env()
    store = Store(clients.dynamodb(), environment.table_name, environment.shards)
    bucket = Bucket(clients.s3_versions, environment.bucket_name)
    after, repaired = range["after"], 0
    for checkpoint in reconcile(store, bucket, after=after, until=range["until"]):
        after = checkpoint.key
        repaired += checkpoint.repaired
        if context.get_remaining_time_in_millis() < _RESERVE:
            done = False
            break
    else:
        done = True
    _log.info("reconciled", extra={"after": after, "done": done, "repaired": repaired})
    return {"after": after, "until": range["until"], "done": done, "repaired": repaired}
