"""Where the catalog and the bucket disagree."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import starmap

from catalog.bucket import StoredObject
from catalog.row import Row


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


def agree(row: Row | None, stored: StoredObject | None) -> bool:
    """Whether `row` says the same as S3: that there is no such object, or which one there is.

    Size and ETag must be the same, and the version, where the row knows one.
    """
    if row is None or row.deleted or stored is None:
        return stored is None and (row is None or row.deleted)
    return (row.size, row.etag) == (stored.size, stored.etag) and (
        row.version_id is None or row.version_id == stored.version_id
    )


def side_by_side(
    stored: Iterable[StoredObject], rows: Iterable[Row]
) -> Iterator[tuple[StoredObject | None, Row | None]]:
    """Pair what a bucket's listing and the catalog's live rows, both in key order, say of a key.

    One of a pair is None where only the other knows the key. Holds one of each at a time, whatever
    the size of the bucket.
    """
    objects, catalog = iter(stored), iter(rows)
    thing, row = next(objects, None), next(catalog, None)
    while thing is not None or row is not None:
        if row is None or (thing is not None and thing.key < row.key):
            yield thing, None
            thing = next(objects, None)
        elif thing is None or row.key < thing.key:
            yield None, row
            row = next(catalog, None)
        else:
            yield thing, row
            thing, row = next(objects, None), next(catalog, None)


def difference(thing: StoredObject | None, row: Row | None) -> Difference | None:
    """Return how a pair of `side_by_side` differs, or None if it does not."""
    if agree(row, thing):
        return None
    if thing is None:
        return Difference(Kind.GHOST, row.key, None, row) if row else None
    kind = Kind.STALE if row else Kind.MISSING
    return Difference(kind, thing.key, thing, row)


def differences(stored: Iterable[StoredObject], rows: Iterable[Row]) -> Iterator[Difference]:
    """Yield every difference between a bucket's listing and the catalog, both in key order."""
    return filter(None, starmap(difference, side_by_side(stored, rows)))
