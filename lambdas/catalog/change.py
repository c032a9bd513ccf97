"""One record of the table's stream: what a write changed."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from catalog import row as rows
from catalog.row import Row

_log = logging.getLogger(__name__)

SEQUENCE_DIGITS = 40
"""The longest sequence number that DynamoDB gives a stream record."""


class Kind(Enum):
    """What a change did to the object that its key names."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Change:
    """The row of `key` in `bucket` was written or removed: `old` became `new`.

    One of them is None where there was, or is, no row.

    `id` is unique in the stream. `sequence_number` grows within a shard of the stream, and is
    padded so that it compares as text. `written_at` is when DynamoDB says that it was written,
    approximately, in whole seconds since 1970.
    """

    id: str
    sequence_number: str
    written_at: int
    bucket: str
    key: str
    old: Row | None
    new: Row | None

    @property
    def kind(self) -> Kind | None:
        """What became of the object, or None if the same one is current as before.

        None when only what the row knows of it changed, such as when S3 was last asked; and when a
        tombstone came, changed or left, while there was no object before nor after; and for the
        rows of a trial, which are of no object (`catalog.row.PROBE`).
        """
        old, new = _current(self.old), _current(self.new)
        if old == new:
            return None
        if old is None:
            return Kind.CREATED
        return Kind.DELETED if new is None else Kind.UPDATED


def changes(records: Iterable[Mapping[str, Any]]) -> Iterator[Change]:
    """Yield the change that each of the stream's `records` describes.

    An item that somebody else put into the table is no row, and no change: it is logged as an
    error and passed over, because it would hold up its shard for as long as it is tried.
    """
    for record in records:
        try:
            yield parse(record)
        except KeyError as missing:
            _log.error("record %s is of no row: no %s", record.get("eventID"), missing)


def parse(record: Mapping[str, Any]) -> Change:
    """Return the change that a record of the stream describes, images of both sides included.

    Raises KeyError when it is not a record of the catalog's table, or has no images.
    """
    data = record["dynamodb"]
    old, new = data.get("OldImage"), data.get("NewImage")
    before = rows.from_item(old) if old else None
    after = rows.from_item(new) if new else None
    row = after or before
    if row is None:
        raise KeyError("NewImage")
    return Change(
        id=record["eventID"],
        sequence_number=data["SequenceNumber"].zfill(SEQUENCE_DIGITS),
        written_at=int(data["ApproximateCreationDateTime"]),
        bucket=row.bucket,
        key=row.key,
        old=before,
        new=after,
    )


def _current(row: Row | None) -> tuple[int | None, str | None, str | None] | None:
    """Return what tells one version of an object from another, or None if there is no object."""
    if row is None or not row.counts:
        return None
    return row.size, row.etag, row.version_id
