"""The functions that reconcile on a schedule: one plans the ranges, many work on them."""

import logging
import os
from typing import TypedDict

import botocore.session

from handlers.context import Context
from s3_catalog.client_config import CONFIG
from s3_catalog.reconciliation import key_ranges as ranges
from s3_catalog.reconciliation.key_ranges import Range
from s3_catalog.reconciliation.repair import reconcile
from s3_catalog.s3.bucket import Bucket
from s3_catalog.table.store import Store

_log = logging.getLogger("reconcile")
_log.setLevel(logging.INFO)

_RESERVE = 60_000
"""Milliseconds: a stride of a thousand repairs must fit into what is left."""


class Plan(TypedDict):
    """The ranges to work on."""

    ranges: list[Range]


class Progress(Range):
    """What is left of a range, whether that is nothing, and how many rows were repaired."""

    done: bool
    repaired: int


def plan(_event: object, _context: object) -> Plan:
    """Cut the bucket into ranges."""
    client = botocore.session.Session().create_client("s3", config=CONFIG)
    return {"ranges": ranges.split(client, os.environ["BUCKET_NAME"])}  # type: ignore[arg-type]


def work(range: Range, context: Context) -> Progress:
    """Reconcile a range until it is done or time runs out.

    Raises what `reconciliation.repair.reconcile` raises; the same range may be given again.
    """
    store = Store.from_environment(os.environ)
    bucket = Bucket.from_environment(os.environ)
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
