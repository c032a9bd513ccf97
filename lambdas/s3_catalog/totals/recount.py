"""Making the totals equal to the rows: after `totals` gave up on something, or began anew.

Changes that are on their way to be counted must not be taken for such that never were. So a folder
is corrected only if none of its changes was counted between a moment before its rows were read and
a moment when all that had been written by then must have been. See docs/correctness.md.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from s3_catalog.model.timestamps import utc_now
from s3_catalog.totals.tally import Delta, Tally, count
from s3_catalog.totals.totals_table import UNCOUNTED

if TYPE_CHECKING:
    from datetime import datetime

    from s3_catalog.model.row import Row
    from s3_catalog.totals.totals_table import Own, TotalsTable

LAG = 30
"""Seconds within which a change is counted, unless `totals` is seen to be further behind. One
second is the longest that the stream's mapping gathers a batch."""

CLOCKS = 5
"""Seconds that our clock and DynamoDB's may be apart."""

ROUNDS = 4
"""How often to look again at folders that changed meanwhile."""


@dataclass(frozen=True, slots=True)
class Recounted:
    """How many `folders` were compared and `corrected`; and those that changed all the while."""

    folders: int
    corrected: int
    restless: list[str]


def recount(
    totals: "TotalsTable",
    bucket: str,
    read: Callable[[], "Iterable[Row]"],
    pause: Callable[[float], None],
    *,
    prefix: str = "",
    clock: "Callable[[], datetime]" = utc_now,
) -> Recounted:
    """Compare the totals of all folders under `prefix` with their rows, and correct what differs.

    `read` gives all rows of objects under `prefix`, by consistent reads, anew each time. `pause`
    waits for so many seconds; it is not called if nothing differs. It takes memory for every
    folder, not for every row.

    Raises botocore's ClientError or BotoCoreError. It may be repeated, and several may run at once.
    """
    corrected = 0
    wrong: dict[str, Tally] = {}
    folders = 0
    for _ in range(ROUNDS):
        before = totals.own(bucket, prefix)
        rows = count(read(), totals.depth)
        read_at = clock().timestamp()
        names = {name for name in before.keys() | rows.keys() if name.startswith(prefix)}
        folders = len(names)
        wrong = {name: by for name in names if (by := _difference(name, rows, before)) != Tally()}
        if not wrong:
            break
        _catch_up(totals, read_at, pause)
        after = totals.own(bucket, prefix)
        for name in sorted(wrong):
            known = after.get(name, UNCOUNTED)
            resting = known.changes == before.get(name, UNCOUNTED).changes
            if resting and totals.correct(bucket, name, wrong[name], known.guard):
                corrected += 1
                del wrong[name]
        if not wrong:
            break
    return Recounted(folders, corrected, sorted(wrong))


def _difference(name: str, rows: dict[str, Delta], known: "dict[str, Own]") -> Tally:
    counted = rows[name].own if name in rows else Tally()
    return counted - known.get(name, UNCOUNTED).tally


def _catch_up(totals: "TotalsTable", moment: float, pause: Callable[[float], None]) -> None:
    """Wait until what was written before `moment` is counted.

    A shard that is behind moves, and its mark is older than `moment`.
    """
    behind = True
    checkpoints = totals.checkpoints()
    while behind:
        pause(LAG)
        seen, checkpoints = checkpoints, totals.checkpoints()
        behind = any(
            written_at < moment + CLOCKS and seen.get(shard) != written_at
            for shard, written_at in checkpoints.items()
        )
