"""The sums of changes and of rows: objects and bytes, by folder."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from s3_catalog.model.change import Change
from s3_catalog.model.row import Row
from s3_catalog.totals.newest_event import event_time

MAX_FOLDERS = 99
"""Totals in one transaction: DynamoDB allows 100 actions, one of which writes the checkpoint."""


@dataclass(slots=True)
class Tally:
    """A number of objects and their bytes, or the growth of these two numbers."""

    objects: int = 0
    bytes: int = 0

    def add(self, other: "Tally") -> None:
        """Add `other` to this one."""
        self.objects += other.objects
        self.bytes += other.bytes

    def __sub__(self, other: "Tally") -> "Tally":
        return Tally(self.objects - other.objects, self.bytes - other.bytes)


@dataclass(frozen=True, slots=True)
class Total:
    """The objects in `folder` and in all folders below it, and their bytes."""

    folder: str
    objects: int
    bytes: int


@dataclass(slots=True)
class Delta:
    """The growth of one folder by some changes: of `all` its objects, and of its `own`.

    An object is an own object of the deepest folder that is counted, and counts in all folders
    above it as well. `changes` is the number of changes of own objects. `newest` is the time of the
    newest event, in the bucket's own total only; None without an event.
    """

    all: Tally = field(default_factory=Tally)
    own: Tally = field(default_factory=Tally)
    changes: int = 0
    newest: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """The sum of consecutive changes of one shard, few enough for one transaction.

    `first` and `last` are sequence numbers; the last change was written at `written_at`, in seconds
    since 1970. The keys of `deltas` are bucket and folder.
    """

    first: str
    last: str
    written_at: int
    deltas: dict[tuple[str, str], Delta]


def folders(key: str, depth: int) -> list[str]:
    """Return the folders that `key` counts in: the bucket as "", then level by level to `depth`.

    A folder is the beginning of a key up to one of its slashes, inclusive.
    """
    found = [""]
    end = -1
    for _ in range(depth):
        end = key.find("/", end + 1)
        if end < 0:
            break
        found.append(key[: end + 1])
    return found


def level(folder: str) -> int:
    """Return the level of `folder`: 0 for "", the bucket."""
    return folder.count("/")


def tally(row: Row | None) -> Tally:
    """Return one object and its size, or nothing for a row without an object."""
    if row is None or not row.counts:
        return Tally()
    return Tally(1, row.size or 0)


def growth(change: Change) -> Tally:
    """Return the growth of the totals by `change`."""
    return tally(change.new) - tally(change.old)


def parts(changes: Sequence[Change], depth: int) -> Iterator[Part]:
    """Cut `changes` of one shard, in their order, into as few parts as transactions allow.

    Changes that grow no total, such as the expiry of a tombstone, are in no part.
    """
    counting = [(change, grown) for change in changes if (grown := growth(change)) != Tally()]
    start = 0
    while start < len(counting):
        deltas: dict[tuple[str, str], Delta] = defaultdict(Delta)
        end = start
        for change, grown in counting[start:]:
            counted_in = folders(change.key, depth)
            touched = {(change.bucket, folder) for folder in counted_in}
            if len(deltas.keys() | touched) > MAX_FOLDERS:
                break
            for folder in counted_in:
                deltas[change.bucket, folder].all.add(grown)
            own = deltas[change.bucket, counted_in[-1]]
            own.own.add(grown)
            own.changes += 1
            whole = deltas[change.bucket, ""]
            whole.newest = max(filter(None, (whole.newest, event_time(change))), default=None)
            end += 1
        yield Part(
            first=counting[start][0].sequence_number,
            last=counting[end - 1][0].sequence_number,
            written_at=counting[end - 1][0].written_at,
            deltas=dict(deltas),
        )
        start = end


def count(rows: Iterable[Row], depth: int) -> dict[str, Delta]:
    """Return the sums of `rows` of one bucket, by folder, to `depth` levels.

    Needs memory for each folder, not for each row.
    """
    counted: dict[str, Delta] = defaultdict(Delta)
    for row in rows:
        of_row = tally(row)
        counted_in = folders(row.key, depth)
        for folder in counted_in:
            counted[folder].all.add(of_row)
        counted[counted_in[-1]].own.add(of_row)
    return counted


def sums(rows: Iterable[Row], prefix: str, levels: int) -> tuple[Total, list[Total]]:
    """Return the sum of `rows`, which are all rows under `prefix`, and the sums by folder.

    The folders begin with `prefix`, go `levels` deeper, and are in key order.
    """
    counted = count(rows, level(prefix) + levels)
    named = [
        Total(name, delta.all.objects, delta.all.bytes)
        for name, delta in sorted(counted.items())
        if name.startswith(prefix) and level(name) > level(prefix)
    ]
    whole = counted[""].all if counted else Tally()
    return Total(prefix, whole.objects, whole.bytes), named
