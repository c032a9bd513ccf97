"""`ingest`: turns S3 events, from whichever transport, into rows of the catalog."""

import logging
from typing import Any

from handlers.batch_reply import batch_reply
from s3_catalog import clients
from s3_catalog.environment.ingest_environment import IngestEnvironment
from s3_catalog.exceptions import IngestError
from s3_catalog.ingestion.delivery import ingest
from s3_catalog.model.row import TEST_BUCKET
from s3_catalog.model.scope import Entry, Scope
from s3_catalog.s3.bucket import Buckets
from s3_catalog.table.store import Store

_log = logging.getLogger("ingest")
_log.setLevel(logging.INFO)

# Created during the initialization, when Lambda gives the function a full processor.
_environment = IngestEnvironment.from_env()
_store = Store(clients.dynamodb(), _environment.table_name, _environment.shards)
_buckets = Buckets(clients.s3_versions, _environment.scope)
_test_bucket = Buckets(clients.s3_versions, Scope((Entry(TEST_BUCKET),)))


def handler(delivery: dict[str, Any], _context: object) -> dict[str, Any]:
    """Apply S3 events to the catalog, in any envelope.

    A delivery with `probe` is the pre-traffic test of this version. Only events of
    `TEST_BUCKET` are in its scope, so it cannot change a row of a real bucket.

    Returns the numbers of keys that were `written` or `superseded` (a later event had been
    applied), and of records that were `ignored` (not about an object's existence, or of a key that
    is not in the scope) or `coalesced` (superseded by another event of the same key and delivery,
    or part of its lookup); and the messages that failed.

    Raises IngestError when something failed and no queue can deliver it again.
    """
    tested = isinstance(delivery, dict) and delivery.get("probe") is True
    report = ingest(delivery, _store, _test_bucket if tested else _buckets)
    counts = {
        "written": report.written,
        "superseded": report.superseded,
        "ignored": report.ignored,
        "coalesced": report.coalesced,
    }
    _log.info("applied", extra=counts)
    failures = {}
    for message, reasons in report.failures.items():
        _log.error("%s failed: %s", message or "delivery", "; ".join(reasons))
        if message is None:
            raise IngestError("; ".join(reasons))
        failures[message] = reasons
    return {**counts, **batch_reply(failures)}
