"""The simulated world: a bucket, its catalog, the transports between them, and the invariants."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from s3_catalog.exceptions import ContendedError
from s3_catalog.model.row import BEFORE_ALL, Row, from_event
from s3_catalog.model.scope import Entry, Scope
from s3_catalog.model.sequencer import canonical
from s3_catalog.model.timestamps import microseconds
from s3_catalog.reconciliation.repair import reconcile
from s3_catalog.s3.bucket import Buckets
from s3_catalog.s3.record import parse
from s3_catalog.table import batch_write as batch
from s3_catalog.table.item import from_item, to_item
from s3_catalog.table.row_query import matching_rows
from s3_catalog.table.store import Outcome, Store
from s3_catalog.totals.tally import Tally
from tests.simulator import function
from tests.simulator import happening as happenings
from tests.simulator.clock import Clock
from tests.simulator.delivery import TRANSPORTS, Channel, Message
from tests.simulator.expression import Item
from tests.simulator.happening import Happening, rank
from tests.simulator.history import Action, Fault, History, Poison, Setup, Step, Trouble
from tests.simulator.network import Crash, Invocation, Network
from tests.simulator.readers import Readers
from tests.simulator.s3 import CLASSES, FakeS3
from tests.simulator.table import FakeTable
from tests.simulator.violation import Violation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from s3_catalog.model.event import Event

NAME = "simulated-bucket"
SHARDS = 3
MINUTE = timedelta(seconds=58.8)
"""Of the difference between clocks: see `Step`."""

LOOKUPS = 8
"""After so many, the row of a key is contended."""

KEYS = (
    "a b+c%20d",
    "ü/🚀",
    "a b",
    "ü/",
    "%2B",
    "a b+c%20d/e",
    "\uffff",
    "𐀀&k='\"<>\n",
    "ÿ" * 512,
)
"""Keys that break naive code: encoded twice, prefixes of each other, in another order in UTF-16, of
the maximum length."""

KINDS = ("Put", "Post", "Copy", "CompleteMultipartUpload")

REQUESTERS = ("AROASIMULATED:ann", "AROASIMULATED:bob", "AIDASIMULATED", None)

FORGERIES = ("F" * 28, "00F" + "0" * 15, "01" + "0" * 16, "F", "0", "0000000001", "0043B71AFF")
"""Implausible sequencers: the greatest, of the future, of 1970, and of the last second of 2005."""

POISONS = ("F" * 32, *(canonical(raw) for raw in FORGERIES if raw != "0"))
"""Sequencers in rows of earlier versions, which believed all sequencers."""

WAITS = tuple(
    timedelta(**duration)
    for duration in (
        {"seconds": 1},
        {"minutes": 1},
        {"minutes": 4},
        {"minutes": 6},
        {"hours": 2},
        {"days": 1},
        {"days": 14},
        {"days": 45},
        {"days": 61},
    )
)


class _Store(Store):
    """A store that counts undecided writes."""

    seen: Counter[str]
    items: "Mapping[tuple[str, str], Item]"

    def write(self, event: "Event") -> Outcome:
        outcome = super().write(event)
        if outcome is Outcome.UNDECIDED:
            rows = (item for (_, key), item in self.items.items() if key == event.key)
            looked_up = any("asked_at" in row for row in rows)
            reason = "lookup" if looked_up else "sequencer and time contradict each other"
            self.seen[f"undecided: {reason}"] += 1
        return outcome


class World:
    """A bucket and its catalog under `setup`. `seen` counts cases by name."""

    def __init__(self, setup: Setup, seen: Counter[str]) -> None:
        self.setup = setup
        self.seen = seen
        self.clock = Clock()
        self.ahead = timedelta(minutes=setup.s3_clock)
        self.network = Network(self._meanwhile, seen)
        self.table = FakeTable("simulated-table", self.network, self._written)
        self.s3 = FakeS3(
            NAME,
            self.network,
            self.clock,
            self.ahead,
            versioned=setup.versioned,
            by_start=setup.by_start,
        )
        self.channel = Channel(TRANSPORTS[setup.transport % len(TRANSPORTS)])
        self.keys = KEYS[: setup.keys]
        self.store = _Store(cast("Any", self.table), self.table.name, SHARDS, self._function_clock)
        self.store.seen = seen
        self.store.items = self.table.items
        self.buckets = Buckets(
            lambda: cast("Any", self.s3), Scope((Entry(NAME),)), self._function_clock
        )
        self.bucket = self.buckets[NAME]
        self.readers = Readers()
        if setup.poison:
            self._poison(setup.poison)
        self._function = function.load()
        self._subject: str | None = None
        self._latest: dict[str, int] = {}
        self._changed: dict[str, str] = {}

    def step(self, step: Step) -> None:
        """Play one step."""
        # Each at another moment, but often within the same second.
        self.clock.advance(timedelta(milliseconds=7 + step.pick % 400))
        self.s3.requester = REQUESTERS[step.pick // 12 % len(REQUESTERS)]
        _ACTIONS[step.action](self, step)

    def _poison(self, poison: Poison) -> None:
        """Add rows from before implausible sequencers got a lookup."""
        for number, key in enumerate(self.keys):
            forged = POISONS[number % len(POISONS)]
            if poison is Poison.REPAIRED:
                [happening] = self.s3.put(key, "Put", number, "etag")
                asked_at: int | None = microseconds(self.clock.now)
            else:
                [happening] = self.s3.forge(key, forged, 2 * number + (poison is Poison.DELETED))
                asked_at = None
            event = parse(happenings.record(happening, 0))
            if event:
                # Those versions kept no requester.
                row = replace(
                    from_event(event),
                    sequencer=forged,
                    asked_at=asked_at,
                    requester=None,
                    source_ip=None,
                )
                item = to_item(row, SHARDS)
                self.table.items[item["pk"]["S"], key] = item
                self.readers.read(None, item)

    def finish(self) -> None:
        """Deliver outstanding messages, reconcile if some were lost, and compare.

        Poisoned rows are healed in the end. Of those, only tombstones need no reconcile.
        """
        self.settle()
        while self.network.in_flight:
            self.network.arrive(0)
        missing = [emission for emission in self.channel.emissions if not emission.handled]
        if not all(emission.lost for emission in missing):
            raise Violation("a transport lost a message")
        if missing:
            self.seen["repaired by a reconcile"] += 1
            self._run(Step(Action.RECONCILE))
        if self.setup.poison in {None, Poison.DELETED}:
            self.compare(reconciled=bool(missing))
        if not missing and not self.setup.poison:
            self._compare_requesters()
        if self.setup.poison:
            self._heal()
            self.compare()

    def _heal(self) -> None:
        """Reconcile, and change each object once more."""
        self._run(Step(Action.RECONCILE))
        for item in self.table.items.values():
            if self._forged(item):
                raise Violation(f"a reconcile did not heal {item}")
        for number, key in enumerate(self.keys):
            self._send(Step(Action.PUT), self.s3.put(key, "Put", 5, f"etag-{number}"))
        self.settle()

    def _forged(self, item: Item) -> bool:
        sequencer = item["sequencer"]["S"]
        return sequencer != BEFORE_ALL and not self.s3.issued(sequencer)

    def compare(self, *, reconciled: bool = False) -> None:
        """Check that catalog and bucket are equal, and what follows from the catalog's rows.

        Storage class and restore state may be missing in a row, unless an event said that they
        changed, or the bucket is `reconciled`.
        """
        rows = {row.key: row for row in self.rows()}
        self.readers.mirror_all()
        mirror = {k: s for k, s in self.readers.mirror.items() if s.size is not None}
        if {k: (s.size, s.etag, s.version_id) for k, s in mirror.items()} != {
            key: (row.size, row.etag, row.version_id) for key, row in rows.items()
        }:
            raise Violation(f"mirror {mirror}, catalog {rows}")
        if self.readers.total != Tally(len(rows), sum(row.size or 0 for row in rows.values())):
            raise Violation(f"total {self.readers.total}, catalog {rows}")
        published = {key: new for key, new in self.readers.stored.items() if new}
        if {k: (new["storage_class"], new["restore"]) for k, new in published.items()} != {
            key: (row.storage_class, row.restore) for key, row in rows.items()
        }:
            raise Violation(f"published {published}, catalog {rows}")
        for key in rows.keys() | self.s3.versions.keys():
            row, version = rows.get(key), self.s3.current(key)
            if (row is None) != (version is None):
                raise Violation(f"{key!r}: bucket {version}, catalog {row}")
            if row is None or version is None:
                continue
            known = None if version.id == "null" else version.id
            if (row.size, row.etag) != (version.size, version.etag) or (
                row.version_id not in {None, known}
            ):
                raise Violation(f"{key!r}: bucket {version}, catalog {row}")
            listed = None if version.storage_class == "STANDARD" else version.storage_class
            unknown = (row.storage_class, row.restore) == (None, None)
            if (row.storage_class, row.restore) != (listed, version.restore) and (
                reconciled or version.moved or not unknown
            ):
                raise Violation(f"{key!r}: stored as {version}, catalog {row}")
            self.seen["storage class in the catalog"] += row.storage_class is not None
            self.seen["restore in the catalog"] += row.restore is not None

    def _compare_requesters(self) -> None:
        """Check that each row has the requester of the event that made its state, or none.

        A row without a lookup has it, and a version with an id that was current ever since.
        """
        for (_, key), item in self.table.items.items():
            row, version = from_item(cast("Any", item)), self.s3.current(key)
            if row.deleted:
                deleters = self.s3.deleters.get(key, [])
                if not self.setup.versioned:
                    deleters = deleters[-1:]
                allowed, sure = set(deleters), row.asked_at is None
            elif version:
                allowed = {version.requester}
                sure = row.asked_at is None or not (version.id == "null" or version.uncovered)
            if row.requester not in allowed and (sure or row.requester is not None):
                raise Violation(f"requester of {row}, not of {allowed} ({version})")
            if row.source_ip != happenings.source_ip(row.requester):
                raise Violation(f"requester and source of {row} are of two events")
            if row.asked_at is not None and row.requester:
                self.seen[f"looked up, with requester, deleted {row.deleted}"] += 1

    def rows(self) -> Iterator[Row]:
        """Yield the rows of existing objects."""
        client = cast("Any", self.table)
        return matching_rows(client, self.table.name, NAME, SHARDS, consistent=True)

    def reconcile(self) -> None:
        """Compare bucket and catalog, and repair the catalog."""
        for _ in reconcile(self.store, self.bucket):
            self.seen["checkpoint"] += 1

    def settle(self) -> None:
        """Deliver all outstanding and failed messages, without faults."""
        while self.channel.failed:
            self._redrive(Step(Action.REDRIVE))
        while self.channel.outstanding:
            self._deliver(Step(Action.DELIVER, count=5))

    # Actions of users and S3 --------------------------------------------------------------------

    def _put(self, step: Step) -> None:
        kind = KINDS[step.pick % len(KINDS)]
        # Few contents: the same one returns, as when a file is uploaded again.
        size = step.pick % 3
        stored = CLASSES[step.pick // 5 % 5 % len(CLASSES)]
        self._send(step, self.s3.put(self._key(step), kind, size, f"etag-{step.pick % 4}", stored))

    def _start(self, step: Step) -> None:
        self.s3.start_upload(self._key(step))

    def _complete(self, step: Step) -> None:
        if self.s3.uploads:
            upload = self.s3.uploads[step.pick % len(self.s3.uploads)]
            happenings = self.s3.complete_upload(upload, step.pick % 3, f"etag-{step.pick % 4}")
            overlaps = self._changed.get(upload.key, "") > upload.sequencer
            if happenings and overlaps:
                order = "start" if self.setup.by_start else "end"
                self.seen[f"upload overlaps another change, ordered by {order}"] += 1
            self._send(step, happenings)

    def _delete(self, step: Step) -> None:
        self._send(step, self.s3.delete(self._key(step), step.pick))

    def _delete_version(self, step: Step) -> None:
        versions = self.s3.versions.get(self._key(step), [])
        if versions:
            self._drop(step, versions[step.pick % len(versions)].id)

    def _delete_current(self, step: Step) -> None:
        version = self.s3.current(self._key(step))
        if version:
            self._drop(step, version.id)

    def _delete_marker(self, step: Step) -> None:
        versions = self.s3.versions.get(self._key(step), [])
        marker = next((version for version in versions if version.etag is None), None)
        if marker:
            self._drop(step, marker.id)

    def _drop(self, step: Step, id: str) -> None:
        key = self._key(step)
        before = self.s3.versions[key][0]
        self._send(step, self.s3.delete_version(key, id, step.pick))
        if self.s3.current(key) and before.id == id:
            self.seen["undelete" if before.etag is None else "older version uncovered"] += 1

    def _expire(self, step: Step) -> None:
        self._send(step, self.s3.expire(self._key(step), step.pick))

    def _expire_old(self, step: Step) -> None:
        key = self._key(step)
        versions = self.s3.versions.get(key, [])
        old = versions[1:] or [version for version in versions if version.etag is None]
        if old:
            version = old[step.pick % len(old)]
            self._send(step, self.s3.expire_version(key, version.id, step.pick // 4))

    def _switch(self, _: Step) -> None:
        if self.s3.versioned or self.s3.suspended or self.setup.versioned:
            self.s3.switch()

    def _tag(self, step: Step) -> None:
        self._send(step, self.s3.tag(self._key(step)))

    def _transition(self, step: Step) -> None:
        self._send(step, self.s3.transition(self._key(step), step.pick))

    def _restore(self, step: Step) -> None:
        self._send(step, self.s3.restore(self._key(step), step.pick))

    def _send(self, step: Step, happenings: list[Happening]) -> None:
        for happening in happenings:
            if happening.order:
                latest = self._changed.get(happening.key, "")
                self._changed[happening.key] = max(latest, happening.order)
            elif happening.sequencer and happening.followed and step.action is not Action.FORGE:
                self.seen["sequencer of another event"] += 1
        self.channel.send(happenings, step.pick, join=step.flag)

    # Actions of transports and operators --------------------------------------------------------

    def _deliver(self, step: Step) -> None:
        messages = self.channel.take(step.pick, step.count)
        while messages:
            messages = self._handle(messages, step)
            retried = messages if step.flag else []
            for message in messages:
                self.channel.keep(message)
            messages = [message for message in retried if message in self.channel.outstanding]
            for message in messages:
                self.channel.outstanding.remove(message)

    def _duplicate(self, step: Step) -> None:
        emissions = self.channel.emissions[-20:]
        emission = emissions[step.pick % len(emissions)] if emissions else None
        if emission and not emission.lost and self.clock.now < emission.deadline:
            self.channel.copy(emission, step.pick)

    def _forge(self, step: Step) -> None:
        """Send a put or a marker that never happened, with an implausible sequencer."""
        self.seen["forged"] += 1
        forged = self.s3.forge(self._key(step), FORGERIES[step.pick % len(FORGERIES)], step.pick)
        self._send(step, forged)

    def _redrive(self, step: Step) -> None:
        if self.channel.failed:
            message = self.channel.failed.pop(step.pick % len(self.channel.failed))
            self.seen["redrive"] += 1
            self.channel.failed.extend(self._handle([message], step))

    def _lose(self, step: Step) -> None:
        lists = [
            messages for messages in (self.channel.outstanding, self.channel.failed) if messages
        ]
        if self.setup.lossy and lists:
            messages = lists[step.pick % len(lists)]
            messages.pop(step.pick % len(messages)).emission.lost = True
            self.seen["lost"] += 1

    def _reconcile(self, step: Step) -> None:
        if self.setup.repairing:
            self._run(step)

    def _run(self, step: Step) -> None:
        with self._invocation(step) as invocation:
            try:
                self.reconcile()
            except Crash:
                self.seen["reconcile crashed"] += 1
            except (ClientError, BotoCoreError, ContendedError) as error:
                if not invocation.troubled:
                    raise Violation("the reconcile failed without cause") from error

    def _wait(self, step: Step) -> None:
        """Let time pass. Messages arrive at the last possible moment, but not later."""
        while self.network.in_flight:
            self.network.arrive(step.pick)
        until = self.clock.now + WAITS[step.pick % len(WAITS)]
        while overdue := [
            message
            for message in (*self.channel.outstanding, *self.channel.failed)
            if message.emission.deadline <= until
        ]:
            message = min(overdue, key=lambda message: message.emission.deadline)
            self._pass(message.emission.deadline)
            for messages in (self.channel.outstanding, self.channel.failed):
                if message in messages:
                    messages.remove(message)
            self._handle([message], Step(Action.DELIVER, offset=step.offset))
            self.seen["delivered at the last moment"] += 1
        self._pass(until)

    def _pass(self, until: datetime) -> None:
        self.clock.now = max(self.clock.now, until)
        gone = self.table.expire(until - timedelta(days=self.setup.ttl_lag))
        for key in gone:
            self.readers.forget(key)
        for message in (*self.channel.outstanding, *self.channel.failed):
            for happening in message.emission.happenings:
                tombstone = gone.get(happening.key)
                if not tombstone or self._forged(tombstone):
                    continue
                if rank(happening.order or "F") < rank(tombstone["sequencer"]["S"]):
                    raise Violation(f"{tombstone} expired before {happening} arrived")
        if gone and not self.channel.outstanding and not self.channel.failed:
            self.seen["tombstone expired with nothing outstanding"] += len(gone)

    def _arrive(self, step: Step) -> None:
        self.network.arrive(step.pick)

    def _settle(self, _: Step) -> None:
        self.settle()

    # Actions during a request -------------------------------------------------------------------

    def _meanwhile(self, fault: Fault, key: str) -> None:
        outer, self._subject = self._subject, key
        if fault.trouble is Trouble.STORM:
            self.seen["storm"] += 1
            steps = (Step(Action.PUT, key=-1, pick=fault.detail), Step(Action.DELIVER, pick=-1))
        else:
            steps = fault.meanwhile  # type: ignore[assignment]
        for step in steps:
            self.step(step)
        self._subject = outer

    def _key(self, step: Step) -> str:
        if step.key < 0 and self._subject:
            return self._subject
        return self.keys[step.key % len(self.keys)]

    # The function -------------------------------------------------------------------------------

    def _handle(self, messages: list[Message], step: Step) -> list[Message]:
        """Invoke the function with `messages`; return those that failed."""
        known = {
            key: rank(item["sequencer"]["S"])
            for (_, key), item in self.table.items.items()
            if not self._forged(item)
        }
        with self._invocation(step) as invocation:
            failed = {message.id for message in messages}
            reply: dict[str, Any] | None = None
            try:
                reply = self._function.handler(self.channel.transport.delivery(messages), None)
            except Crash:
                self.seen["crash after a write"] += bool(invocation.written)
            except self._function.IngestError:
                self.seen["failed"] += 1
        if reply is not None:
            failures = reply["batchItemFailures"]
            failed &= {failure["itemIdentifier"] for failure in failures}
            if failures and not self.channel.transport.wrap:
                raise Violation("a reply with failures, but no queue to read it")
        if not invocation.troubled:
            if failed or reply is None:
                raise Violation("the function failed without cause")
            _check_counts(reply, messages, invocation.written, known)
        if max(invocation.refused.values(), default=0) >= LOOKUPS:
            self.seen["contended"] += 1
        for message in messages:
            if message.id not in failed:
                self._succeeded(message)
        return [message for message in messages if message.id in failed]

    @contextmanager
    def _invocation(self, step: Step) -> Iterator[Invocation]:
        invocation = Invocation(step.faults, step.offset * MINUTE)
        vars(self._function).update(_store=self.store, _buckets=self.buckets)
        self.network.invocations.append(invocation)
        try:
            yield invocation
        finally:
            self.network.invocations.pop()

    def _function_clock(self) -> datetime:
        return self.clock.now + self.ahead + self.network.current.offset

    # Invariants ---------------------------------------------------------------------------------

    def _written(self, old: Item | None, new: Item) -> None:
        """A row's sequencer never decreases, and its place in the change feed always increases.

        But once it decreases: by a marked write, if S3 did not issue it. The mark stays.
        """
        mark, before = (item.get("healed_at") if item else None for item in (new, old))
        if mark != before:
            if not old or not mark or not self._forged(old):
                raise Violation(f"healed without cause, or the mark lost: {old} became {new}")
            self.seen["healed"] += 1
        elif old and rank(new["sequencer"]["S"]) < rank(old["sequencer"]["S"]):
            raise Violation(f"the sequencer decreased: {old} became {new}")
        if old and _place_in_feed(new) <= _place_in_feed(old):
            raise Violation(f"the place in the change feed did not increase: {old} became {new}")
        self.readers.read(old, new)

    def _succeeded(self, message: Message) -> None:
        """A message that succeeded has had its effect, or a later event has."""
        self.seen["duplicate"] += message.emission.handled
        message.emission.handled = True
        known = {key: item for (_, key), item in self.table.items.items()}
        for happening in message.emission.happenings:
            if happening.order is None:
                continue
            item = known.get(happening.key)
            if item is None or rank(item["sequencer"]["S"]) < rank(happening.order):
                raise Violation(f"{happening} was reported as done, the row is {item}")
            self._note_order(happening)

    def _note_order(self, happening: Happening) -> None:
        order = rank(happening.order or "")
        latest = self._latest
        self.seen["older than its row"] += latest.get(happening.key, 0) > order
        others = (latest[key] for key in latest if key != happening.key)
        self.seen["reordered across keys"] += max(others, default=0) > order
        latest[happening.key] = max(latest.get(happening.key, 0), order)


def _place_in_feed(item: Item) -> tuple[int, int, int]:
    """The order of the messages of a key, for a subscriber (docs/changes.md)."""
    healed_at, asked_at = (
        int(item.get(name, {}).get("N", "0")) for name in ("healed_at", "asked_at")
    )
    return healed_at, rank(item["sequencer"]["S"]), asked_at


def _check_counts(
    reply: dict[str, Any], messages: list[Message], written: set[str], known: dict[str, int]
) -> None:
    """Check the counts of a reply: every record once, no event older than `known`, by key."""
    changes = [happening for message in messages for happening in message.emission.happenings]
    followed = [happening for happening in changes if happening.followed]
    keys = {happening.key for happening in followed}
    unordered = {happening.key for happening in followed if happening.order is None}
    uploads = {happening.key for happening in followed if happening.upload}
    new = {
        happening.key
        for happening in followed
        if happening.order is not None and rank(happening.order) > known.get(happening.key, -1)
    }
    if (
        not new | unordered <= written <= new | unordered | uploads
        or reply["written"] != len(written)
        or reply["written"] + reply["superseded"] != len(keys)
        or reply["ignored"] != len(changes) - len(followed)
        or reply["coalesced"] != len(followed) - len(keys)
    ):
        raise Violation(f"miscounted: {reply}, written {written} of {keys}, new {new}")


_ACTIONS = {
    Action.PUT: World._put,
    Action.START: World._start,
    Action.COMPLETE: World._complete,
    Action.DELETE: World._delete,
    Action.DELETE_VERSION: World._delete_version,
    Action.DELETE_CURRENT: World._delete_current,
    Action.DELETE_MARKER: World._delete_marker,
    Action.EXPIRE: World._expire,
    Action.EXPIRE_OLD: World._expire_old,
    Action.SWITCH: World._switch,
    Action.TAG: World._tag,
    Action.TRANSITION: World._transition,
    Action.RESTORE: World._restore,
    Action.DELIVER: World._deliver,
    Action.DUPLICATE: World._duplicate,
    Action.FORGE: World._forge,
    Action.REDRIVE: World._redrive,
    Action.LOSE: World._lose,
    Action.RECONCILE: World._reconcile,
    Action.WAIT: World._wait,
    Action.ARRIVE: World._arrive,
    Action.SETTLE: World._settle,
}


def simulate(history: History, seen: Counter[str]) -> None:
    """Play `history`, and count cases in `seen`. Raises Violation if an invariant does not hold."""
    world = World(history.setup, seen)
    usual, batch.SIZE = batch.SIZE, history.setup.size
    try:
        for step in history.steps:
            world.step(step)
        world.finish()
    finally:
        batch.SIZE = usual
