"""Write units of a change of the catalog's table: counted from the requests of `ingest`."""

from collections.abc import Callable, Iterator
from typing import Any

from bench import emulated_tables
from bench.deliveries import BUCKET, DELETE, PUT, direct, event, queued
from bench.emulated_tables import EmulatedTables
from bench.row import Goal, Row, Spread

GROUP = "units"

BATCH = 100
WARM = 2
"""Batches of a kind before those that are counted: what is counted is the steady state."""

COUNTED = 5

_UNIT = "units"


def rows(rounds: int) -> Iterator[Row]:
    """Count the units of each kind of change; once, for counts do not vary."""
    del rounds
    with emulated_tables.running() as tables:
        for way, size in (("one by one", 1), ("in batches of 100 of a queue", BATCH)):
            units = _units(tables, f"catalog-{size}", size)
            worst = max(units.values())
            yield Row(
                GROUP,
                f"write units of a change, {way}",
                _UNIT,
                Spread(worst, min(units.values()), worst),
                goal=Goal(1.0, _UNIT),
                note=", ".join(f"{kind} {count:.2f}" for kind, count in units.items()),
            )


def _units(tables: EmulatedTables, table: str, size: int) -> dict[str, float]:
    """Return the units of a change by its kind, where each delivery has `size` of that kind."""
    client = tables.counted()
    variables = {"TABLE_NAME": tables.new_table(table), "SHARDS": "16", "BUCKET_NAME": BUCKET}
    ingest = tables.function("ingest", variables, client)
    batches = WARM + COUNTED

    def deliver(records: Callable[[int], dict[str, Any]], expected: str) -> float:
        """Deliver all batches, and return the units of a change in those that are counted."""
        before = 0
        for number in range(batches):
            before = client.units if number == WARM else before
            each = [records(n) for n in range(number * size, (number + 1) * size)]
            reply = ingest(queued(each) if size > 1 else direct(each[0]))
            if reply[expected] != size:
                raise RuntimeError(f"{size} changes, of which {expected}: {reply}")
        return (client.units - before) / COUNTED / size

    return {
        "new": deliver(lambda n: event(n, f"{n}.jpg"), "written"),
        "overwrite": deliver(lambda n: event(n + 10_000, f"{n}.jpg"), "written"),
        "delete": deliver(lambda n: event(n + 20_000, f"{n}.jpg", DELETE), "written"),
        "duplicate": deliver(lambda n: event(n + 20_000, f"{n}.jpg", DELETE), "superseded"),
        "put after a delete": deliver(lambda n: event(n + 30_000, f"{n}.jpg", PUT), "written"),
    }
