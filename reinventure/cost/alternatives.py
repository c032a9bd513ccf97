"""What AWS itself offers in place of the catalog, with its price and what it gives for that."""

from dataclasses import dataclass

from reinventure.cost import prices
from reinventure.cost.workload import Option, Workload

_GB = 1_000_000_000
_RECORD_BYTES = 500
"""Assumed: bytes of a record in a table of S3 Metadata."""
_DAYS = 30


@dataclass(frozen=True, slots=True)
class Gift:
    """What an answer to "what is in the bucket?" gives, each in a few words."""

    freshness: str
    point_reads: str
    order: str
    totals: str
    feed: str
    proof: str


@dataclass(frozen=True, slots=True)
class Alternative:
    """One that costs `dollars` in a month, and `once` when it is switched on."""

    name: str
    dollars: float
    once: float
    gives: Gift


CATALOG = Gift(
    freshness="seconds",
    point_reads="milliseconds",
    order="S3's sequencer",
    totals="by folder",
    feed="in order of each key",
    proof="verify",
)
_QUERY = "a query of seconds"


def alternatives(workload: Workload) -> list[Alternative]:
    """Return the alternatives for `workload`, without the queries that read them."""
    updates = workload.changes
    if not workload.has(Option.ATTACHED):
        # Lifecycle rules of the bucket of its own remove what was overwritten: records as well.
        updates += round(workload.changes * workload.overwrites)
    journal = updates * prices.JOURNAL_UPDATE.dollars + _tables(updates, updates)
    above = max(0, workload.objects - prices.LIVE_INVENTORY.free)
    inventory = above * prices.LIVE_INVENTORY.dollars + _tables(workload.objects, updates)
    return [
        Alternative(
            "S3 Metadata, journal",
            journal,
            0,
            Gift("minutes", "none", "S3's sequence number", _QUERY, "read the table", "none"),
        ),
        Alternative(
            "S3 Metadata, live inventory",
            # It cannot be had without the journal.
            journal + inventory,
            workload.objects * prices.LIVE_INVENTORY_BACKFILL.dollars,
            Gift("an hour", _QUERY, "latest state", _QUERY, "the journal", "none"),
        ),
        Alternative(
            "S3 Inventory, daily",
            workload.objects * _DAYS * prices.INVENTORY.dollars,
            0,
            Gift("a day or two", "none", "none", "read the report", "none", "none"),
        ),
    ]


def _tables(stored: float, written: float) -> float:
    """Return the price of S3 Tables: `stored` records of the month, `written` ones compacted."""
    return (
        _RECORD_BYTES
        / _GB
        * (stored * prices.TABLES_STORAGE.dollars + written * prices.TABLES_COMPACTION.dollars)
    )
