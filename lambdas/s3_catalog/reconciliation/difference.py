"""The differences between a bucket and its catalog."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from s3_catalog.model.row import Row, agree
from s3_catalog.model.stored_object import StoredObject
from s3_catalog.model.timestamps import utc_now


class Kind(Enum):
    """The kind of a difference between a row and an object."""

    MISSING = "missing"
    """The object exists, but the catalog has no row of it."""

    STALE = "stale"
    """Both exist, but size, ETag or version differ, or what the row has of class and restore."""

    GHOST = "ghost"
    """The catalog has a row, but the object does not exist."""

    IMPLAUSIBLE = "implausible"
    """The sequencer of the row or tombstone is implausible, whether or not its content is right."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A key with its object in the bucket and its row in the catalog, of which one is wrong."""

    kind: Kind
    key: str
    stored: StoredObject | None
    row: Row | None


def side_by_side(
    listing: Iterable[tuple[str, StoredObject | None]], rows: Iterable[Row]
) -> Iterator[tuple[str, StoredObject | None, Row | None]]:
    """Yield each key with its object in `listing` and its row in `rows`, of which one may be None.

    Both are in key order; `rows` may have tombstones. Both are None at the end of a page of the
    listing (see `Bucket.listing`): every key up to that one has been yielded. Needs memory for one
    object and one row, whatever the size of the bucket.
    """
    catalog = iter(rows)
    row = next(catalog, None)
    for key, stored in listing:
        while row is not None and (row.key < key or (stored is None and row.key == key)):
            yield row.key, None, row
            row = next(catalog, None)
        if stored is not None and row is not None and row.key == key:
            yield key, stored, row
            row = next(catalog, None)
        else:
            yield key, stored, None
    while row is not None:
        yield row.key, None, row
        row = next(catalog, None)


def difference(
    stored: StoredObject | None,
    row: Row | None,
    now: datetime,
    same: Callable[[Row | None, StoredObject | None], bool] = agree,
) -> Difference | None:
    """Return the difference between the object `stored` and the `row` of a key, or None.

    A row may lack storage class and restore state, unless `same` is `is_complete`.
    """
    if row and row.implausible(now):
        return Difference(Kind.IMPLAUSIBLE, row.key, stored, row)
    if same(row, stored):
        return None
    if stored is None:
        return Difference(Kind.GHOST, row.key, None, row) if row else None
    kind = Kind.STALE if row else Kind.MISSING
    return Difference(kind, stored.key, stored, row)


def differences(
    listing: Iterable[tuple[str, StoredObject | None]],
    rows: Iterable[Row],
    clock: Callable[[], datetime] = utc_now,
) -> Iterator[Difference]:
    """Yield every difference between a bucket's listing and the catalog, both in key order."""
    for _, stored, row in side_by_side(listing, rows):
        if found := difference(stored, row, clock()):
            yield found
