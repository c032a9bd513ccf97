"""The table of totals: counts each change of the catalog once, and reads the sums.

The transaction that counts a change also moves the checkpoint of its shard of the stream: the last
sequence number that is counted. So a change is counted if and only if the checkpoint has passed it.
"""

import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from itertools import groupby
from typing import TYPE_CHECKING, cast

from s3_catalog.model.change import Change
from s3_catalog.model.timestamps import timestamp, utc_now
from s3_catalog.table.merged_query import merged
from s3_catalog.totals import newest_event
from s3_catalog.totals.newest_event import NewestEvent
from s3_catalog.totals.tally import Delta, Part, Tally, Total, folders, level, parts

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        QueryInputTypeDef,
        TransactWriteItemTypeDef,
    )

NOT_YET_COUNTED = "attribute_not_exists(sequence_number) OR sequence_number < :first"
"""Of a shard, no change from `:first` on has been counted."""

CHECKPOINT_LIFE = timedelta(days=7)
"""How long the checkpoint of a shard is kept after its last change. The stream's records are kept
for one day."""

ATTEMPTS = 6
"""Attempts of a transaction while others write the same totals."""

_ROOT = "/"
"""The sort key of the bucket's total, because "" is not allowed. It is alone in its partition."""

_CHECKPOINTS = "#marks"
"""The partition of all checkpoints, so that one query reads them. One partition takes 1,000 writes
per second; each is a batch of up to 1,000 changes."""

_BUCKETS = "#buckets"
"""The partition with an item for each bucket that ever had a row, so that one query finds those
that left the scope. Bucket names cannot contain "#"."""

_KEYS_PER_READ = 100
"""DynamoDB's limit of BatchGetItem."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a shard is counted: the time of the write of its last counted change, `written_at`.

    `moved_at` is when that change was counted. Both are in seconds since 1970.
    """

    written_at: int
    moved_at: int


@dataclass(frozen=True, slots=True)
class Own:
    """The count of a folder's own objects, and `own_changes` of each counter shard that has any.

    `guard` is that of the first counter shard, or None if it has none.
    """

    tally: Tally
    changes: frozenset[tuple[str, int]]
    guard: int | None


UNCOUNTED = Own(Tally(), frozenset(), None)
"""The count of a folder without any counted change."""


