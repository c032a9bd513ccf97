"""Making the catalog equal to the bucket when events were lost, or never sent.

Filling the catalog of a bucket that existed before is the same thing with every row missing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from s3_catalog.correction import correct
from s3_catalog.model import row as rows
from s3_catalog.reconciliation.difference import Kind, difference, side_by_side
from s3_catalog.table import batch_write as batch
from s3_catalog.table.row_query import matching_rows
from s3_catalog.table.store import Outcome

if TYPE_CHECKING:
    from s3_catalog.reconciliation.difference import Difference
    from s3_catalog.s3.bucket import Bucket
    from s3_catalog.table.store import Store

STRIDE = 1000
"""Most keys between two checkpoints. There is one where a page of S3's listing ends, too: its
thousand versions may all be of a few keys, or of none that exists."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a reconcile has come: everything up to `key`, inclusive, is done.

    `compared` and `repaired` count keys since the one before. `repaired` leaves out what turned out
    right when it was looked at again, such as an event that was merely late.
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
    """Compare bucket and catalog between two keys, and repair what differs.

    It may run while the bucket changes, and any number of times. No repair overwrites anything
    that was learnt after S3 was asked: a missing row is written only if there still is none, and
    for any other difference the row is read, S3 is asked about that key, and the row is replaced
    only if it is still the same (see `s3_catalog.correction`).

    Raises botocore's ClientError or BotoCoreError, or ContendedError; then go on after the key of
    the last checkpoint.
    """
    listing = bucket.listing(prefix=prefix, after=after, until=until)
    known = matching_rows(
        store.client,
        store.table,
        bucket.name,
        store.shards,
        prefix=prefix,
        after=after,
        until=until,
        consistent=True,
    )
    compared, found, key, done = 0, list["Difference"](), after, after
    for key, thing, row in side_by_side(listing, known):
        if wrong := difference(thing, row):
            found.append(wrong)
        page_ends = thing is None and row is None
        compared += not page_ends
        if compared == STRIDE or (page_ends and key != done):
            yield Checkpoint(key, compared, _repair(store, bucket, found))
            compared, found, done = 0, [], key
    yield Checkpoint(key, compared, _repair(store, bucket, found))


def _repair(store: "Store", bucket: "Bucket", found: "list[Difference]") -> int:
    missing = [
        rows.from_lookup(bucket.name, d.key, d.stored, d.stored.asked_at, seen=None, event=None)
        for d in found
        if d.kind is Kind.MISSING and d.stored
    ]
    refused = {row.key for row in batch.insert(store, missing)}
    questions = [d.key for d in found if d.kind is not Kind.MISSING or d.key in refused]
    outcomes = [correct(store, bucket, key) for key in questions]
    return len(missing) - len(refused) + outcomes.count(Outcome.WRITTEN)
