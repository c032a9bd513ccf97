"""The steps of spec/Catalog.tla, taken by the real code on the simulator's S3 and table.

Each function returns the states that the code reaches from a state in one step of an action: as
many as the model may choose between. Times of the model are minutes here, so `TOLERANCE` and
`CLOCKS` must be one and two minutes.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import TYPE_CHECKING, Any, TypeVar, cast
from unittest.mock import patch

from s3_catalog import correction
from s3_catalog.ingestion import delivery
from s3_catalog.model.event import Content, Event
from s3_catalog.model.inspection_result import InspectionResult
from s3_catalog.model.row import BEFORE_ALL, OUT_OF_SCOPE, Row
from s3_catalog.model.scope import Entry, Scope
from s3_catalog.model.sequencer import canonical
from s3_catalog.model.stored_object import StoredObject
from s3_catalog.model.timestamps import microseconds, timestamp
from s3_catalog.reconciliation import removal, repair
from s3_catalog.reconciliation.difference import Difference, Kind, difference
from s3_catalog.s3.bucket import Buckets
from s3_catalog.table.item import from_item, to_item
from s3_catalog.table.store import Outcome, Store
from tests.simulator import happening as happenings
from tests.simulator.clock import Clock
from tests.simulator.happening import Happening
from tests.simulator.network import Network
from tests.simulator.s3 import FakeS3, Version
from tests.simulator.table import FakeTable
from tests.spec.state_graph import State

if TYPE_CHECKING:
    from collections.abc import Sequence

BUCKET, KEY = "specified-bucket", "key"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LOW, HIGH = 1, 99
NAMES = {
    "put": "ObjectCreated:Put",
    "upload": "ObjectCreated:CompleteMultipartUpload",
    "marker": "ObjectRemoved:DeleteMarkerCreated",
    "expiration": "LifecycleExpiration:DeleteMarkerCreated",
    "removal": "ObjectRemoved:Delete",
    "forged": "ObjectCreated:Put",
}
ROW_NAMES = (NAMES["expiration"], NAMES["upload"], NAMES["put"], OUT_OF_SCOPE)
NOTHING = {"n": 0, "id": 0, "order": 0, "seq": 0, "etag": 0}

_T = TypeVar("_T")


class Stop(BaseException):
    """The code is about to take its next step. Not an Exception, so that it cannot catch it."""


class Steps(Network):
    """A network that calls `before` the effect of a request: "put", "get" or "list_them"."""

    def __init__(self) -> None:
        super().__init__(lambda *_: None, Counter())
        self.before: dict[str, Callable[[], None]] = {}
        self.done: Counter[str] = Counter()

    def request(self, service: str, place: tuple[str, str], effect: Callable[[], _T]) -> _T:  # noqa: ARG002
        name = effect.__name__
        if name in self.before:
            self.before[name]()
        self.done[name] += 1
        return effect()


class Place:
    """The catalog and the bucket of one state; `now` is the function's time."""

    def __init__(self, state: State, row: State, now: int) -> None:
        self.network = Steps()
        self.table = FakeTable("table", self.network, lambda _old, _new: None)
        self.set(row)
        s3 = FakeS3(BUCKET, self.network, Clock(), timedelta(), versioned=True)
        s3.versions = {KEY: [_version(version) for version in state["versions"]]}
        self.store = Store(cast("Any", self.table), "table", 1, lambda: time(now))
        # A lookup that began before the key left the scope goes on with the scope of then.
        scope = Scope((Entry(BUCKET),))
        self.buckets = Buckets(lambda: cast("Any", s3), scope, lambda: time(now))
        self.bucket = self.buckets[BUCKET]
        if state["world"]["scope"] != "in":
            self.buckets = Buckets(lambda: cast("Any", s3), Scope(()), lambda: time(now))

    def set(self, row: State) -> None:
        """Make `row` that of the table."""
        self.table.items.clear()
        if row["has"]:
            item = to_item(real_row(row), 1)
            self.table.items[item["pk"]["S"], KEY] = item

    def row(self, before: State) -> State:
        """Return the row of the table, which was `before`, as the model has it."""
        items = list(self.table.items.values())
        return model_row(from_item(cast("Any", items[0])), before) if items else before

    def stop_at(self, request: str) -> None:
        """End the code before its next `request`."""

        def stop() -> None:
            raise Stop

        self.network.before[request] = stop


