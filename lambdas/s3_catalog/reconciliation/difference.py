"""Where the catalog and the bucket disagree."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from s3_catalog.model.row import Row, agree
from s3_catalog.model.stored_object import StoredObject


class Kind(Enum):
    """How a row and an object differ."""

    MISSING = "missing"
    """The object exists, the catalog has no row of it."""

    STALE = "stale"
    """Both exist; size, ETag or version differ."""

    GHOST = "ghost"
    """The catalog has a row, the object does not exist."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One key that bucket and catalog disagree about, and what each of them says of it."""

    kind: Kind
    key: str
    stored: StoredObject | None
    row: Row | None


def side_by_side(
    listing: Iterable[tuple[str, StoredObject | None]], rows: Iterable[Row]
) -> Iterator[tuple[str, StoredObject | None, Row | None]]:
    """Yield each key with what a bucket's listing and the catalog's live rows say of it.

    Both are in key order. None where only the other knows the key; both None where a page of the
    listing ends (see `Bucket.listing`), all up to that key having been yielded. Holds one of each
    at a time, whatever the size of the bucket.
    """
    catalog = iter(rows)
    row = next(catalog, None)
    for key, thing in listing:
        while row is not None and (row.key < key or (thing is None and row.key == key)):
            yield row.key, None, row
            row = next(catalog, None)
        if thing is not None and row is not None and row.key == key:
            yield key, thing, row
            row = next(catalog, None)
        else:
            yield key, thing, None
    while row is not None:
        yield row.key, None, row
        row = next(catalog, None)


def difference(thing: StoredObject | None, row: Row | None) -> Difference | None:
    """Return how object and row of a key differ, or None if they do not."""
    if agree(row, thing):
        return None
    if thing is None:
        return Difference(Kind.GHOST, row.key, None, row) if row else None
    kind = Kind.STALE if row else Kind.MISSING
    return Difference(kind, thing.key, thing, row)


def differences(
    listing: Iterable[tuple[str, StoredObject | None]], rows: Iterable[Row]
) -> Iterator[Difference]:
    """Yield every difference between a bucket's listing and the catalog, both in key order."""
    return filter(None, (difference(thing, row) for _, thing, row in side_by_side(listing, rows)))
