"""One row of the catalog: what the table knows of one object key."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from s3_catalog.model import sequencer as sequencers
from s3_catalog.model.inspection_result import Inspection
from s3_catalog.model.stored_object import StoredObject
from s3_catalog.model.timestamps import microseconds, timestamp

if TYPE_CHECKING:
    from s3_catalog.model.event import Event


TOMBSTONE_LIFE = timedelta(days=60)
"""How long a deleted key is remembered, counted from the deletion.

A put that was delayed must find the tombstone of the delete that followed it, or the object
would rise again. The longest delay that the services allow is 51 days: SNS tries a queue for 23
days, the queue keeps a message for 14, and the failure queue keeps it for another 14. (Straight
from S3 to Lambda it is 6 hours and 14 days.)
"""

BEFORE_ALL = "0" * sequencers.WIDTH
"""The sequencer of a row that no event has written: any event is later."""

RECONCILED = "Reconciled"
"""The event name of a row that says what S3 answered when no event had told it."""

PROBE = "reinventure:probe"
"""A bucket that there cannot be, as no name of a bucket has a colon. Its rows are written and read
while a new version of `ingest` is tried, beside those of the real bucket, and count for nothing."""


@dataclass(frozen=True, slots=True)
class Row:
    """The state of `key` in `bucket` after the event with the greatest sequencer seen so far.

    `size` (bytes) and `etag` are None in a tombstone: the key was deleted. `event_time` is UTC,
    with milliseconds, as ISO 8601 text of fixed width, so that it sorts. `expires_at` (seconds
    since 1970) is set in a tombstone only, and DynamoDB removes the row some time after it.

    `asked_at` (microseconds since 1970) is None when the event itself said what is stored here.
    Otherwise S3 was asked, not before that moment, and the row may know more than its event did.

    `inspected` is what this version of the object contains, once somebody has looked inside.
    """

    bucket: str
    key: str
    sequencer: str
    event_time: str
    event_name: str
    version_id: str | None
    size: int | None
    etag: str | None
    expires_at: int | None
    asked_at: int | None = None
    inspected: Inspection | None = None

    @property
    def deleted(self) -> bool:
        """Whether this is a tombstone."""
        return self.expires_at is not None

    @property
    def counts(self) -> bool:
        """Whether there is an object: this is neither a tombstone nor of a trial (`PROBE`)."""
        return not self.deleted and self.bucket != PROBE


def from_event(event: "Event") -> Row:
    """Return the row that a conclusive `event` leaves behind if no later event is known.

    It depends on the event alone, not on the clock: a repeated event gives the same row.
    Raises ValueError when `event` is not conclusive.
    """
    if event.sequencer is None or not event.conclusive:
        raise ValueError(f"{event.name} of {event.key!r} does not say what is current")
    content = event.content
    return Row(
        bucket=event.bucket,
        key=event.key,
        sequencer=event.sequencer,
        event_time=timestamp(event.time),
        event_name=event.name,
        version_id=event.version_id,
        size=content.size if content else None,
        etag=content.etag if content else None,
        expires_at=None if content else _expiry(event.time),
    )


def from_answer(
    bucket: str,
    key: str,
    answer: "StoredObject | None",
    asked_at: datetime,
    *,
    seen: Row | None,
    event: "Event | None",
) -> Row:
    """Return the row for what S3 answered at `asked_at`: the current version of `key`, or none.

    It takes the place of `seen`. The `event` that made us ask gives it its sequencer, time and
    name, if it has a place in the order; or else the sequencer stays as it was. What was found
    inside the object stays known only if its version says that it is the same one.
    """
    if event and event.sequencer:
        order = event.sequencer, timestamp(event.time), event.name
    else:
        since = answer.modified if answer else asked_at
        order = seen.sequencer if seen else BEFORE_ALL, timestamp(since), RECONCILED
    same = seen and answer and answer.version_id and answer.version_id == seen.version_id
    return Row(
        bucket,
        key,
        *order,
        version_id=answer.version_id if answer else None,
        size=answer.size if answer else None,
        etag=answer.etag if answer else None,
        expires_at=None if answer else _expiry(asked_at),
        # Strictly growing, so that it also tells two answers apart that came at the same time.
        asked_at=max(microseconds(asked_at), (seen.asked_at or 0) + 1 if seen else 0),
        inspected=seen.inspected if same and seen else None,
    )


def _expiry(deleted: datetime) -> int:
    return microseconds(deleted + TOMBSTONE_LIFE) // 1_000_000


def agree(row: Row | None, stored: StoredObject | None) -> bool:
    """Whether `row` says the same as S3: that there is no such object, or which one there is.

    Size and ETag must be the same, and the version, where the row knows one.
    """
    if row is None or row.deleted or stored is None:
        return stored is None and (row is None or row.deleted)
    return (row.size, row.etag) == (stored.size, stored.etag) and (
        row.version_id is None or row.version_id == stored.version_id
    )