class TotalsTable:
    """The totals of all folders down to `depth` levels, in sharded counters.

    A total is the sum of `counter_shards` rows. Each shard of the stream writes to one of them, so
    that two shards seldom write the same row of the bucket's total, which every change grows.

    Every method raises botocore's ClientError or BotoCoreError when DynamoDB does not answer.
    """

    def __init__(
        self, client: "DynamoDBClient", table: str, counter_shards: int, depth: int
    ) -> None:
        self.client = client
        self.table = table
        self.counter_shards = counter_shards
        self.depth = depth
        self._registered = set[str]()

    def apply(self, shard: str, changes: Sequence[Change]) -> int:
        """Count those `changes` of a `shard` of the stream that have not been counted.

        They are consecutive, in the order of the stream. Returns the number of transactions. The
        call is idempotent; when it raises, some of the changes may have been counted.
        """
        written = 0
        remaining = list(parts(changes, self.depth))
        while remaining:
            checkpoint = self._count(shard, remaining[0])
            if checkpoint is None:
                written += 1
                remaining = remaining[1:]
            else:
                # A duplicate, perhaps cut differently: new changes may begin within the part.
                changes = [change for change in changes if change.sequence_number > checkpoint]
                remaining = list(parts(changes, self.depth))
        return written

    def register(self, buckets: Iterable[str]) -> None:
        """Add `buckets` to those that `buckets` returns. Writes each bucket once in a process."""
        for bucket in set(buckets) - self._registered:
            self.client.update_item(
                TableName=self.table,
                Key={"pk": {"S": _BUCKETS}, "sk": {"S": bucket}},
                UpdateExpression="SET registered_at = if_not_exists(registered_at, :now)",
                ExpressionAttributeValues={":now": {"S": timestamp(utc_now())}},
            )
            self._registered.add(bucket)

    def buckets(self) -> list[str]:
        """Return every bucket that was ever registered, in order."""
        request: QueryInputTypeDef = {
            "TableName": self.table,
            "KeyConditionExpression": "pk = :buckets",
            "ExpressionAttributeValues": {":buckets": {"S": _BUCKETS}},
            "ConsistentRead": True,
        }
        return [bucket for bucket, item in merged(self.client, [request]) if item]

    def has(self, bucket: str) -> bool:
        """Return whether `bucket` has totals, even if they are zero."""
        return next(self.each(bucket, "", range(1)), None) is not None

    def counts(self, folder: str) -> bool:
        """Return whether `folder`, a prefix of keys, has a total."""
        return (folder == "" or folder.endswith("/")) and level(folder) <= self.depth

    def total(self, bucket: str, folder: str) -> Total:
        """Return the total of `folder`, at most `depth` levels deep; "" is the bucket."""
        sum_ = Tally()
        for item in self._counters(bucket, folder):
            sum_.add(_tally(item))
        return Total(folder, sum_.objects, sum_.bytes)

    def newest_event(self, bucket: str) -> NewestEvent | None:
        """Return the newest event that the total of `bucket` includes, None if it is not known."""
        return newest_event.newest(self._counters(bucket, ""))

    def _counters(
        self, bucket: str, folder: str
    ) -> "Iterator[Mapping[str, AttributeValueTypeDef]]":
        """Yield the counter shards of the total of `folder` that exist."""
        keys = [
            self._key(bucket, folder, counter_shard) for counter_shard in range(self.counter_shards)
        ]
        while keys:
            reply = self.client.batch_get_item(
                RequestItems={self.table: {"Keys": keys[:_KEYS_PER_READ], "ConsistentRead": True}}
            )
            yield from reply["Responses"][self.table]
            unread = reply["UnprocessedKeys"].get(self.table)
            retry = cast("list[dict[str, AttributeValueTypeDef]]", unread["Keys"] if unread else [])
            keys = [*keys[_KEYS_PER_READ:], *retry]

    def below(self, bucket: str, folder: str, levels: int) -> Iterator[Total]:
        """Yield the totals of the folders in `folder` that are not empty, in key order.

        The folders are at most `levels` deeper, and at most as deep as `depth`.
        """
        deepest = min(level(folder) + levels, self.depth)
        for name, items in self.each(bucket, folder, range(level(folder) + 1, deepest + 1)):
            sum_ = Tally()
            for item in items:
                sum_.add(_tally(item))
            if sum_ != Tally():
                yield Total(name, sum_.objects, sum_.bytes)

    def own(self, bucket: str, prefix: str) -> dict[str, Own]:
        """Return the counts of own objects by folder, for each folder under `prefix`."""
        found = {}
        for name, items in self.each(bucket, prefix, range(level(prefix), self.depth + 1)):
            counted = [item for item in items if "own_changes" in item]
            if counted:
                first = self._key(bucket, name, 0)["pk"]
                found[name] = Own(
                    Tally(
                        objects=sum(int(item["own_objects"]["N"]) for item in counted),
                        bytes=sum(int(item["own_bytes"]["N"]) for item in counted),
                    ),
                    changes=frozenset(
                        (item["pk"]["S"], int(item["own_changes"]["N"])) for item in counted
                    ),
                    guard=next(
                        (int(i["own_changes"]["N"]) for i in counted if i["pk"] == first), None
                    ),
                )
        return found

    def each(
        self, bucket: str, prefix: str, levels: range
    ) -> "Iterator[tuple[str, Iterator[dict[str, AttributeValueTypeDef]]]]":
        """Yield the items of each folder of `levels` under `prefix`, in key order."""
        if not levels:
            return
        queries: list[QueryInputTypeDef] = []
        for level_ in levels:
            for counter_shard in range(self.counter_shards):
                condition = "pk = :partition"
                values = {":partition": self._key(bucket, "/" * level_, counter_shard)["pk"]}
                if prefix:
                    condition += " AND begins_with(sk, :prefix)"
                    values[":prefix"] = {"S": prefix}
                queries.append(
                    {
                        "TableName": self.table,
                        "KeyConditionExpression": condition,
                        "ExpressionAttributeValues": values,
                        "ConsistentRead": True,
                    }
                )
        found = (item for _, item in merged(self.client, queries) if item)
        yield from groupby(found, key=_folder)

    def checkpoints(self) -> dict[str, Checkpoint]:
        """Return the checkpoint of each shard that counted a change in `CHECKPOINT_LIFE`."""
        request: QueryInputTypeDef = {
            "TableName": self.table,
            "KeyConditionExpression": "pk = :checkpoints",
            "ExpressionAttributeValues": {":checkpoints": {"S": _CHECKPOINTS}},
            "ConsistentRead": True,
        }
        items = [item for _, item in merged(self.client, [request]) if item]
        life = int(CHECKPOINT_LIFE.total_seconds())
        return {
            item["sk"]["S"]: Checkpoint(
                int(item["written_at"]["N"]), int(item["expires_at"]["N"]) - life
            )
            for item in items
        }

    def correct(self, bucket: str, folder: str, by: Tally, guard: int | None) -> bool:
        """Add `by` to the own objects of `folder`, and so to the totals of it and all above it.

        Only if `own_changes` of the first counter shard is still `guard`; returns whether.
        """
        own = Delta(by, by, 1)
        above = folders(folder, level(folder) - 1) if folder else []
        condition = "attribute_not_exists(own_changes)"
        values: dict[str, AttributeValueTypeDef] = {}
        if guard is not None:
            condition, values = "own_changes = :guard", {":guard": {"N": str(guard)}}
        update = self._add(bucket, folder, 0, own)["Update"]
        update["ConditionExpression"] = condition
        update["ExpressionAttributeValues"] = {
            **update.get("ExpressionAttributeValues", {}),
            **values,
        }
        refused = self._transact(
            [{"Update": update}, *(self._add(bucket, name, 0, Delta(by)) for name in above)]
        )
        return refused is None

    def _count(self, shard: str, part: Part) -> str | None:
        """Count `part`, or return the checkpoint of `shard` if it has passed the first change."""
        now = datetime.now(UTC)
        checkpoint: TransactWriteItemTypeDef = {
            "Update": {
                "TableName": self.table,
                "Key": {"pk": {"S": _CHECKPOINTS}, "sk": {"S": shard}},
                "UpdateExpression": (
                    "SET sequence_number = :last, written_at = :written, expires_at = :expiry"
                ),
                "ConditionExpression": NOT_YET_COUNTED,
                "ExpressionAttributeValues": {
                    ":first": {"S": part.first},
                    ":last": {"S": part.last},
                    ":written": {"N": str(part.written_at)},
                    ":expiry": {"N": str(int((now + CHECKPOINT_LIFE).timestamp()))},
                },
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        }
        counter_shard = int.from_bytes(blake2b(shard.encode(), digest_size=8).digest(), "big")
        refused = self._transact(
            [
                checkpoint,
                *(
                    self._add(bucket, folder, counter_shard % self.counter_shards, delta, now)
                    for (bucket, folder), delta in part.deltas.items()
                ),
            ]
        )
        return None if refused is None else refused["sequence_number"]["S"]

    def _transact(
        self, items: "list[TransactWriteItemTypeDef]"
    ) -> "Mapping[str, AttributeValueTypeDef] | None":
        """Write `items`; or return the old item of the first, if its condition does not hold."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self.client.transact_write_items(TransactItems=items)
            except self.client.exceptions.TransactionCanceledException as refusal:
                # botocore's type of the error lacks the reasons.
                reasons = cast("list[dict[str, object]]", refusal.response["CancellationReasons"])
                codes = {str(reason.get("Code")) for reason in reasons}
                if reasons[0].get("Code") == "ConditionalCheckFailed":
                    return cast("Mapping[str, AttributeValueTypeDef]", reasons[0].get("Item") or {})
                if attempt == ATTEMPTS or not codes <= {"None", "TransactionConflict"}:
                    raise
                # Another shard writes the same total. A random pause, or they would meet again.
                time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311
            else:
                return None
        raise AssertionError("the last attempt returns or raises")

    def _add(
        self,
        bucket: str,
        folder: str,
        counter_shard: int,
        delta: Delta,
        now: datetime | None = None,
    ) -> "TransactWriteItemTypeDef":
        """Return the write that adds `delta`, of changes that are counted `now`, if of any."""
        added = {"objects": delta.all.objects, "bytes": delta.all.bytes}
        event = newest_event.attributes(delta.newest, now) if delta.newest and now else {}
        values = {f":{name}": value for name, value in event.items()}
        sets = [f"{name} = :{name}" for name in event]
        if delta.changes:
            added |= {"own_objects": delta.own.objects, "own_bytes": delta.own.bytes}
            sets.append("own_changes = if_not_exists(own_changes, :born) + :changes")
            values |= {":born": {"N": str(_born())}, ":changes": {"N": str(delta.changes)}}
        return {
            "Update": {
                "TableName": self.table,
                "Key": self._key(bucket, folder, counter_shard),
                # `bytes` is a reserved word.
                "UpdateExpression": (
                    "ADD "
                    + ", ".join(f"#{name} :{name}" for name in added)
                    + (f" SET {', '.join(sets)}" if sets else "")
                ),
                "ExpressionAttributeNames": {f"#{name}": name for name in added},
                "ExpressionAttributeValues": {
                    **{f":{name}": {"N": str(number)} for name, number in added.items()},
                    **values,
                },
            }
        }

    def _key(
        self, bucket: str, folder: str, counter_shard: int
    ) -> "dict[str, AttributeValueTypeDef]":
        # Depth and number of counter shards are part of the key: with another depth or number, all
        # totals start again at zero.
        place = f"{bucket}#{self.depth}#{level(folder)}#{self.counter_shards}#{counter_shard}"
        return {"pk": {"S": place}, "sk": {"S": folder or _ROOT}}


def _born() -> int:
    """Return what `own_changes` of a new item begins at: microseconds since 1970.

    So it has no value a second time, even if the item was forgotten, and a recount sees that.
    """
    return time.time_ns() // 1_000


def _tally(item: "Mapping[str, AttributeValueTypeDef]") -> Tally:
    return Tally(int(item["objects"]["N"]), int(item["bytes"]["N"]))


def _folder(item: "Mapping[str, AttributeValueTypeDef]") -> str:
    level_ = item["pk"]["S"].split("#")[2]
    return "" if level_ == "0" else item["sk"]["S"]
