"""The simulated world: buckets, their catalog, the transports between them, and the invariants."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import patch

from botocore.exceptions import BotoCoreError, ClientError

from s3_catalog.exceptions import ContendedError
from s3_catalog.model.row import BEFORE_ALL, OUT_OF_SCOPE, from_event
from s3_catalog.model.scope import Entry, Scope
from s3_catalog.model.sequencer import canonical
from s3_catalog.model.timestamps import microseconds
from s3_catalog.reconciliation import key_ranges, removal
from s3_catalog.reconciliation.repair import reconcile
from s3_catalog.s3.bucket import Buckets
from s3_catalog.s3.record import parse
from s3_catalog.table import batch_write as batch
from s3_catalog.table import merged_query
from s3_catalog.table.item import to_item
from s3_catalog.table.store import Outcome, Store
from tests.simulator import attachments, function
from tests.simulator import happening as happenings
from tests.simulator.at_once import AtOnce
from tests.simulator.attachments import BUCKETS, Attachments, Covered
from tests.simulator.clock import START, Clock
from tests.simulator.delivery import OF_EVENTBRIDGE, TRANSPORTS, Channel, Message
from tests.simulator.expression import Item
from tests.simulator.fault_kinds import FaultKind
from tests.simulator.happening import Happening, rank
from tests.simulator.history import Action, Fault, History, Poison, Setup, Step, Trouble
from tests.simulator.network import Crash, Invocation, Network, Place
from tests.simulator.oracle import Oracle, check_counts
from tests.simulator.readers import Readers
from tests.simulator.s3 import CLASSES, Account, FakeS3
from tests.simulator.table import FakeTable, place_of
from tests.simulator.violation import Violation
from tests.simulator.wire import dynamodb_of, s3_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from s3_catalog.model.event import Event

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

WRITTEN_IN_BATCHES = (
    *(f"ObjectCreated:{kind}" for kind in KINDS),
    "ObjectRemoved:DeleteMarkerCreated",
)

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
            rows = (
                item for item in self.items.values() if place_of(item) == (event.bucket, event.key)
            )
            looked_up = any("asked_at" in row for row in rows)
            reason = "lookup" if looked_up else "sequencer and time contradict each other"
            self.seen[f"undecided: {reason}"] += 1
        return outcome


class World:
    """Buckets and their catalog under `setup`. `seen` counts cases by name."""

    def __init__(self, setup: Setup, seen: Counter[str]) -> None:
        self.setup = setup
        self.seen = seen
        self.clock = Clock()
        self.ahead = timedelta(minutes=setup.s3_clock)
        self.network = Network(self._meanwhile, seen)
        self.table = FakeTable("simulated-table", self.network, self._written)
        names = BUCKETS if setup.scope else BUCKETS[:1]
        self.s3 = {
            name: FakeS3(
                name,
                self.network,
                self.clock,
                self.ahead,
                versioned=setup.versioned == (name == BUCKETS[0]),
                by_start=setup.by_start,
                exact_times=setup.exact_times,
            )
            for name in names
        }
        self.client = Account(self.s3)
        transports = OF_EVENTBRIDGE if setup.scope else TRANSPORTS
        self.channel = Channel(transports[setup.transport % len(transports)], setup.in_order)
        self.keys = attachments.KEYS if setup.scope else KEYS[: setup.keys]
        # One setup in eight through our clients, which takes twice as long.
        wired = Random(str(setup)).randrange(8) == 0  # noqa: S311  (not for secrets)
        seen["through our clients"] += wired
        items = cast("Any", dynamodb_of(self.table) if wired else self.table)
        self.versions = cast("Any", s3_of(self.client) if wired else self.client)
        self.store = _Store(items, self.table.name, SHARDS, self._function_clock)
        self.store.seen = seen
        self.store.items = self.table.items
        self.readers = Readers()
        self.oracle = Oracle(self.s3, self.table, self.readers, SHARDS, seen)
        self.attachments: Attachments | None = None
        if setup.scope:
            self.attachments = Attachments(
                *(setup.scope, self.store, self.network, self.clock, self._function_clock),
                *(self._invocation, self._set_scope),
            )
        else:
            self._set_scope(Scope((Entry(BUCKETS[0]),)), Covered({BUCKETS[0]: ("",)}))
        if setup.poison:
            self._poison(setup.poison)
        self._function = function.load()
        self._subject: Place | None = None
        self._latest: dict[Place, int] = {}
        self._changed: dict[Place, str] = {}

    def _set_scope(self, scope: Scope, covered: Covered) -> None:
        self.scope, self.covered = scope, covered
        self.buckets = Buckets(lambda: self.versions, scope, self._function_clock)

    def step(self, step: Step) -> None:
        """Play one step."""
        # Each at another moment, but often within the same second.
        self.clock.advance(timedelta(milliseconds=7 + step.pick % 400))
        requester = REQUESTERS[step.pick // 12 % len(REQUESTERS)]
        for s3 in self.s3.values():
            s3.requester = requester
        _ACTIONS[step.action](self, step)

    def _poison(self, poison: Poison) -> None:
        """Add rows from before implausible sequencers got a lookup."""
        [s3] = self.s3.values()
        for number, key in enumerate(self.keys):
            forged = POISONS[number % len(POISONS)]
            if poison is Poison.REPAIRED:
                [happening] = s3.put(key, "Put", number, "etag")
                asked_at: int | None = microseconds(self.clock.now)
            else:
                [happening] = s3.forge(key, forged, 2 * number + (poison is Poison.DELETED))
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

        Poisoned rows are healed in the end. Of those, only tombstones need no reconcile. With a
        scope, keys that are not in doubt are compared before the reconcile as well.
        """
        self.settle()
        while self.network.in_flight:
            self.network.arrive(0)
        missing = [emission for emission in self.channel.emissions if not emission.handled]
        if not all(emission.lost for emission in missing):
            raise Violation("a transport lost a message")
        if self.attachments:
            self._finish_scope(self.attachments)
            return
        if missing:
            self.seen["repaired by a reconcile"] += 1
            self._run(Step(Action.RECONCILE))
        if self.setup.poison in {None, Poison.DELETED}:
            self.compare(reconciled=bool(missing))
        if not missing and not self.setup.poison:
            self.oracle.compare_requesters(())
        if self.setup.poison:
            self._heal()
            self.compare()

    def _finish_scope(self, attachments: Attachments) -> None:
        in_doubt = [place for place in attachments.doubts if place in self.covered]
        leftovers = bool(attachments.unfinished)
        self.compare()
        self.oracle.compare_requesters(attachments.ever_in_doubt)
        attachments.check_switches()
        if not attachments.doubts:
            self.seen["without doubts"] += 1
        if in_doubt or leftovers:
            self.seen["repaired by a reconcile"] += 1
            self._run(Step(Action.RECONCILE))
            attachments.doubts.clear()
            if attachments.unfinished:
                raise Violation("the removal did not finish")
            self.compare(reconciled=True)

    def _heal(self) -> None:
        """Reconcile, and change each object once more."""
        [s3] = self.s3.values()
        self._run(Step(Action.RECONCILE))
        for item in self.table.items.values():
            if self._forged(item):
                raise Violation(f"a reconcile did not heal {item}")
        for number, key in enumerate(self.keys):
            self._send(Step(Action.PUT), s3.put(key, "Put", 5, f"etag-{number}"))
        self.settle()

    def _forged(self, item: Item) -> bool:
        sequencer = item["sequencer"]["S"]
        bucket, _ = place_of(item)
        return sequencer != BEFORE_ALL and not self.s3[bucket].issued(sequencer)

    def compare(self, *, reconciled: bool = False) -> None:
        """Compare catalog and buckets, but for keys in doubt; all if they are `reconciled`."""
        of_scope = self.attachments
        self.oracle.compare(
            self.covered,
            doubts=of_scope.doubts if of_scope else (),
            unfinished=of_scope.unfinished if of_scope else (),
            reconciled=reconciled,
        )

    def reconcile(self, bucket: str) -> None:
        """Compare `bucket` and catalog, in ranges, and repair the catalog."""
        stored = self.buckets[bucket]
        if not self.attachments:
            for _ in reconcile(self.store, stored):
                self.seen["checkpoint"] += 1
            return
        for each in key_ranges.split(cast("Any", self.client), self.scope):
            if each["bucket"] == bucket:
                for _ in reconcile(
                    self.store,
                    stored,
                    prefix=each["prefix"],
                    after=each["after"],
                    until=each["until"],
                ):
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
        s3, key = self._place(step)
        self._send(step, s3.put(key, kind, size, f"etag-{step.pick % 4}", stored))

    def _start(self, step: Step) -> None:
        s3, key = self._place(step)
        s3.start_upload(key)

    def _complete(self, step: Step) -> None:
        s3 = self._bucket(step)
        if s3.uploads:
            upload = s3.uploads[step.pick % len(s3.uploads)]
            happenings = s3.complete_upload(upload, step.pick % 3, f"etag-{step.pick % 4}")
            overlaps = self._changed.get((s3.name, upload.key), "") > upload.sequencer
            if happenings and overlaps:
                order = "start" if self.setup.by_start else "end"
                self.seen[f"upload overlaps another change, ordered by {order}"] += 1
            self._send(step, happenings)

    def _delete(self, step: Step) -> None:
        s3, key = self._place(step)
        self._send(step, s3.delete(key, step.pick))

    def _delete_version(self, step: Step) -> None:
        s3, key = self._place(step)
        versions = s3.versions.get(key, [])
        if versions:
            self._drop(step, versions[step.pick % len(versions)].id)

    def _delete_current(self, step: Step) -> None:
        s3, key = self._place(step)
        version = s3.current(key)
        if version:
            self._drop(step, version.id)

    def _delete_marker(self, step: Step) -> None:
        s3, key = self._place(step)
        versions = s3.versions.get(key, [])
        marker = next((version for version in versions if version.etag is None), None)
        if marker:
            self._drop(step, marker.id)

    def _drop(self, step: Step, id: str) -> None:
        s3, key = self._place(step)
        before = s3.versions[key][0]
        self._send(step, s3.delete_version(key, id, step.pick))
        if s3.current(key) and before.id == id:
            self.seen["undelete" if before.etag is None else "older version uncovered"] += 1

    def _expire(self, step: Step) -> None:
        s3, key = self._place(step)
        self._send(step, s3.expire(key, step.pick))

    def _expire_old(self, step: Step) -> None:
        s3, key = self._place(step)
        versions = s3.versions.get(key, [])
        old = versions[1:] or [version for version in versions if version.etag is None]
        if old:
            version = old[step.pick % len(old)]
            self._send(step, s3.expire_version(key, version.id, step.pick // 4))

    def _switch(self, step: Step) -> None:
        s3 = self._bucket(step)
        if s3.versioned or s3.suspended:
            s3.switch()

    def _tag(self, step: Step) -> None:
        s3, key = self._place(step)
        self._send(step, s3.tag(key))

    def _transition(self, step: Step) -> None:
        s3, key = self._place(step)
        self._send(step, s3.transition(key, step.pick))

    def _restore(self, step: Step) -> None:
        s3, key = self._place(step)
        self._send(step, s3.restore(key, step.pick))

    def _send(self, step: Step, happenings: list[Happening]) -> None:
        for happening in happenings:
            place = happening.bucket, happening.key
            if self.attachments and not self.attachments.sends(happening.bucket):
                self.attachments.doubt(place)
                self.seen["not sent: EventBridge is off"] += place in self.covered
                return
            if step.action is not Action.FORGE:
                inexact = happening.stamp != self.clock.now + self.ahead
                self.seen[FaultKind.INEXACT_TIMES.value] += inexact
            if happening.order:
                latest = self._changed.get(place, "")
                self._changed[place] = max(latest, happening.order)
            elif happening.sequencer and happening.followed and step.action is not Action.FORGE:
                self.seen["sequencer of another event"] += 1
        self.channel.send(happenings, step.pick, join=step.flag)

    # Actions of transports and operators --------------------------------------------------------

    def _deliver(self, step: Step) -> None:
        if self.channel.outstanding and not self.channel.in_order:
            oldest = step.pick % len(self.channel.outstanding) == 0
            self.seen[FaultKind.REORDERING.value] += not oldest
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
        if not emission or emission.lost or emission.closed:
            return
        if self.clock.now < emission.deadline:
            self.channel.copy(emission, step.pick)
            self.seen[FaultKind.DUPLICATES.value] += 1

    def _forge(self, step: Step) -> None:
        """Send a put or a marker that never happened, with an implausible sequencer."""
        self.seen[FaultKind.FORGERIES.value] += 1
        s3, key = self._place(step)
        forged = s3.forge(key, FORGERIES[step.pick % len(FORGERIES)], step.pick)
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
        if lists:
            messages = lists[step.pick % len(lists)]
            emission = messages.pop(step.pick % len(messages)).emission
            emission.lost = True
            if self.attachments:
                for happening in emission.happenings:
                    self.attachments.doubt((happening.bucket, happening.key))
            self.seen[FaultKind.LOSSES.value] += 1

    def _reconcile(self, step: Step) -> None:
        if self.setup.repairing:
            self._run(step)

    def _run(self, step: Step) -> None:
        """Remove what is not in the scope, and compare its buckets."""
        if self.attachments:
            for bucket in sorted(self.attachments.unfinished):
                self.attachments.repair(step, bucket)
        for bucket in self.scope.buckets:
            self._compare_bucket(step, bucket)

    def _compare_bucket(self, step: Step, bucket: str) -> None:
        if bucket not in self.scope.buckets:  # It was detached while another was compared.
            return
        scope, settled = self.scope, self._settled(bucket)
        with self._invocation(step) as invocation:
            try:
                self.reconcile(bucket)
            except Crash:
                self.seen["reconcile crashed"] += 1
                return
            except (ClientError, BotoCoreError, ContendedError) as error:
                if not invocation.troubled:
                    raise Violation("the reconcile failed without cause") from error
                return
        if self.attachments and self.scope is scope:
            self._dispel(self.attachments, settled)

    def _settled(self, bucket: str) -> dict[Place, int]:
        """Return the keys in doubt of which no event is on its way, and how often they were.

        A comparison that ends makes their rows right for good. Of other keys an older event may
        come later, which only the next one repairs: see docs/correctness.md.
        """
        if not self.attachments or self.network.in_flight or self.network.invocations:
            return {}
        coming = {
            (happening.bucket, happening.key)
            for message in (*self.channel.outstanding, *self.channel.failed)
            for happening in message.emission.happenings
        } | {(bucket, upload.key) for upload in self.s3[bucket].uploads}
        return {
            place: times
            for place, times in self.attachments.doubts.items()
            if place[0] == bucket and place in self.covered and place not in coming
        }

    def _dispel(self, attachments: Attachments, settled: dict[Place, int]) -> None:
        certain = {place for place, times in settled.items() if attachments.doubts[place] == times}
        for place in certain:
            del attachments.doubts[place]
            self.seen["certain after a comparison"] += 1
        for emission in self.channel.emissions:
            [happening] = emission.happenings
            emission.closed |= (happening.bucket, happening.key) in certain

    def _wait(self, step: Step) -> None:
        """Let time pass. Messages arrive at the last possible moment, but not later."""
        self.seen[FaultKind.DELAYS.value] += bool(self.channel.outstanding or self.channel.failed)
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
        for place in gone:
            self.readers.forget(place)
        for message in (*self.channel.outstanding, *self.channel.failed):
            for happening in message.emission.happenings:
                tombstone = gone.get((happening.bucket, happening.key))
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

    def _deploy(self, step: Step) -> None:
        if self.attachments and self.setup.moving:
            self.attachments.deploy(step, self._bucket(step).name, self._compare_bucket)

    def _read_configuration(self, step: Step) -> None:
        if self.attachments and self.setup.moving:
            self.attachments.read_configuration(self._bucket(step).name)

    def _write_configuration(self, step: Step) -> None:
        if self.attachments and self.setup.moving:
            self.attachments.write_configuration(self._bucket(step).name, step.pick)
            self.seen[FaultKind.OTHER_WRITERS.value] += 1

    # Actions during a request -------------------------------------------------------------------

    def _meanwhile(self, fault: Fault, place: Place) -> None:
        outer, self._subject = self._subject, place
        if fault.trouble is Trouble.STORM:
            self.seen[fault.trouble.value] += 1
            steps = (Step(Action.PUT, key=-1, pick=fault.detail), Step(Action.DELIVER, pick=-1))
        else:
            steps = fault.meanwhile  # type: ignore[assignment]
        for step in steps:
            self.step(step)
        self._subject = outer

    def _place(self, step: Step) -> tuple[FakeS3, str]:
        if step.key < 0 and self._subject and self._subject[1] in self.keys:
            return self.s3[self._subject[0]], self._subject[1]
        return self._bucket(step), self.keys[step.key % len(self.keys)]

    def _bucket(self, step: Step) -> FakeS3:
        if step.key < 0 and self._subject and self._subject[0]:
            return self.s3[self._subject[0]]
        return self.s3[BUCKETS[step.bucket % len(self.s3)]]

    # The function -------------------------------------------------------------------------------

    def _handle(self, messages: list[Message], step: Step) -> list[Message]:
        """Invoke the function with `messages`; return those that failed."""
        known = {
            place_of(item): rank(item["sequencer"]["S"])
            for item in self.table.items.values()
            if not self._forged(item)
        }
        covered = self.covered
        # Each process of the function remembers batches of its own: a forgotten one, or any.
        drawn = step.pick // 2
        self.store.existing = (
            {name: bool(drawn >> n & 1) for n, name in enumerate(WRITTEN_IN_BATCHES)}
            if step.pick % 2
            else {}
        )
        self.seen["a process expects rows of new objects"] += any(self.store.existing.values())
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
            check_counts(reply, messages, invocation.written, known, covered)
        if max(invocation.refused.values(), default=0) >= LOOKUPS:
            self.seen["contended"] += 1
        for message in messages:
            if message.id not in failed:
                self._succeeded(message, covered)
        return [message for message in messages if message.id in failed]

    @contextmanager
    def _invocation(self, step: Step) -> Iterator[Invocation]:
        invocation = Invocation(step.faults, step.offset * MINUTE)
        self.seen[FaultKind.CLOCKS.value] += bool(step.offset or self.ahead)
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

        But once it decreases: by a marked write, if S3 did not issue it. The mark stays. Only the
        row of a key that is not in the scope is removed.
        """
        if self.attachments and new["event_name"]["S"] == OUT_OF_SCOPE:
            self.attachments.check_removal(place_of(new))
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

    def _succeeded(self, message: Message, covered: Covered) -> None:
        """A message that succeeded has had its effect, or a later event has.

        Unless its key was not `covered` by the scope that the function began with.
        """
        self.seen["duplicate"] += message.emission.handled
        message.emission.handled = True
        known = {place_of(item): item for item in self.table.items.values()}
        for happening in message.emission.happenings:
            place = happening.bucket, happening.key
            self.seen["late event of a key that left the scope"] += place not in self.covered
            # After a change of the scope a row may have been removed.
            if happening.order is None or place not in covered or covered is not self.covered:
                continue
            item = known.get(place)
            if item is None or rank(item["sequencer"]["S"]) < rank(happening.order):
                raise Violation(f"{happening} was reported as done, the row is {item}")
            self._note_order(happening)

    def _note_order(self, happening: Happening) -> None:
        order = rank(happening.order or "")
        latest, place = self._latest, (happening.bucket, happening.key)
        self.seen["older than its row"] += latest.get(place, 0) > order
        others = (latest[other] for other in latest if other != place)
        self.seen["reordered across keys"] += max(others, default=0) > order
        latest[place] = max(latest.get(place, 0), order)


def _place_in_feed(item: Item) -> tuple[int, int, int]:
    """The order of the messages of a key, for a subscriber (docs/changes.md)."""
    healed_at, asked_at = (
        int(item.get(name, {}).get("N", "0")) for name in ("healed_at", "asked_at")
    )
    return healed_at, rank(item["sequencer"]["S"]), asked_at


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
    Action.DEPLOY: World._deploy,
    Action.READ_CONFIGURATION: World._read_configuration,
    Action.WRITE_CONFIGURATION: World._write_configuration,
}


def simulate(history: History, seen: Counter[str]) -> timedelta:
    """Play `history`, count cases in `seen`, and return the time that passed in it.

    Raises Violation if an invariant does not hold.
    """
    world = World(history.setup, seen)
    with (
        patch.object(batch, "SIZE", history.setup.size),
        # Threads would make faults irreproducible, and take a fifth of the time.
        patch.object(merged_query, "ThreadPoolExecutor", AtOnce),
        patch.object(removal, "ThreadPoolExecutor", AtOnce),
    ):
        for step in history.steps:
            world.step(step)
        world.finish()
    return world.clock.now - START
