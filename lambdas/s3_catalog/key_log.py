"""The log of single keys: what became of each event, in a line for each step.

Failures are always logged. All other lines are at the level DEBUG, which functions have with the
setting `log_level=debug` only; `ENABLED` is asked first, so that they cost nothing otherwise.
Lambda writes a line as one JSON object, with the fields of `extra`. None has anything of what an
object contains, or who made it.
"""

import logging
import time
from hashlib import blake2b
from typing import TYPE_CHECKING

from s3_catalog.model.timestamps import timestamp

if TYPE_CHECKING:
    from s3_catalog.model.change import Change
    from s3_catalog.model.event import Event
    from s3_catalog.model.row import Row

LOGGER = "key"
"""The name of the logger, and so the field `logger` of each line."""

ARRIVED = "arrived"
"""`ingest` got an event. It needs no decision of the table yet."""

DECIDED = "decided"
"""What an event, or a lookup, did to the row: `outcome`, `clause`, and `before` and `after`."""

COUNTED = "counted"
"""`totals` added the change to those of `folders`: `objects` and `bytes` more."""

PUBLISHED = "published"
"""`publish` sent the change to the change feed: the `message_id`, and its message group."""

MIRRORED = "mirrored"
"""`mirror` wrote the state in a message of the change feed to Aurora."""

INSPECTED = "inspected"
"""`inspect` answered an inspection request: `outcome`."""

FAILED = "failed"
"""A step failed, which will be repeated: `reason`."""

STATE = (
    *("sequencer", "event_time", "event_name", "version_id", "size", "etag", "storage_class"),
    *("restore", "expires_at", "asked_at", "healed_at"),
)
"""The attributes of a row in a line. An inspection result may have words of the content."""

_MAX_REASON = 1000
"""Characters. An error of AWS may quote a whole request."""

_log = logging.getLogger(LOGGER)

ENABLED = _log.isEnabledFor(logging.DEBUG)
"""Whether the lines are wanted. Lambda sets the level before it imports a function, for good: to
ask the logger for each line would take 2 percent of a change."""


def log(step: str, bucket: str, key: str, **fields: object) -> None:
    """Write the line of one `step` of `key`, with these further `fields`.

    `at` is the time, in microseconds since 1970: Lambda's own field has whole seconds.
    """
    _log.debug(step, extra={**_where(bucket, key), **fields})


def log_failure(bucket: str, key: str, sequencer: str | None, reason: object) -> None:
    """Write the line of a failure, at every level of the log: `reason` is an error or its text."""
    extra = {**_where(bucket, key), "sequencer": sequencer, "reason": str(reason)[:_MAX_REASON]}
    _log.error(FAILED, extra=extra)


def log_event(step: str, event: "Event", **fields: object) -> None:
    """Write the line of one `step` of `event`, with these further `fields`."""
    log(
        step,
        event.bucket,
        event.key,
        sequencer=event.sequencer,
        version_id=event.version_id,
        event_name=event.name,
        event_time=timestamp(event.time),
        size=event.content.size if event.content else None,
        **fields,
    )


def of_row(row: "Row | None") -> dict[str, object] | None:
    """Return the `STATE` of `row`, without what is None; None for no row."""
    if row is None:
        return None
    found = ((name, getattr(row, name)) for name in STATE)
    return {name: value for name, value in found if value is not None}


def of_change(change: "Change") -> dict[str, object]:
    """Return the fields of a line about `change`: its id and kind, and which state it is about."""
    row = change.new or change.old
    return {
        "change": change.id,
        "kind": change.kind.value if change.kind else None,
        "sequencer": row.sequencer if row else None,
        "asked_at": row.asked_at if row else None,
    }


def _where(bucket: str, key: str) -> dict[str, object]:
    return {
        "place": place(bucket, key),
        "bucket": bucket,
        "key": key,
        "at": time.time_ns() // 1000,
    }


def place(bucket: str, key: str) -> str:
    """Return the name by which the lines of `key` are found: 32 hexadecimal digits.

    A filter pattern of CloudWatch Logs has characters of its own, which keys may have as well.
    """
    return blake2b(f"{bucket}/{key}".encode(), digest_size=16).hexdigest()
