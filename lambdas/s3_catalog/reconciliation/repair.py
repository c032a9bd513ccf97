"""Repairing the catalog where events were lost, never sent, or forged.

The backfill of a bucket that existed before its catalog is the same, with every row missing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from s3_catalog.correction import correct
from s3_catalog.model.row import OUT_OF_SCOPE, from_lookup, is_complete
from s3_catalog.model.timestamps import CLOCKS, microseconds
from s3_catalog.reconciliation.difference import Kind, difference, side_by_side
from s3_catalog.table import batch_write as batch
from s3_catalog.table.row_query import Filter, matching_rows
from s3_catalog.table.store import Outcome

if TYPE_CHECKING:
    from s3_catalog.model.stored_object import StoredObject
    from s3_catalog.reconciliation.difference import Difference
    from s3_catalog.s3.bucket import Bucket
    from s3_catalog.table.store import Store

STRIDE = 1000
"""Maximum of keys between two checkpoints. There is also a checkpoint at the end of each page of
S3's listing: its thousand versions may be of few keys, or of deleted ones only."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The progress of a reconcile: all keys up to `key`, inclusive, are done.

    `compared` and `repaired` count keys since the previous checkpoint. `repaired` counts no
    difference that had gone by the time of its repair, for instance because an event arrived late.
    """

    key: str
    compared: int
    repaired: int


def reconcile(
    store: "Store",
    bucket: "Bucket",
    *,
    prefix: str = "",
    after: str = "",
    until: str | None = None,
) -> Iterator[Checkpoint]:
    """Compare bucket and catalog, and repair each difference. Add storage classes that rows lack.

    Only keys under `prefix`, greater than `after` and, unless it is None, not greater than `until`.

    It is idempotent, and may run while the bucket changes. No repair overwrites the state of a
    later moment: a missing row is inserted only if it is still missing; for any other difference
    the key is looked up, and the row replaced only if it is unchanged (see
    `s3_catalog.correction`). A row with an implausible sequencer is healed (see
    `s3_catalog.model.row.from_lookup`).

    Raises botocore's ClientError or BotoCoreError, or ContendedError; continue after the key of the
    last checkpoint.
    """
    listing = bucket.listing(prefix=prefix, after=after, until=until)
    rows = matching_rows(
        store.client,
        store.table,
        bucket.name,
        store.shards,
        Filter(implausible_at=bucket.clock()),
        prefix=prefix,
        after=after,
        until=until,
        consistent=True,
    )
    compared, found, key, done = 0, list["Difference"](), after, after
    for key, stored, row in side_by_side(listing, rows):
        if differs := difference(stored, row, bucket.clock(), is_complete):
            found.append(differs)
        page_ends = stored is None and row is None
        compared += not page_ends
        if compared == STRIDE or (page_ends and key != done):
            yield Checkpoint(key, compared, _repair(store, bucket, found))
            compared, found, done = 0, [], key
    yield Checkpoint(key, compared, _repair(store, bucket, found))


def _repair(store: "Store", bucket: "Bucket", found: "list[Difference]") -> int:
    missing = {d.key: d.stored for d in found if d.kind is Kind.MISSING and d.stored}
    rows = [
        from_lookup(bucket.name, key, stored, stored.asked_at, seen=None)
        for key, stored in missing.items()
    ]
    refused = {row.key for row in batch.insert(store, rows)}
    returned = {
        key
        for key, stored in missing.items()
        if key in refused and _return(store, bucket.name, stored)
    }
    lookups = [d.key for d in found if d.key not in missing or d.key in refused]
    outcomes = [correct(store, bucket, key) for key in lookups if key not in returned]
    return len(missing) - len(refused) + len(returned) + outcomes.count(Outcome.WRITTEN)


def _return(store: "Store", bucket: str, stored: "StoredObject") -> bool:
    """Replace the tombstone of a key that left the scope, and is in it again; return whether.

    Without a lookup, of which a bucket that is attached again would need one for each object: since
    the removal no event wrote the row, and the listing is certainly later than the removal.
    """
    seen = store.read(bucket, stored.key)
    if seen is None or seen.event_name != OUT_OF_SCOPE or seen.asked_at is None:
        return False
    if seen.asked_at >= microseconds(stored.asked_at - CLOCKS):
        return False
    return store.replace(seen, from_lookup(bucket, stored.key, stored, stored.asked_at, seen=seen))
