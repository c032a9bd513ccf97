"""Where the catalog and the bucket disagree."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from catalog.bucket import StoredObject
from catalog.row import Row


class Kind(Enum):
    """How a row and an object differ."""

    MISSING = "missing"
    """The object exists, the catalog has no row of it."""

    STALE = "stale"
    """Both exist; size or ETag differ."""

    GHOST = "ghost"
    """The catalog has a row, the object does not exist."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One key that bucket and catalog disagree about, and what each of them says of it."""

    kind: Kind
    key: str
    stored: StoredObject | None
    row: Row | None


def differences(stored: Iterable[StoredObject], rows: Iterable[Row]) -> Iterator[Difference]:
    """Compare a bucket's listing with the catalog's live rows, both in key order.

    Holds one object and one row at a time, whatever the size of the bucket.
    """
    objects, catalog = iter(stored), iter(rows)
    thing, row = next(objects, None), next(catalog, None)
    while thing is not None or row is not None:
        if thing is not None and (row is None or thing.key < row.key):
            yield Difference(Kind.MISSING, thing.key, thing, None)
            thing = next(objects, None)
        elif row is not None and (thing is None or row.key < thing.key):
            yield Difference(Kind.GHOST, row.key, None, row)
            row = next(catalog, None)
        elif thing is not None and row is not None:
            if (thing.size, thing.etag) != (row.size, row.etag):
                yield Difference(Kind.STALE, row.key, thing, row)
            thing, row = next(objects, None), next(catalog, None)