def deliver(state: State) -> Iterator[State]:
    [process] = state["process"]
    alive = [i for i in range(1, len(state["events"]) + 1) if i not in state["dead"]]
    for together in (*combinations(alive, 1), *combinations(alive, 2)):
        place = Place(state, state["row"], state["now"])
        causes: list[Event] = []

        def look_up(_: object, __: object, ___: str, events: "Sequence[Event]") -> Outcome:
            causes.extend(events)  # noqa: B023 (called in this round)
            return Outcome.WRITTEN

        records = [_record(state["events"][i - 1]) for i in together]
        with patch.object(delivery, "correct", look_up):
            report = delivery.ingest({"Records": records}, place.store, place.buckets)
        assert not report.failures
        if report.ignored:
            assert not place.network.done
            continue
        done = frozenset(together)
        if not causes:
            row = place.row(state["row"])
            yield {**state, "row": row, "handled": state["handled"] | done}
        elif process["at"] == "idle":
            why = frozenset(i for i in together if _event(state["events"][i - 1]) in causes)
            begun = {**process, "at": "read", "why": why, "done": done}
            if not place.network.done["put"]:
                begun |= {"at": "ask", "seen": state["row"], "clock": state["now"]}
            yield {**state, "process": (begun,)}


def read(state: State) -> Iterator[State]:
    [process] = state["process"]
    if process["at"] != "read":
        return
    place = Place(state, state["row"], state["now"])
    place.stop_at("list_them")
    try:
        outcome = correction.correct(place.store, place.bucket, KEY, _causes(state))
    except Stop:
        asking = {**process, "at": "ask", "seen": state["row"], "clock": state["now"]}
        yield {**state, "process": (asking,)}
    else:
        assert outcome is Outcome.SUPERSEDED
        yield _finished(state)


def ask(state: State) -> Iterator[State]:
    [process] = state["process"]
    if process["at"] == "ask":
        found = Place(state, state["row"], state["now"]).bucket.current(KEY)
        yield {**state, "process": ({**process, "at": "replace", "found": _found(state, found)},)}


def replace(state: State) -> Iterator[State]:
    [process] = state["process"]
    if process["at"] != "replace":
        return
    for error in (-1, 1):
        place = Place(state, process["seen"], process["clock"] + error)
        found = _stored(process["found"], START)
        place.network.before["put"] = lambda: _others_write(place, state["row"])  # noqa: B023
        try:
            with patch.object(place.bucket, "current", return_value=found):
                outcome = correction.correct(place.store, place.bucket, KEY, _causes(state))
        except Stop:
            again = {"at": "read", "why": process["why"], "done": process["done"]}
            yield {**state, "process": ({**_idle(process), **again},)}
        else:
            row = state["row"] if outcome is Outcome.UNCHANGED else place.row(state["row"])
            yield {**_finished(state), "row": row}


def compare(state: State) -> Iterator[State]:
    [process] = state["process"]
    if process["at"] != "compare":
        return
    row = real_row(state["row"]) if state["row"]["has"] else None
    if row and row.deleted and row.event_name == OUT_OF_SCOPE:
        row = None  # A comparison reads no tombstones, and has a step of its own for this one.
    found = difference(_stored(process["found"], START), row, time(state["now"]))
    if found is None:
        yield _finished(state)
    elif found.kind is Kind.MISSING:
        yield {**state, "process": ({**process, "at": "insert"},)}
    else:
        yield {**state, "process": ({**_idle(process), "at": "read", "done": process["done"]},)}


def insert(state: State) -> Iterator[State]:
    [process] = state["process"]
    if process["at"] != "insert":
        return
    for error in (-1, 1):
        place = Place(state, state["row"], state["now"])
        stored = _stored(process["found"], time(process["clock"] + error))
        with patch.object(repair, "correct", _stop):
            try:
                missing = [Difference(Kind.MISSING, KEY, stored, None)]
                repair._repair(place.store, place.bucket, missing)
            except Stop:
                looking = {**_idle(process), "at": "read", "done": process["done"]}
                yield {**state, "process": (looking,)}
            else:
                yield {**_finished(state), "row": place.row(state["row"])}


def remove_row(state: State) -> Iterator[State]:
    [process] = state["process"]
    if process["at"] != "detach":
        return
    world = {**state["world"], "scope": "gone" if process["done"] else "out"}
    for error in (-1, 1):
        place = Place(state, process["seen"], state["now"])
        place.network.before["put"] = lambda: _others_write(place, state["row"])  # noqa: B023
        seen = real_row(process["seen"]) if process["seen"]["has"] else None
        try:
            if seen:
                moment = time(process["clock"] + error)
                removal._replace(place.store, seen, lambda: moment)  # noqa: B023
        except Stop:
            again = {"seen": state["row"], "clock": state["now"]}
            yield {**state, "process": ({**process, **again},)}
        else:
            put = place.network.done["put"]
            row = place.row(state["row"]) if put else state["row"]
            yield {**state, "world": world, "row": row, "process": (_idle(process),)}


def record(state: State) -> Iterator[State]:
    [process] = state["process"]
    if process["at"] == "record":
        place = Place(state, state["row"], state["now"])
        result = InspectionResult(str(process["found"]["n"]))
        place.store.record(real_row(process["seen"]), result)
        yield {**state, "row": place.row(state["row"]), "process": (_idle(process),)}


def _others_write(place: Place, row: State) -> None:
    """Let the row be `row` at the time of the put, and end the code if it reads again."""
    place.set(row)
    place.stop_at("get")


