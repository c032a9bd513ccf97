"""Writing what S3 says is current, where no event says it.

The row is read before S3 is asked, and replaced only if it is still the same. So an answer never
overwrites anything that was learnt later than it.
"""

from typing import TYPE_CHECKING

from s3_catalog.model import row as rows
from s3_catalog.model.row import agree
from s3_catalog.table.store import Outcome

if TYPE_CHECKING:
    from s3_catalog.model.event import Event
    from s3_catalog.s3.bucket import Bucket
    from s3_catalog.table.store import Store

ATTEMPTS = 8
"""How often to start over when others write the same row meanwhile."""


class ContendedError(Exception):
    """A row changed each time while S3 was asked about it. Try again later."""


def correct(store: "Store", bucket: "Bucket", key: str, event: "Event | None" = None) -> Outcome:
    """Make the row of `key` say what is current in `bucket`.

    `event` is what made us ask, if anything: one that is not conclusive, or one that the row may
    know better than. STALE when a later event is known already, or, without an event, when the row
    was right.

    Raises ContendedError, or botocore's ClientError or BotoCoreError; asking again is safe.
    """
    order = event.sequencer if event else None
    for _ in range(ATTEMPTS):
        seen = store.read(bucket.name, key)
        if order and seen and seen.sequencer >= order:
            return Outcome.STALE
        asked_at = bucket.clock()
        answer = bucket.current(key)
        # After a hint even a right row is written, for what the answer adds to it: when it was
        # true. An older put that is still on its way has no later event to find here.
        if event is None and agree(seen, answer):
            return Outcome.STALE
        row = rows.from_answer(bucket.name, key, answer, asked_at, seen=seen, event=event)
        if store.replace(seen, row):
            return Outcome.WRITTEN
    raise ContendedError(f"the row of {key!r} changed {ATTEMPTS} times while S3 was asked")
