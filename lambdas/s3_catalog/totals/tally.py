"""Totals of a bucket and its folders, as the changes of the catalog add up."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from s3_catalog.model.change import Change
from s3_catalog.model.row import Row

MAX_FOLDERS = 99
"""Totals that one transaction changes: DynamoDB takes 100 actions, and one writes the mark."""


@dataclass(slots=True)
class Tally:
    """How many objects there are and of how many bytes together; or by how many these grew."""

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
    """How many objects are in `folder` and all folders below it, and of how many bytes."""

    folder: str
    objects: int
    bytes: int


@dataclass(slots=True)
class Delta:
    """What some changes do to the totals of one folder: `all` in it, and what is its `own`.

    An object is the own one of the deepest folder that is counted, and counts in all above it too.
    `changes` is how many of the changes were of own objects.
    """

    all: Tally = field(default_factory=Tally)
    own: Tally = field(default_factory=Tally)
    changes: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """Consecutive changes of one shard, few enough for a transaction, and what they add up to.

    `first` and `last` are their sequence numbers; the last one was written at `written_at`, in
    seconds since 1970. `deltas` are by bucket and folder.
    """

    first: str
    last: str
    written_at: int
    deltas: dict[tuple[str, str], Delta]


def folders(key: str, depth: int) -> list[str]:
    """Return the folders that `key` counts in: the bucket as "", then level by level to `depth`.

    A folder is all that a key has up to one of its slashes, that one included.
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
    """Return how deep `folder` is: 0 for the bucket, which is ""."""
    return folder.count("/")


def tally(row: Row | None) -> Tally:
    """Return what `row` counts for: one object of its size, or nothing if there is none."""
    if row is None or not row.counts:
        return Tally()
    return Tally(1, row.size or 0)


def growth(change: Change) -> Tally:
    """Return by how much the totals grow when `change` happens."""
    return tally(change.new) - tally(change.old)


def parts(changes: Sequence[Change], depth: int) -> Iterator[Part]:
    """Cut `changes` of one shard, in their order, into as few parts as transactions allow.

    Those that change no total are left out; there may be no part at all. Nothing in the expiry of
    a tombstone, for instance, counts.
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
            end += 1
        yield Part(
            first=counting[start][0].sequence_number,
            last=counting[end - 1][0].sequence_number,
            written_at=counting[end - 1][0].written_at,
            deltas=dict(deltas),
        )
        start = end


def count(rows: Iterable[Row], depth: int) -> dict[str, Delta]:
    """Return what `rows` of one bucket add up to, by folder, to `depth` levels.

    It takes memory for every folder, not for every row.
    """
    counted: dict[str, Delta] = defaultdict(Delta)
    for row in rows:
        counts = tally(row)
        counted_in = folders(row.key, depth)
        for folder in counted_in:
            counted[folder].all.add(counts)
        counted[counted_in[-1]].own.add(counts)
    return counted


def sums(rows: Iterable[Row], prefix: str, levels: int) -> tuple[Total, list[Total]]:
    """Return what `rows`, all those under `prefix`, add up to: together, and by folder.

    The folders are those whose names begin with `prefix`, so many `levels` down, in key order.
    """
    counted = count(rows, level(prefix) + levels)
    named = [
        Total(name, delta.all.objects, delta.all.bytes)
        for name, delta in sorted(counted.items())
        if name.startswith(prefix) and level(name) > level(prefix)
    ]
    whole = counted[""].all if counted else Tally()
    return Total(prefix, whole.objects, whole.bytes), named
