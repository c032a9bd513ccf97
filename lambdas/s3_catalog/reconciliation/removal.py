"""Removing the rows of keys that left the scope: of a bucket, or of a prefix, that was taken away.

A row is replaced by a tombstone, like that of a deletion, so totals, change feed and SQL mirror
treat it as one. TTL removes the tombstone.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from s3_catalog.exceptions import ContendedError
from s3_catalog.model.row import Row, out_of_scope
from s3_catalog.model.timestamps import utc_now
from s3_catalog.table.row_query import rows_and_pages

if TYPE_CHECKING:
    from s3_catalog.model.scope import Scope
    from s3_catalog.table.store import Store

STRIDE = 1000
"""Maximum of rows between two checkpoints. There is also one at the end of each page of a query,
whose rows may all be tombstones."""

MAX_ATTEMPTS = 8
"""Writes of one key, when others write its row meanwhile."""

_WRITERS = 16
"""Rows that are written at the same time."""


@dataclass(frozen=True, slots=True)
class Removed:
    """The progress of a removal: all keys up to `key`, inclusive, are done.

    `rows` is the number of rows removed since the previous checkpoint.
    """

    key: str
    rows: int


def remove_out_of_scope(
    store: "Store",
    scope: "Callable[[], Scope]",
    bucket: str,
    *,
    prefix: str = "",
    after: str = "",
    clock: Callable[[], datetime] = utc_now,
) -> Iterator[Removed]:
    """Remove the rows of `bucket` under `prefix`, greater than `after`, that are not in `scope`.

    `scope` returns the scope as it is now. It is called before rows are written: the bucket may be
    attached again meanwhile. Skips the prefixes in the scope, and other buckets.

    Idempotent; the caller may stop at each checkpoint, and continue after its key. Raises
    botocore's ClientError or BotoCoreError, or ContendedError, and what `scope` raises.
    """
    for lower, until in scope().outside(bucket):
        if until is not None and until <= after:
            continue
        found, done = list[Row](), ""
        for key, row in rows_and_pages(
            store.client,
            store.table,
            bucket,
            store.shards,
            prefix=prefix,
            after=max(lower, after),
            until=until,
            consistent=True,
        ):
            if row:
                found.append(row)
            if len(found) == STRIDE or (row is None and key != done):
                yield Removed(key, _remove(store, scope, found, clock))
                found, done = [], key
        if found:
            yield Removed(found[-1].key, _remove(store, scope, found, clock))


def _remove(
    store: "Store", scope: "Callable[[], Scope]", found: list[Row], clock: Callable[[], datetime]
) -> int:
    if not found:
        return 0
    now = scope()
    outside = [row for row in found if (row.bucket, row.key) not in now]
    with ThreadPoolExecutor(_WRITERS, thread_name_prefix="remove") as pool:
        return sum(pool.map(lambda row: _replace(store, row, clock), outside))


def _replace(store: "Store", row: Row, clock: Callable[[], datetime]) -> bool:
    """Replace `row` by a tombstone; return whether its key had a row of an object."""
    seen: Row | None = row
    for _ in range(MAX_ATTEMPTS):
        if seen is None or seen.deleted:
            return False
        if store.replace(seen, out_of_scope(seen, clock())):
            return True
        # An inspection, or an event that ingest received before the scope changed.
        seen = store.read(row.bucket, row.key)
    raise ContendedError(f"the row of {row.key!r} changed during {MAX_ATTEMPTS} removals")
