"""One row of the catalog: the state of one object key."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from s3_catalog.model import sequencer as sequencers
from s3_catalog.model.requester import is_same, of_lookup
from s3_catalog.model.timestamps import CLOCKS, microseconds, timestamp

if TYPE_CHECKING:
    from s3_catalog.model.event import Event
    from s3_catalog.model.inspection_result import InspectionResult
    from s3_catalog.model.stored_object import StoredObject

TOMBSTONE_LIFE = timedelta(days=60)
"""How long the row of a deleted key is kept, counted from the deletion.

A delayed put must find the tombstone of the delete that followed it, or the object would rise
again. The longest delay that the services allow is 51 days: SNS retries a queue for 23 days, the
queue keeps a message for 14, and the dead-letter queue for another 14. (With transport "lambda" it
is 6 hours and 14 days.)
"""

BEFORE_ALL = "0" * sequencers.WIDTH
"""The sequencer of a row that no event has written: every event is later."""

RECONCILED = "Reconciled"
"""The event name of a row that holds the result of a lookup without an event."""

OUT_OF_SCOPE = "OutOfScope"
"""The event name of the tombstone of a key that left the scope. Its object may exist."""

TEST_BUCKET = "reinventure:probe"
"""Reserved bucket name for the pre-traffic test. Bucket names cannot contain a colon, so it never
collides; totals and the change feed ignore its rows."""


@dataclass(frozen=True, slots=True)
class Row:
    """The state of `key` in `bucket`. `sequencer` is the greatest of all events seen so far.

    `size` (bytes) and `etag` are None in a tombstone: the key was deleted. `event_time` is UTC,
    with milliseconds, as ISO 8601 text of fixed width, so that it sorts. `expires_at` (seconds
    since 1970) is set in a tombstone only, and DynamoDB removes the row some time after it.

    `asked_at` (microseconds since 1970) is None when the row holds the content of an event.
    Otherwise it holds the result of a lookup in S3, made at that moment or later, which may be
    newer than the event.

    `healed_at` (microseconds since 1970) is the time of the last lookup that replaced an
    implausible sequencer, and None if there was none. Only then the sequencer may decrease. A
    healed row holds the result of a lookup from then on, and keeps the mark until it is removed.

    `inspected` is the content of this version of the object, once it has been inspected.

    `requester` and `source_ip` are those of the event that made this state, or None: see
    `s3_catalog.model.requester`. The others are of S3's listing (see `StoredObject`), which only a
    lookup has: the row of an event has none. So without a `storage_class` it is STANDARD or not yet
    known, and without `restore` there is no restore, or none yet known.
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
    healed_at: int | None = None
    inspected: "InspectionResult | None" = None
    requester: str | None = None
    source_ip: str | None = None
    storage_class: str | None = None
    checksum_algorithm: str | None = None
    restore: str | None = None

    @property
    def deleted(self) -> bool:
        """Whether this is a tombstone."""
        return self.expires_at is not None

    @property
    def counts(self) -> bool:
        """Whether the row is of an object: neither a tombstone nor a row of `TEST_BUCKET`."""
        return not self.deleted and self.bucket != TEST_BUCKET

    def implausible(self, now: datetime) -> bool:
        """Whether the sequencer is not one of S3's up to `now`.

        It is of a forged event, from before such events got a lookup.
        """
        return self.sequencer != BEFORE_ALL and not sequencers.plausible(self.sequencer, now)


def from_event(event: "Event") -> Row:
    """Return the row that a self-contained `event` writes if no later event is known.

    It depends on the event alone, not on the clock: a duplicate gives the same row.
    Raises ValueError when `event` is not self-contained.
    """
    if event.sequencer is None or not event.self_contained:
        raise ValueError(f"{event.name} of {event.key!r} needs a lookup")
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
        requester=event.requester.id,
        source_ip=event.requester.source_ip,
    )


