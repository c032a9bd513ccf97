"""`reconcile`: compares buckets with their catalog, in ranges, and repairs the catalog."""

import logging
from typing import TypedDict, cast

from handlers.context import Context
from s3_catalog import clients
from s3_catalog.environment.reconcile_environment import ReconcileEnvironment
from s3_catalog.model.scope import Entry, Scope
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


class Rest(Range, total=False):
    """A range, or its rest, and the number of rows repaired before."""

    repaired: int


class Progress(Range):
    """The rest of a range, whether it is empty, and the number of rows repaired in all of it."""

    done: bool
    repaired: int


class Part(TypedDict):
    """The keys of `bucket` under `prefix` that are greater than `after`."""

    bucket: str
    prefix: str
    after: str


def plan(event: Part | dict[str, object], _context: object) -> Plan:
    """Cut the keys of the scope into ranges; only those of the part that `event` names, if any.

    The event of the nightly schedule names none. Raises ValueError if the bucket is not in the
    scope, and botocore's BotoCoreError.
    """
    scope = ReconcileEnvironment.from_env().scope
    if "after" not in event:
        return {"ranges": key_ranges.split(clients.s3(), scope)}
    part = cast("Part", event)
    bucket, after = part["bucket"], part["after"]
    if bucket not in scope.buckets:
        raise ValueError(f"{bucket} is not in the scope of the catalog")
    under = Scope(tuple(Entry(bucket, each) for each in scope.under(bucket, part["prefix"])))
    return {"ranges": key_ranges.following(key_ranges.split(clients.s3(), under), after)}


def work(range: Rest, context: Context) -> Progress:
    """Reconcile a range, or its rest, until its end or until the time runs out.

    Raises the errors of `reconciliation.repair.reconcile`. Every call is idempotent.
    """
    environment = ReconcileEnvironment.from_env()
    store = Store(clients.dynamodb(), environment.table_name, environment.shards)
    # An execution that the version before began has ranges of its only bucket.
    name = range.get("bucket", environment.bucket_name or "")
    prefix, until = range.get("prefix", ""), range["until"]
    bucket = Bucket(clients.s3_versions, name)
    after, repaired = range["after"], 0
    # None if it was detached since the execution began: the role may not list it any more.
    checkpoints = (
        reconcile(store, bucket, prefix=prefix, after=after, until=until)
        if prefix in environment.scope.under(name, prefix)
        else ()
    )
    for checkpoint in checkpoints:
        after = checkpoint.key
        repaired += checkpoint.repaired
        if context.get_remaining_time_in_millis() < _RESERVE:
            done = False
            break
    else:
        done = True
    _log.info(
        "reconciled", extra={"bucket": name, "after": after, "done": done, "repaired": repaired}
    )
    # Of the invocations before this one as well: an execution of the version before has none.
    before = range.get("repaired", 0)
    return {
        "bucket": name,
        "prefix": prefix,
        "after": after,
        "until": until,
        "done": done,
        "repaired": before + repaired,
    }
