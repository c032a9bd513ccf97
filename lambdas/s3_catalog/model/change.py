"""One record of the table's stream: what a write changed."""

import logging
from dataclasses import dataclass
from enum import Enum

from s3_catalog.model.row import Row

_log = logging.getLogger(__name__)


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
        rows of a trial, which are of no object (`s3_catalog.model.row.TEST_BUCKET`).
        """
        old, new = _current(self.old), _current(self.new)
        if old == new:
            return None
        if old is None:
            return Kind.CREATED
        return Kind.DELETED if new is None else Kind.UPDATED


def _current(row: Row | None) -> tuple[int | None, str | None, str | None] | None:
    """Return what tells one version of an object from another, or None if there is no object."""
    if row is None or not row.counts:
        return None
    return row.size, row.etag, row.version_id