def from_lookup(
    bucket: str,
    key: str,
    current: "StoredObject | None",
    asked_at: datetime,
    *,
    seen: Row | None,
    events: Sequence["Event"] = (),
) -> Row:
    """Return the row for a lookup at `asked_at` that found the version `current` of `key`, or none.

    It replaces `seen`. Its sequencer is the greatest of `seen` and of the `events` that caused the
    lookup and have a place in the order. Its time is the latest of `seen` and all `events`, and its
    name that of the same event. Neither ever decreases, but no time is later than that of the
    lookup by more than the clocks differ: it is an error, or forged. The inspection result stays
    only if the version id proves that the object is the same, or if the events only changed how it
    is stored.

    If the sequencer of `seen` is implausible, it counts for nothing, and the row is healed.
    """
    heals = seen is not None and seen.implausible(asked_at)
    order = max(
        [seen.sequencer if seen and not heals else BEFORE_ALL]
        + [event.sequencer for event in events if event.sequencer and event.self_contained]
    )
    # Strictly growing, so that two lookups at the same moment differ as well.
    moment = max(microseconds(asked_at), (seen.asked_at or 0) + 1 if seen else 0)
    healed_at = moment if heals else seen.healed_at if seen else None
    # The next row of the key has no mark: until then subscribers must have forgotten this one.
    forgotten = asked_at + TOMBSTONE_LIFE if healed_at else asked_at
    happened = [(timestamp(event.time), event.name) for event in events]
    if not events:
        happened = [(timestamp(current.modified if current else asked_at), RECONCILED)]
    left = seen is not None and seen.event_name == OUT_OF_SCOPE
    # An object that is in the scope again has its own time, not that of the removal of its row.
    if seen and not (left and current):
        happened.append((seen.event_time, seen.event_name if events and not left else RECONCILED))
    time, name = max(happened)
    same = is_same(seen, current) and (
        (current and current.version_id) or (events and all(event.of_storage for event in events))
    )
    # What an implausible row has is not of a real event.
    by = of_lookup(None if heals else seen, current, events)
    return Row(
        bucket,
        key,
        order,
        min(time, timestamp(asked_at + CLOCKS)),
        name,
        version_id=current.version_id if current else None,
        size=current.size if current else None,
        etag=current.etag if current else None,
        expires_at=None if current else _expiry(forgotten),
        asked_at=moment,
        healed_at=healed_at,
        inspected=seen.inspected if same and seen else None,
        requester=by.id,
        source_ip=by.source_ip,
        storage_class=current.storage_class if current else None,
        checksum_algorithm=current.checksum_algorithm if current else None,
        restore=current.restore if current else None,
    )


def out_of_scope(seen: Row, now: datetime) -> Row:
    """Return the tombstone that replaces the row `seen`, whose key is not in the scope any more.

    To readers of the row and of the change feed it is a lookup at `now` that found no object. A
    row that just went away would leave its place in the order: subscribers would drop the change,
    and later those of a bucket that is attached again.
    """
    return replace(
        from_lookup(seen.bucket, seen.key, None, now, seen=seen), event_name=OUT_OF_SCOPE
    )


def agree(row: Row | None, stored: "StoredObject | None") -> bool:
    """Whether `row` agrees with S3: both have the same object, or both have none.

    Size and ETag must be the same, and what the row has of version, storage class and restore.
    """
    if row is None or row.deleted or stored is None:
        return stored is None and (row is None or row.deleted)
    return (
        row.size == stored.size
        and row.etag == stored.etag
        and row.version_id in (None, stored.version_id)
        and row.storage_class in (None, stored.storage_class)
        and row.restore in (None, stored.restore)
    )


def is_complete(row: Row | None, stored: "StoredObject | None") -> bool:
    """Whether `row` agrees with S3 and has the storage class and restore state that S3 lists."""
    return agree(row, stored) and (
        row is None
        or stored is None
        or (row.storage_class, row.restore) == (stored.storage_class, stored.restore)
    )


def _expiry(deleted: datetime) -> int:
    return microseconds(deleted + TOMBSTONE_LIFE) // 1_000_000
