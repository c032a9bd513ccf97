"""The function that tells subscribers what changed, from the table's stream."""

import logging
import os
from typing import Any

from handlers.context import Context
from s3_catalog.errors import PublishError
from s3_catalog.feed.publisher import Publisher

_log = logging.getLogger("publish")
_log.setLevel(logging.INFO)

# Made while the function starts, when Lambda gives it a full processor, not at the first batch.
_publisher = Publisher.from_environment(os.environ)
_whole_batches = os.environ["WHOLE_BATCHES"] == "true"
"""Whether a batch can be tried again as a whole only (see `laptop` in stacks/settings.py)."""


def handler(batch: dict[str, Any], context: Context) -> dict[str, Any]:
    """Publish what a batch of stream records says; `redriven` if a person tries it again.

    Returns the counts, and from which record on to try again (`batchItemFailures`). An empty
    identifier there, of what is no stream record, has Lambda try the whole batch again.

    Raises PublishError instead where only whole batches can be tried again.
    """
    report = _publisher.publish(
        batch["Records"], context.invoked_function_arn, again=bool(batch.get("redriven"))
    )
    counts = {
        "published": report.published,
        "ignored": report.ignored,
        "set_aside": report.set_aside,
    }
    _log.info("published", extra=counts)
    if report.failed is None:
        return {**counts, "batchItemFailures": []}
    reason = "; ".join(report.errors)
    _log.error("stopped at %s: %s", report.failed, reason)
    if _whole_batches:
        raise PublishError(reason)
    return {
        **counts,
        "batchItemFailures": [{"itemIdentifier": report.failed}],
        # For whoever redrives by hand; Lambda reads the line above only.
        "errors": [reason[:1000]],
    }
