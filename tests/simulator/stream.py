"""The stream of a table, and Lambda as its reader: shards, splits, retries, bisected batches.

Lambda guarantees that the records of a shard come in order, and those of a child shard after those
of its parent. It guarantees neither the sizes of batches nor that a record comes only once.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import blake2b
from random import Random
from typing import TYPE_CHECKING, cast

from botocore.exceptions import BotoCoreError, ClientError

from s3_catalog.model.change import Change
from s3_catalog.model.row import Row
from s3_catalog.table.stream_record import SEQUENCE_DIGITS
from s3_catalog.totals.forget import forget_empty
from s3_catalog.totals.recount import Recounted, recount
from s3_catalog.totals.totals_table import TotalsTable
from tests.simulator.network import Crash, Place
from tests.simulator.transactions import FakeTotalsTable

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

BUCKETS = ("photos-example", "photos-example-2")
DEPTH = 2
COUNTER_SHARDS = 2
KEYS = ["1", "a/1", "a/2", "a/b/1", "a/b/c/1", "a/b/c/d", "/", "//x", "e/1", "f/1", "g/h/1"]
BATCH = 6
WINDOW = 60
"""Seconds for which Lambda gathers a batch: what waits for less may see none of it counted."""


@dataclass
class Shard:
    """Records of a partition of the table, of keys from `low` up to, but not at, `high`.

    Lambda continues at `start`. Before that it retries the pieces of a failed batch, `retried`.
    """

    name: str
    low: int
    high: int
    parent: "Shard | None" = None
    records: list[Change] = field(default_factory=list)
    start: int = 0
    retried: list[tuple[int, int]] = field(default_factory=list)

    @property
    def done(self) -> bool:
        return self.start == len(self.records) and not self.retried

    @property
    def ready(self) -> bool:
        """Whether there is something to read, and the parent has been read to its end."""
        parent = self.parent
        while parent:
            if not parent.done:
                return False
            parent = parent.parent
        return not self.done


class StreamWorld:
    """Changing rows, the stream of their table, and the totals that Lambda counts.

    `client_of` returns the client of a simulated table: by default the table itself.
    """

    client_of: Callable[[object], object] = staticmethod(lambda table: table)

    def __init__(self, chance: Random, seen: Counter[str]) -> None:
        self.chance = chance
        self.seen = seen
        self.rows: dict[Place, Row] = {}
        self.client = FakeTotalsTable(seen)
        client = cast("DynamoDBClient", self.client_of(self.client))
        self.totals = TotalsTable(client, "totals", COUNTER_SHARDS, DEPTH)
        self.open = [Shard("shard-1", 0, 128), Shard("shard-2", 128, 256)]
        self.shards = list(self.open)
        self.now = 1_795_428_930
        self._records = 0

    def play(self, steps: int, *, lossy: bool = False) -> None:
        """Play `steps` random steps; if `lossy`, Lambda drops some failed batches."""
        self.client.chance = self.chance
        for _ in range(steps):
            self.now += self.chance.choice([0, 0, 1, 40])
            kind = self.chance.choices(
                ["write", "deliver", "repeat", "split", "arrive"], [8, 8, 1, 0.5, 1]
            )[0]
            match kind:
                case "write":
                    self.write((self.chance.choice(BUCKETS), self.chance.choice(KEYS)))
                case "deliver":
                    self.deliver(lossy=lossy)
                case "repeat":
                    self._repeat()
                case "split":
                    self._split(self.chance.randrange(len(self.open)))
                case _:
                    self._arrive()
        self.client.chance = None

    def write(self, place: Place) -> None:
        """Change the row of `place` as an event, a lookup, an inspection, TTL or a person would."""
        bucket, key = place
        old = self.rows.get(place)
        size = self.chance.randrange(4)
        live = Row(bucket, key, "1", "2026", "ObjectCreated:Put", None, size, "e", None)
        gone = replace(live, size=None, etag=None, expires_at=9)
        if old is None:
            new: Row | None = self.chance.choice([live, live, gone])
        elif old.deleted:
            new = self.chance.choice([live, None])
            self.seen["expired"] += new is None
        else:
            seen = replace(old, asked_at=self._records)
            new = self.chance.choice([live, gone, seen, live, gone, seen, None])
            self.seen["removed"] += new is None
        if new:
            self.rows[place] = new
        else:
            del self.rows[place]
        self._records += 1
        sequence = str(self._records).zfill(SEQUENCE_DIGITS)
        change = Change(str(self._records), sequence, self.now, bucket, key, old, new)
        self._shard_of(key).records.append(change)

    def deliver(self, *, lossy: bool = False) -> None:
        """Let Lambda invoke the function, which may fail, with a batch of a shard."""
        ready = [shard for shard in self.shards if shard.ready]
        if not ready:
            return
        shard = self.chance.choice(ready)
        fresh = not shard.retried
        if fresh:
            piece = shard.start, min(shard.start + self._some(BATCH), len(shard.records))
        else:
            piece = shard.retried.pop(0)
        worked = self._invoke(shard, piece)
        if worked and fresh:
            shard.start = piece[1]
        elif not worked:
            self._after_failure(shard, piece, fresh=fresh, lossy=lossy)

    def settle(self) -> None:
        """Let late requests arrive, and Lambda read to the end, without faults."""
        while any(not shard.done for shard in self.shards) or self.client.late:
            self._arrive()
            self.deliver()

    def recount(
        self, meanwhile: Callable[[], None], bucket: str = BUCKETS[0], prefix: str = ""
    ) -> Recounted:
        """Recount what is under `prefix` in `bucket`.

        There are changes `meanwhile`, both while rows are read and during pauses.
        """

        def read() -> Iterator[Row]:
            meanwhile()
            rows = [
                row
                for (name, key), row in sorted(self.rows.items())
                if name == bucket and key.startswith(prefix) and not row.deleted
            ]
            meanwhile()
            return iter(rows)

        def pause(seconds: float) -> None:
            # Changes from before a pause that is longer than the window are counted during it, as
            # `recount` assumes.
            meanwhile()
            self.client.chance = None
            if seconds > WINDOW:
                self.settle()
            self.now += int(seconds)

        clock = lambda: datetime.fromtimestamp(self.now, UTC)  # noqa: E731
        return recount(self.totals, bucket, read, pause, window=WINDOW, prefix=prefix, clock=clock)

    def forget(
        self, meanwhile: Callable[[], None], bucket: str = BUCKETS[0], prefix: str = ""
    ) -> None:
        """Forget empty folders under `prefix`, `meanwhile` between reading them and deleting them.

        It may fail, or end later, as any request.
        """
        self.client.meanwhile = meanwhile
        self.client.chance = self.chance
        with suppress(ClientError, BotoCoreError, Crash):
            self.seen["forgotten"] += forget_empty(self.totals, bucket, prefix)
        self.client.chance = self.client.meanwhile = None

    def expect_no_empty_folder(self) -> None:
        """Fail unless each folder that has totals has objects; the bucket itself is none."""
        for bucket in BUCKETS:
            for name, items in self.totals.each(bucket, "", range(1, DEPTH + 1)):
                assert sum(int(item["objects"]["N"]) for item in items), name

    def expect_totals(self) -> None:
        """Fail unless every total, and the own objects of every folder, are the sums of the rows.

        The test computes the sums in another way than the code.
        """
        for bucket in BUCKETS:
            self._expect_totals(bucket)

    def _expect_totals(self, bucket: str) -> None:
        everything, own = Counter[str](), Counter[str]()
        for (name, key), row in self.rows.items():
            if name == bucket and not row.deleted:
                levels = key.split("/")[:-1][:DEPTH]
                names = [
                    "".join(f"{level}/" for level in levels[:n]) for n in range(len(levels) + 1)
                ]
                everything.update(f"{name} {unit}" for name in names for unit in _units(row))
                own.update(f"{names[-1]} {unit}" for unit in _units(row))
        found = [self.totals.total(bucket, ""), *self.totals.below(bucket, "", DEPTH)]
        assert (
            _spelled({total.folder: (total.objects, total.bytes) for total in found}) == everything
        )
        counted = self.totals.own(bucket, "")
        assert _spelled({n: (o.tally.objects, o.tally.bytes) for n, o in counted.items()}) == own

    def _invoke(self, shard: Shard, piece: tuple[int, int]) -> bool:
        try:
            self.totals.apply(shard.name, shard.records[piece[0] : piece[1]])
        except (ClientError, BotoCoreError, Crash):
            self.seen["failed"] += 1
            return False
        return True

    def _after_failure(
        self, shard: Shard, piece: tuple[int, int], *, fresh: bool, lossy: bool
    ) -> None:
        start, end = piece
        if lossy and self.chance.random() < 0.3:
            self.seen["dropped"] += 1
            pieces = []
        elif end - start > 1 and self.chance.random() < 0.7:
            middle = (start + end) // 2
            self.seen["bisected"] += 1
            pieces = [(start, middle), (middle, end)]
        elif fresh and self.chance.random() < 0.5:
            self.seen["another batch"] += 1
            return  # The next batch begins at the same record, and may have another size.
        else:
            pieces = [piece]
        shard.retried = [*pieces, *shard.retried]
        if fresh:
            shard.start = end

    def _repeat(self) -> None:
        """Let Lambda lose its position and continue from an earlier one."""
        read = [shard for shard in self.shards if shard.start and not shard.retried]
        if read:
            shard = self.chance.choice(read)
            shard.start -= self._some(min(shard.start, BATCH))
            self.seen["repeated"] += 1

    def _split(self, number: int) -> None:
        """Split the partition, or only end its shard, as DynamoDB does every four hours."""
        old = self.open[number]
        middle = (old.low + old.high) // 2
        ranges = [(old.low, old.high)]
        if middle > old.low and self.chance.random() < 0.5:
            ranges = [(old.low, middle), (middle, old.high)]
        children = [Shard(f"{old.name}.{low}", low, high, old) for low, high in ranges]
        self.open[number : number + 1] = children
        self.shards += children
        self.seen["split"] += len(children) > 1

    def _arrive(self) -> None:
        """Let a request that timed out take effect, without a reply."""
        if self.client.late:
            late = self.client.late.pop(self.chance.randrange(len(self.client.late)))
            with suppress(ClientError):
                late()
            self.seen["arrived late"] += 1

    def _shard_of(self, key: str) -> Shard:
        place = blake2b(key.encode(), digest_size=1).digest()[0]
        return next(shard for shard in self.open if shard.low <= place < shard.high)

    def _some(self, limit: int) -> int:
        return self.chance.randint(1, limit)


def _units(row: Row) -> list[str]:
    return ["object", *["byte"] * (row.size or 0)]


def _spelled(sums: dict[str, tuple[int, int]]) -> Counter[str]:
    found = Counter[str]()
    for name, (objects, size) in sums.items():
        found[f"{name} object"] += objects
        found[f"{name} byte"] += size
    return found
