"""The steps of spec/Totals.tla, taken by the real code on the simulator's table of totals.

Each function returns the states that the code reaches from a state in one step of an action. Each
record of the model is a change of an object of one byte.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import patch

from s3_catalog.model.change import Change
from s3_catalog.model.row import Row
from s3_catalog.table import merged_query
from s3_catalog.table.stream_record import SEQUENCE_DIGITS
from s3_catalog.totals import recount, totals_table
from s3_catalog.totals.forget import forget_empty
from s3_catalog.totals.totals_table import Own, TotalsTable
from tests.simulator.at_once import AtOnce
from tests.simulator.transactions import FakeTotalsTable
from tests.spec.state_graph import State

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

BUCKET = "specified-bucket"
CHECKPOINTS = totals_table._CHECKPOINTS

SHARDS = ("shard-1", "shard-2")
"""Of the stream. The first one writes to the first counter shard, the second one to the second."""

MAX_FORGETS = 1
"""In a bound of one folder."""

BORN = 1_000
"""What the number of changes of an item begins at, as long as none was deleted."""


class Stop(BaseException):
    """The code is about to take its next step. Not an Exception, so that it cannot catch it."""


class Table(FakeTotalsTable):
    """A table that ends the code before a transaction after the first `allowed` ones."""

    def __init__(self, allowed: int) -> None:
        super().__init__(Counter())
        self.allowed = allowed
        self.stopped_at: dict[str, Any] = {}

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        if not self.allowed:
            self.stopped_at = request["TransactItems"][0]
            raise Stop
        self.allowed -= 1
        return super().transact_write_items(**request)


class Place:
    """The totals of one state, of which `counted` differ if given."""

    def __init__(
        self, state: State, allowed: int = 100, counted: Sequence[tuple[State, ...]] = ()
    ) -> None:
        self.client = Table(allowed)
        self.totals = TotalsTable(cast("DynamoDBClient", self.client), "totals", 2, 1)
        self.state = state
        for shard, checkpoint in zip(SHARDS, state["checkpoint"], strict=True):
            if checkpoint:
                self._put(CHECKPOINTS, shard, sequence_number={"S": number(checkpoint)})
        for counter in (0, 1):
            items = [of_folder[counter] for of_folder in counted or state["totals"]]
            for folder, item in enumerate(items, 1):
                if item["changes"]:
                    own = {"own_objects": item["sum"], "own_bytes": item["sum"]}
                    own["own_changes"] = BORN + item["changes"]
                    self._add(folder_name(folder), counter, item["sum"], own)
            if any(item["changes"] for item in items):
                self._add("", counter, sum(item["sum"] for item in items), {})

    def _add(self, folder: str, counter: int, sum_: int, own: dict[str, int]) -> None:
        key = self.totals._key(BUCKET, folder, counter)
        numbers = {"objects": sum_, "bytes": sum_, **own}
        self._put(
            key["pk"]["S"],
            key["sk"]["S"],
            **{name: {"N": str(number)} for name, number in numbers.items()},
        )

    def _put(self, pk: str, sk: str, **attributes: Any) -> None:
        self.client.items[pk, sk] = {"pk": {"S": pk}, "sk": {"S": sk}, **attributes}

    def after(self) -> State:
        """Return the state with the checkpoints and totals of the table."""
        checkpoint = tuple(
            int(self.client.items.get((CHECKPOINTS, s), {}).get("sequence_number", {"S": 0})["S"])
            for s in SHARDS
        )
        totals = tuple(
            tuple(self._item(folder_name(f + 1), counter) for counter in (0, 1))
            for f in range(len(self.state["totals"]))
        )
        for f, counters in enumerate(totals):
            self._expect(folder_name(f + 1), sum(item["sum"] for item in counters))
        self._expect("", sum(item["sum"] for counters in totals for item in counters))
        return {**self.state, "checkpoint": checkpoint, "totals": totals}

    def _item(self, folder: str, counter: int) -> State:
        key = self.totals._key(BUCKET, folder, counter)
        item = self.client.items.get((str(key["pk"]["S"]), str(key["sk"]["S"])))
        if item is None:
            return {"sum": 0, "changes": 0}
        own = {name: int(item[name]["N"]) for name in ("own_objects", "own_bytes", "own_changes")}
        assert own["own_objects"] == own["own_bytes"]
        return {"sum": own["own_objects"], "changes": own["own_changes"] - BORN}

    def _expect(self, folder: str, sum_: int) -> None:
        total = self.totals.total(BUCKET, folder)
        assert (total.objects, total.bytes) == (sum_, sum_)

    def own(self) -> dict[str, Own]:
        """Return what a recount reads."""
        return self.totals.own(BUCKET, "")


def count(state: State) -> Iterator[State]:
    for p, invocation in enumerate(state["invocation"]):
        shard = invocation["shard"] - 1
        if invocation["at"] != "count" or invocation["next"] > invocation["last"]:
            continue
        place = Place(state, allowed=1)
        records = state["stream"][shard][: invocation["last"]]
        changes = [change(record, i) for i, record in enumerate(records, 1)]
        following = invocation["last"] + 1
        with _as_modelled(state):
            try:
                place.totals.apply(SHARDS[shard], changes[invocation["next"] - 1 :])
            except Stop:
                values = place.client.stopped_at["Update"]["ExpressionAttributeValues"]
                following = int(values[":first"]["S"])
        invocations = list(state["invocation"])
        invocations[p] = {**invocation, "next": following}
        yield {**place.after(), "invocation": tuple(invocations)}


def recount_items(state: State) -> Iterator[State]:
    yield from _recount(state, "items")


def correct(state: State) -> Iterator[State]:
    yield from _recount(state, "correct")


def _recount(state: State, at: str) -> Iterator[State]:
    for p, process in enumerate(state["recount"]):
        if process["at"] != at:
            continue
        place = Place(state)
        read = [Place(state, counted=process[time]).own() for time in ("before", "after")]
        rows = [
            row(f"{folder_name(f + 1)}{n}")
            for f, objects in enumerate(process["rows"])
            for n in range(objects)
        ]
        with (
            _as_modelled(state),
            patch.object(recount, "ROUNDS", 1),
            patch.object(recount, "_wait_until_counted", lambda *_: None),
            patch.object(place.totals, "own", side_effect=read),
        ):
            recount.recount(place.totals, BUCKET, partial(iter, rows), lambda _: None, window=1)
        after = place.after()
        sums = (sum(item["sum"] for item in items) for items in state["totals"])
        now = (sum(item["sum"] for item in items) for items in after["totals"])
        corrected = {f for f, (was, is_) in enumerate(zip(sums, now, strict=True), 1) if was != is_}
        lost = frozenset(
            (shard, n)
            for shard, n in state["lost"]
            if n > process["until"][shard - 1]
            or state["stream"][shard - 1][n - 1]["folder"] not in corrected
        )
        nothing = tuple(({"sum": 0, "changes": 0},) * 2 for _ in state["totals"])
        resting = {"at": "idle", "before": nothing, "after": nothing, "until": (0, 0)}
        recounts = list(state["recount"])
        recounts[p] = {**resting, "rows": (0,) * len(state["totals"])}
        yield {**after, "lost": lost, "recount": tuple(recounts)}


def forget_read(state: State) -> Iterator[State]:
    if state["forget"]["at"] != "idle" or state["forgets"] == MAX_FORGETS:
        return
    place = Place(state, allowed=0)
    with suppress(Stop), _as_modelled(state):
        forget_empty(place.totals, BUCKET, "")
    if place.client.stopped_at:
        [items] = state["totals"]
        forget = {"at": "delete", "folder": 1, "items": items}
        yield {**state, "forget": forget, "forgets": state["forgets"] + 1}


def forget_delete(state: State) -> Iterator[State]:
    process = state["forget"]
    if process["at"] == "delete":
        place, read = Place(state), Place(state, counted=[process["items"]])
        with _as_modelled(state), patch.object(place.totals, "each", read.totals.each):
            forget_empty(place.totals, BUCKET, "")
        unread = {"at": "idle", "folder": 0, "items": ({"sum": 0, "changes": 0},) * 2}
        yield {**place.after(), "forget": unread}


@contextmanager
def _as_modelled(state: State) -> Iterator[None]:
    """Let a new item begin at the number of the model, and requests run one after another."""
    born = BORN + 10 * state["forgets"]
    with (
        patch.object(totals_table, "_born", lambda: born),
        patch.object(merged_query, "ThreadPoolExecutor", AtOnce),
    ):
        yield


# Between the model's values and the code's ---------------------------------------------------


def folder_name(folder: int) -> str:
    return f"{folder}/"


def number(place: int) -> str:
    return str(place).zfill(SEQUENCE_DIGITS)


def row(key: str) -> Row:
    return Row(BUCKET, key, "1", "2026", "ObjectCreated:Put", None, 1, "e", None)


def change(record: State, place: int) -> Change:
    """Return record number `place` of its shard: an object is made, or the row of one removed."""
    key = f"{folder_name(record['folder'])}{place}"
    old, new = (None, row(key)) if record["by"] == 1 else (row(key), None)
    return Change(str(place), number(place), 1_795_428_930, BUCKET, key, old, new)
