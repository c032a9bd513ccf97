"""Which clause of the write rule decided, for the log: DynamoDB says only that the rule refused.

The names are those of `s3_catalog.table.conditions`.
"""

from typing import TYPE_CHECKING

from s3_catalog.model.event import MULTIPART_UPLOAD
from s3_catalog.model.order import TOLERANCE
from s3_catalog.model.timestamps import timestamp

if TYPE_CHECKING:
    from s3_catalog.model.event import Event
    from s3_catalog.model.row import Row


def accepting_clause(row: "Row | None") -> str:
    """Return the clause by which an event replaced `row`."""
    return "ROW_MISSING" if row is None else "EVENT_IS_NEWER"


def refusing_clause(row: "Row", event: "Event", happened: int) -> str | None:
    """Return the first clause by which `row` refuses a self-contained `event`; None if none does.

    `happened` is the time before which no part of the event happened, in microseconds since 1970.
    """
    if row.sequencer >= (event.sequencer or ""):
        return "EVENT_IS_NEWER"
    if row.event_time > timestamp(event.time + TOLERANCE):
        return "TIMES_AGREE"
    certainly_earlier = row.event_time < timestamp(event.time - TOLERANCE)
    if row.event_name == MULTIPART_UPLOAD and not certainly_earlier:
        return "NOT_OF_AN_UPLOAD"
    if row.asked_at is None:
        return None
    if row.asked_at >= happened:
        return "LOOKED_UP_BEFORE_EVENT"
    return None if row.healed_at is None else "NEVER_HEALED"


def replacing_clause(row: "Row | None") -> str:
    """Return the condition by which the result of a lookup replaced `row`."""
    if row is None:
        return "ROW_MISSING"
    return "ROW_UNCHANGED" if row.asked_at is None else "LOOKED_UP_ROW_UNCHANGED"
