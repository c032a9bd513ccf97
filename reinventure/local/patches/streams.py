"""Patches of the emulator's mappings from a table's stream to a function."""

import importlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Any

from reinventure.local.patches.patch import patch

_QUIET_SECONDS = 0.05
"""Time without a new record after which a batch is complete, however long its window."""


@dataclass
class _Batch:
    """The records from `position` to `end` of a stream, gathered since `opened`.

    The last of them came at `grown`. Both are seconds since 1970.
    """

    position: int
    end: int
    opened: float
    grown: float

    def is_complete(self, now: float, size: int, window: float) -> bool:
        """Whether it has `size` records, its `window` in seconds is over, or no more are coming."""
        return (
            self.end - self.position >= size
            or now - self.opened >= window
            or now - self.grown >= _QUIET_SECONDS
        )


@patch("1.5.33")
def batches_are_gathered() -> None:
    """Honour MaximumBatchingWindowInSeconds of a mapping from a table's stream.

    For speed only: MiniStack invokes a function for each few records, however long the window is.
    Here a window ends early when no record comes for a moment: a change that comes alone is
    counted at once.
    """
    functions: Any = importlib.import_module("ministack.services.lambda_svc")
    dynamodb: Any = importlib.import_module("ministack.services.dynamodb")
    mappings = functions._iter_all_esms
    batches: dict[str, _Batch] = {}

    def is_due(account: str, region: str, mapping: dict[str, Any]) -> bool:
        name, window = mapping["UUID"], mapping.get("MaximumBatchingWindowInSeconds", 0)
        position = functions._dynamodb_stream_positions.get(name)
        if not window or position is None:
            return True
        table = mapping["EventSourceArn"].split("/")[1]
        end = dynamodb.stream_end_position(table, account_id=account, region=region)
        if end <= position:
            return True
        now, batch = time.time(), batches.get(name)
        if batch is None or batch.position != position:
            batch = batches[name] = _Batch(position, end, opened=now, grown=now)
        if batch.end != end:
            batch.end, batch.grown = end, now
        return batch.is_complete(now, mapping.get("BatchSize", 100), window)

    @wraps(mappings)
    def due() -> Iterator[tuple[str, str, dict[str, Any]]]:
        for account, region, mapping in mappings():
            if is_due(account, region, mapping):
                yield account, region, mapping
            else:
                # The poller then looks again after 50 ms.
                functions._esm_wake.set()

    functions._iter_all_esms = due
