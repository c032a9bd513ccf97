"""The function that keeps the mirror in Aurora: messages of the change feed become rows."""

import logging
import os
import time
from collections.abc import Callable
from typing import Any

from handlers.context import Context
from s3_catalog.errors import DatabaseAsleepError
from s3_catalog.sql_mirror.mirror_writer import Mirror

_log = logging.getLogger("mirror")
_log.setLevel(logging.INFO)

# Made while the function starts, when Lambda gives it a full processor, not at the first batch.
_mirror = Mirror.from_environment(os.environ)

POLL = 1
"""Seconds between two questions to a database that wakes up."""

RESERVE = 60_000
"""Milliseconds that a statement may take once the database is awake."""


def handler(delivery: dict[str, Any], context: Context) -> dict[str, Any]:
    """Write what the messages of a queue tell.

    Returns those that failed, for the queue to deliver again (`batchItemFailures`).
    """
    bodies = {message["messageId"]: message["body"] for message in delivery["Records"]}
    failures = _mirror.apply(bodies, _waiting(context))
    _log.info("mirrored", extra={"messages": len(bodies), "failed": len(failures)})
    for message, reason in failures.items():
        _log.error("%s failed: %s", message, reason)
    return {
        "batchItemFailures": [{"itemIdentifier": message} for message in failures],
        # For whoever calls it by hand; a queue reads the line above only.
        "errors": [reason[:1000] for reason in failures.values()][:10],
    }


def _waiting(context: Context) -> Callable[[], None]:
    def wait() -> None:
        if context.get_remaining_time_in_millis() < RESERVE:
            raise DatabaseAsleepError("the database has not woken up yet")
        time.sleep(POLL)

    return wait
