"""A change of a row, as the table's stream reports it."""

from dataclasses import dataclass
from enum import Enum

from s3_catalog.model.row import Row


class Kind(Enum):
    """What happened to the object of a change."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Change:
    """The row of `key` in `bucket` changed from `old` to `new`. None stands for no row.

    `id` is unique in the stream. `sequence_number` grows within a shard of the stream, and is
    padded so that it compares as text. `written_at` is DynamoDB's approximate time of the write, in
    whole seconds since 1970.
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
        """What happened to the object; None if the change is not effective.

        A change is not effective when only the time of a lookup, the requester or an inspection
        result changed; when a tombstone was written, replaced or removed and there is no object on
        either side; and in the test bucket (`s3_catalog.model.row.TEST_BUCKET`).
        """
        old, new = _state(self.old), _state(self.new)
        if old == new:
            return None
        if old is None:
            return Kind.CREATED
        return Kind.DELETED if new is None else Kind.UPDATED

    @property
    def changed(self) -> list[str]:
        """The names of `STATE` in which the object before and after the change differ.

        Empty where there is no object on one side.
        """
        old, new = _state(self.old), _state(self.new)
        if old is None or new is None:
            return []
        return [name for name, was, is_ in zip(STATE, old, new, strict=True) if was != is_]


STATE = ("size", "etag", "version_id", "storage_class", "restore")
"""The attributes of a row whose change is effective."""


def _state(row: Row | None) -> tuple[object, ...] | None:
    """Return the `STATE` of the object of `row`, or None if it has no object."""
    if row is None or not row.counts:
        return None
    return tuple(getattr(row, name) for name in STATE)
