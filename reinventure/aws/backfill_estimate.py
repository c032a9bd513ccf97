"""What filling the catalog with the objects of a bucket costs, and how long it takes."""

from dataclasses import dataclass
from typing import Self

from reinventure.contract import MAX_SHARDS
from reinventure.cost import prices
from reinventure.cost.usage import after_rows
from reinventure.cost.workload import Rate, Workload

WRITES_PER_SHARD = 1_000
"""Writes a second that a DynamoDB partition takes."""

TABLE_WRITES = 40_000
"""Writes a second of an on-demand table, unless the quota is raised (DynamoDB's default quota)."""

_KEYS_PER_REQUEST = 1_000
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class BackfillEstimate:
    """A backfill of so many `objects` into a table with so many `shards`."""

    objects: int
    shards: int

    @property
    def requests(self) -> int:
        """LIST requests."""
        return max(1, -(-self.objects // _KEYS_PER_REQUEST))

    @property
    def listing_dollars(self) -> float:
        """Price of the LIST requests."""
        return self.requests * prices.LIST_REQUEST.dollars

    @property
    def row_dollars(self) -> float:
        """Price of the rows' write units, with keys of up to 450 bytes."""
        return self.objects * prices.WRITE_UNIT.dollars

    @property
    def following_dollars(self) -> float:
        """Price of what follows the rows: totals, change feed, functions."""
        rows = Workload(changes=self.objects, objects=0, rate=Rate.BURST, overwrites=0)
        return sum(line.dollars for line in after_rows(rows))

    @property
    def seconds(self) -> float:
        """The least that it takes, because a shard takes no more writes."""
        return self.objects / (self.shards * WRITES_PER_SHARD)

    def with_more_shards(self) -> Self | None:
        """Return the estimate with as many shards as a day takes, None if a day is enough."""
        needed = min(MAX_SHARDS, -(-self.objects // (_DAY * WRITES_PER_SHARD)))
        return type(self)(self.objects, needed) if needed > self.shards else None
