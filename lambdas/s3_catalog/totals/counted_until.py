"""Up to when every change is in the totals, as the checkpoints of the shards show it.

A change is counted within the batching window and `LAG`, or its shard is visibly behind: the
checkpoint moves, and is older. A shard whose checkpoint rests has nothing to count, or `totals`
fails at it, which raises an alarm (docs/alarms.md). A recount rests on the same.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from s3_catalog.totals.recount import CLOCKS, LAG

if TYPE_CHECKING:
    from collections.abc import Iterable

    from s3_catalog.totals.totals_table import Checkpoint


def counted_until(checkpoints: "Iterable[Checkpoint]", window: float, now: datetime) -> datetime:
    """Return the moment up to which all changes are counted, in UTC.

    `window` is the number of seconds for which Lambda gathers a batch.
    """
    at_rest = now.timestamp() - window - LAG - CLOCKS
    moving = [each.written_at for each in checkpoints if each.moved_at >= at_rest]
    return datetime.fromtimestamp(min([at_rest, *moving]), UTC)
