"""The function that S3's events reach, by whichever way: they become rows of the catalog."""

import logging
import os
from typing import Any

from s3_catalog.errors import IngestError
from s3_catalog.ingestion.delivery import ingest
from s3_catalog.model.row import TEST_BUCKET
from s3_catalog.s3.bucket import Bucket
from s3_catalog.table.store import Store

_log = logging.getLogger("ingest")
_log.setLevel(logging.INFO)

# Made while the function starts, when Lambda gives it a full processor, not at the first event.
_store = Store.from_environment(os.environ)
_bucket = Bucket.from_environment(os.environ)
_probe = Bucket.from_environment({"BUCKET_NAME": TEST_BUCKET})


def handler(delivery: dict[str, Any], _context: object) -> dict[str, Any]:
    """Apply S3 events to the catalog, in any envelope that they come in.

    A delivery that says `probe` is a trial of this version, before events reach it: all of it is
    about the bucket `TEST_BUCKET`, and none of it could touch a row of the real one.

    Returns how many keys were `written`, how many were `stale` (a later event was known), how many
    records were `ignored` (not about an object's existence) or `coalesced` (a later one of the same
    key was in the same delivery), and the messages that failed, which their queue then delivers
    again (`batchItemFailures`).

    Raises IngestError when something failed and there is no queue to be told.
    """
    on_trial = isinstance(delivery, dict) and delivery.get("probe") is True
    report = ingest(delivery, _store, _probe if on_trial else _bucket)
    counts = {
        "written": report.written,
        "superseded": report.superseded,
        "ignored": report.ignored,
        "coalesced": report.coalesced,
    }
    _log.info("applied", extra=counts)
    for message, reasons in report.failures.items():
        _log.error("%s failed: %s", message or "delivery", "; ".join(reasons))
    if None in report.failures:
        raise IngestError("; ".join(report.failures[None]))
    return {
        **counts,
        "batchItemFailures": [{"itemIdentifier": message} for message in report.failures],
        # For whoever redrives by hand; a queue reads the line above only.
        "errors": [reason[:1000] for reasons in report.failures.values() for reason in reasons][
            :10
        ],
    }
