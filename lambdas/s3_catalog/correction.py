"""Looking a key up in S3, and writing its current version, where no event has it.

The row is read before the lookup, and replaced only if it is still the same. So the result of a
lookup never overwrites anything later.
"""

from typing import TYPE_CHECKING

from s3_catalog import key_log
from s3_catalog.exceptions import ContendedError
from s3_catalog.model import row as rows
from s3_catalog.model.row import RECONCILED, is_complete
from s3_catalog.table.deciding_clause import replacing_clause
from s3_catalog.table.store import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from s3_catalog.model.event import Event
    from s3_catalog.model.row import Row
    from s3_catalog.s3.bucket import Bucket
    from s3_catalog.table.store import Store

MAX_ATTEMPTS = 8
"""Lookups of one key, when others write its row meanwhile."""

LOOKED_UP = "looked up"
"""The outcome, in the log, of an event whose row has the result of a lookup."""


def correct(store: "Store", bucket: "Bucket", key: str, events: "Sequence[Event]" = ()) -> Outcome:
    """Look `key` up in `bucket`, and make its row agree with the result.

    `events` are the reasons for the lookup, if there are any: an event that is not self-contained,
    one that may be older than the row, or several whose order is not certain. SUPERSEDED if the row
    has all of them already, or later ones. Without an event, UNCHANGED if the row agrees with S3
    and its sequencer is plausible, its storage class and restore state included.

    Raises ContendedError, or botocore's ClientError or BotoCoreError. The call is idempotent.
    """
    for _ in range(MAX_ATTEMPTS):
        seen = store.read(bucket.name, key)
        if events and seen and all(store.supersedes(seen, event) for event in events):
            if key_log.ENABLED:
                _log_superseded(seen, events)
            return Outcome.SUPERSEDED
        asked_at = bucket.clock()
        current = bucket.current(key)
        # With an event, a row that agrees is written as well, for the time of the lookup. Without
        # that time an older put, still on its way, would overwrite the row.
        heals = seen is not None and seen.implausible(asked_at)
        if not events and not heals and is_complete(seen, current):
            return Outcome.UNCHANGED
        row = rows.from_lookup(bucket.name, key, current, asked_at, seen=seen, events=events)
        if store.replace(seen, row):
            if key_log.ENABLED:
                _log_written(seen, row, events)
            return Outcome.WRITTEN
    raise ContendedError(f"the row of {key!r} changed during {MAX_ATTEMPTS} lookups in S3")


def _log_superseded(seen: "Row", events: "Sequence[Event]") -> None:
    state = key_log.of_row(seen)
    for event in events:
        key_log.log_event(
            key_log.DECIDED,
            event,
            outcome=Outcome.SUPERSEDED.value,
            clause="EVENT_IS_NEWER",
            before=state,
            after=state,
        )


def _log_written(seen: "Row | None", row: "Row", events: "Sequence[Event]") -> None:
    """Log the lookup whose result is `row`: for each event that caused it, or once."""
    found = {
        "outcome": LOOKED_UP,
        "clause": replacing_clause(seen),
        "before": key_log.of_row(seen),
        "after": key_log.of_row(row),
    }
    for event in events:
        key_log.log_event(key_log.DECIDED, event, **found)
    if not events:
        key_log.log(key_log.DECIDED, row.bucket, row.key, event_name=RECONCILED, **found)
