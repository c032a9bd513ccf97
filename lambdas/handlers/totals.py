"""The function that counts: each change in the table's stream moves the totals, exactly once."""

import logging
import os
from typing import Any

from s3_catalog.table.stream_record import changes as changes_of
from s3_catalog.totals.totals_table import TotalsTable

_log = logging.getLogger("totals")
_log.setLevel(logging.INFO)

_totals = TotalsTable.from_environment(os.environ)

_ONLY_SHARD = os.environ.get("ONLY_SHARD")
"""What to call the shard where events do not name it, because there is only one."""


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Count a batch of one shard of the stream, in its order.

    Returns the `state` that a function with a tumbling window must return. It is empty: the window
    is there because with it, and only with it, Lambda names the shard.

    Raises KeyError when the shard is not named, and botocore's ClientError or BotoCoreError when
    the batch could not be counted. Lambda then gives it again, as often and in whatever pieces.
    """
    shard = event.get("shardId") or _ONLY_SHARD
    if not shard:
        raise KeyError("the event names no shardId: the event source mapping needs a window")
    changes = list(changes_of(event["Records"]))
    written = _totals.apply(shard, changes)
    _log.info("counted", extra={"changes": len(changes), "transactions": written})
    return {"state": {}}
