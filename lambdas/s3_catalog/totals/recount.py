"""Making the totals equal to the rows: after `totals` lost changes, or was deployed anew.

A recount must not correct for a change that is yet to be counted. So it corrects a folder only if
`totals` counted no change of it in an interval. That begins before the rows are read, and ends when
every change written before that read has been counted. See docs/correctness.md.

An item that is missing at both ends of the interval says nothing: its folder may have been counted
and, once it was empty, forgotten. So a folder needs an item for corrections before it is corrected.
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
"""Seconds within which a change is counted after its batch was gathered, unless the checkpoints
show that `totals` is further behind."""

CLOCKS = 5
"""Seconds: the greatest difference between DynamoDB's clock and ours."""

ROUNDS = 4
"""Rounds of a recount, for folders that change meanwhile."""


@dataclass(frozen=True, slots=True)
class Recounted:
    """The numbers of `folders` compared and `corrected`, and the folders that never rested.

    Each of the `restless` folders differed, and changed in every round.
    """

    folders: int
    corrected: int
    restless: list[str]


def recount(
    totals: "TotalsTable",
    bucket: str,
    read: Callable[[], "Iterable[Row]"],
    pause: Callable[[float], None],
    *,
    window: float,
    prefix: str = "",
    clock: "Callable[[], datetime]" = utc_now,
) -> Recounted:
    """Compare the totals of all folders under `prefix` with their rows, and correct differences.

    `read` reads all rows of objects under `prefix`, consistently, at each call. `pause` waits for a
    number of seconds; without differences it is not called. `window` is the number of seconds for
    which Lambda gathers a batch. Needs memory for each folder, not for each row.

    Raises botocore's ClientError or BotoCoreError. It is idempotent, and several may run at once.
    """
    corrected = 0
    differing: dict[str, Tally] = {}
    folders = 0
    for _ in range(ROUNDS):
        before = totals.own(bucket, prefix)
        rows = count(read(), totals.depth)
        read_at = clock().timestamp()
        names = {name for name in before.keys() | rows.keys() if name.startswith(prefix)}
        folders = len(names)
        differing = {
            name: by for name in names if (by := _difference(name, rows, before)) != Tally()
        }
        if not differing:
            break
        if without_item := [name for name in differing if _counted(name, before).guard is None]:
            for name in without_item:
                totals.correct(bucket, name, Tally(), None)
            continue
        _wait_until_counted(totals, read_at, pause, window)
        after = totals.own(bucket, prefix)
        for name in sorted(differing):
            counted = _counted(name, after)
            resting = counted.changes == _counted(name, before).changes
            if resting and totals.correct(bucket, name, differing[name], counted.guard):
                corrected += 1
                del differing[name]
        if not differing:
            break
    return Recounted(folders, corrected, sorted(differing))


def _difference(name: str, rows: dict[str, Delta], counted: "dict[str, Own]") -> Tally:
    actual = rows[name].own if name in rows else Tally()
    return actual - _counted(name, counted).tally


def _counted(name: str, own: "dict[str, Own]") -> "Own":
    return own.get(name, UNCOUNTED)


def _wait_until_counted(
    totals: "TotalsTable", moment: float, pause: Callable[[float], None], window: float
) -> None:
    """Wait until every change written before `moment` has been counted.

    A shard is behind while its checkpoint moves and is older than `moment`.
    """
    behind = True
    checkpoints = totals.checkpoints()
    while behind:
        pause(window + LAG)
        previous, checkpoints = checkpoints, totals.checkpoints()
        behind = any(
            checkpoint.written_at < moment + CLOCKS and previous.get(shard) != checkpoint
            for shard, checkpoint in checkpoints.items()
        )