def _stop(*_: object) -> Outcome:
    raise Stop


def _finished(state: State) -> State:
    [process] = state["process"]
    return {**state, "handled": state["handled"] | process["done"], "process": (_idle(process),)}


def _idle(process: State) -> State:
    no_row = dict.fromkeys(process["seen"], 0) | {"seq": -1, "has": False, "name": 2}
    no_row["healed"] = False
    nothing: frozenset[int] = frozenset()
    idle = {"at": "idle", "why": nothing, "done": nothing}
    return {**idle, "seen": no_row, "clock": 0, "found": NOTHING}


# Between the model's values and the code's ---------------------------------------------------


def time(tick: int) -> datetime:
    return START + tick * MINUTE


def tick(moment: datetime) -> int:
    """The whole minutes; microseconds only distinguish lookups of the same moment."""
    return (moment - START) // MINUTE


def sequencer(number: int) -> str:
    if number <= LOW:
        return (BEFORE_ALL, canonical("0000000001"))[number]
    return "F" * 32 if number == HIGH else canonical(f"{int(time(number).timestamp()):010X}")


def real_row(row: State) -> Row:
    deleted = row["etag"] == 0
    asked_at = microseconds(time(row["asked"])) + row["tag"] if row["asked"] else None
    return Row(
        BUCKET,
        KEY,
        sequencer(row["seq"]),
        timestamp(time(row["time"])),
        ROW_NAMES[row["name"]],
        version_id=f"v{row['id']}" if row["id"] else None,
        size=None if deleted else row["etag"],
        etag=None if deleted else f"e{row['etag']}",
        expires_at=1 if deleted else None,
        asked_at=asked_at,
        healed_at=1 if row["healed"] else None,
        inspected=InspectionResult(str(row["inspected"])) if row["inspected"] else None,
    )


def model_row(row: Row, before: State) -> State:
    numbers = {sequencer(n): n for n in (0, *range(1, 30), HIGH)}
    if row.event_name.startswith("LifecycleExpiration"):
        name = 0
    elif row.event_name == OUT_OF_SCOPE:
        name = 3
    else:
        name = 1 if row.event_name == NAMES["upload"] else 2
    moment = datetime.fromisoformat(row.event_time)
    asked = tick(EPOCH + timedelta(microseconds=row.asked_at)) if row.asked_at else 0
    if row.asked_at and before["asked"] and row.sequencer == sequencer(before["seq"]):
        was = real_row(before).asked_at or 0
        assert row.inspected or row.asked_at > was or row == real_row(before)
    return {
        "has": True,
        "seq": numbers[row.sequencer],
        "time": tick(moment),
        "name": name,
        "etag": row.size or 0,
        "id": 0 if row.deleted or not row.version_id else int(row.version_id[1:]),
        "asked": asked,
        "tag": 0,
        "healed": row.healed_at is not None,
        "inspected": int(row.inspected.inspected_at) if row.inspected else 0,
    }


def _causes(state: State) -> "list[Event]":
    [process] = state["process"]
    return [_event(state["events"][i - 1]) for i in sorted(process["why"])]


def _event(event: State) -> Event:
    """Return what `ingest` reads in the record of `event`."""
    return Event(
        BUCKET,
        KEY,
        NAMES[event["kind"]],
        time(event["time"]),
        sequencer(event["seq"]) if event["seq"] else None,
        f"v{event['id']}" if event["id"] else None,
        Content(event["etag"], f"e{event['etag']}") if event["etag"] else None,
    )


def _record(event: State) -> dict[str, Any]:
    """Return S3's record: one that needs a lookup bears a sequencer that counts for nothing."""
    read = _event(event)
    borne = "F" * 28 if event["kind"] == "forged" else sequencer(event["n"])
    return happenings.record(
        Happening(
            BUCKET,
            read.name,
            KEY,
            order=None,
            sequencer=read.sequencer or borne,
            happened=read.time,
            stamp=read.time,
            version_id=read.version_id,
            size=read.content.size if read.content else None,
            etag=read.content.etag if read.content else None,
        ),
        0,
    )


def _version(version: State) -> Version:
    etag = version["etag"]
    return Version(
        f"v{version['id']}" if version["id"] else "null",
        str(version["order"]),
        str(version["seq"]),
        time(version["seq"]),
        etag or None,
        f"e{etag}" if etag else None,
    )


def _stored(found: State, asked_at: datetime) -> StoredObject | None:
    if found["etag"] == 0:
        return None
    version_id = f"v{found['id']}" if found["id"] else None
    etag, modified = found["etag"], time(found["seq"])
    return StoredObject(KEY, etag, f"e{etag}", version_id, modified, asked_at)


def _found(state: State, found: StoredObject | None) -> State:
    versions = [v for v in state["versions"] if found and _stored(v, found.asked_at) == found]
    assert bool(versions) == (found is not None)
    return versions[0] if versions else NOTHING
