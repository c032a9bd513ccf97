"""`totals`: counts each change in the table's stream exactly once."""

import logging
from typing import Any

from s3_catalog import clients, key_log
from s3_catalog.environment.totals_environment import TotalsEnvironment
from s3_catalog.model.change import Change
from s3_catalog.table.stream_record import changes as changes_of
from s3_catalog.totals.tally import folders, growth
from s3_catalog.totals.totals_table import TotalsTable

_log = logging.getLogger("totals")
_log.setLevel(logging.INFO)

_environment = TotalsEnvironment.from_env()
_totals = TotalsTable(
    clients.dynamodb(),
    _environment.totals_table_name,
    counter_shards=_environment.shards,
    depth=_environment.totals_depth,
)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Count a batch of one shard of the stream, in its order.

    Returns the `state` that a function with a tumbling window must return. It is empty: the window
    is there because Lambda names the shard only in events of a window.

    Raises KeyError when the event names no shard, and botocore's ClientError or BotoCoreError when
    the batch could not be counted. Lambda then retries it, whole or bisected: counting is
    idempotent.
    """
    shard = event.get("shardId") or _environment.only_shard
    if not shard:
        raise KeyError("the event names no shardId: the event source mapping needs a window")
    changes = list(changes_of(event["Records"]))
    # Before they are counted: a bucket with totals is always found.
    _totals.register(change.bucket for change in changes if change.kind)
    written = _totals.apply(shard, changes)
    _log.info("counted", extra={"changes": len(changes), "transactions": written})
    if key_log.ENABLED:
        for change in changes:
            if change.kind:
                _log_counted(change)
    return {"state": {}}


def _log_counted(change: Change) -> None:
    grown = growth(change)
    key_log.log(
        key_log.COUNTED,
        change.bucket,
        change.key,
        **key_log.of_change(change),
        folders=folders(change.key, _environment.totals_depth),
        objects=grown.objects,
        bytes=grown.bytes,
    )
