"""The scope of a catalog of two buckets, and how it changes in mid-traffic.

A deployment turns the EventBridge switch of a bucket that enters the scope, or leaves it; rows of
keys that have left are removed, and a bucket with new keys is compared. Other writers change the
notification configurations meanwhile.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, cast

from botocore.exceptions import BotoCoreError, ClientError

from s3_catalog.attachment import switch_resource
from s3_catalog.attachment.bucket_notifications import BucketNotifications
from s3_catalog.attachment.eventbridge_switch import EventBridgeSwitch
from s3_catalog.attachment.switch_check import check_switches
from s3_catalog.exceptions import ContendedError, EventBridgeSwitchError
from s3_catalog.model import scope as scopes
from s3_catalog.model.scope import Entry, Scope
from s3_catalog.reconciliation.removal import remove_out_of_scope
from tests.simulator.clock import Clock
from tests.simulator.configuration import Configuration, ConfigurationClient, OtherWriter
from tests.simulator.history import Step
from tests.simulator.network import Crash, Invocation, Network, Place
from tests.simulator.violation import Violation

if TYPE_CHECKING:
    from s3_catalog.attachment.switch_resource import Outcome
    from s3_catalog.table.store import Store

BUCKETS = ("simulated-bucket", "simulated-bucket-2")

KEYS = ("ü/🚀", "a b", "a b+c%20d/e", "ü/", "a b+c%20d")
"""Keys in the prefixes below and beside them, one of which is a prefix itself."""

PLACES = tuple((bucket, key) for bucket in BUCKETS for key in KEYS)

PREFIXES = (("",), ("ü/",), ("a b+c%20d/", "ü/"), ())
"""The prefixes of a bucket; without any, it is not attached."""

SCOPES = ((0, 1), (2, 0), (1, 1), (0, 3), (0, 0))
"""Of which index each bucket's prefixes are."""

REGION = "us-east-1"


class Covered:
    """The bucket and key pairs that a scope has, decided in another way than the code decides."""

    def __init__(self, prefixes: dict[str, tuple[str, ...]]) -> None:
        self.prefixes = prefixes

    def __contains__(self, place: Place) -> bool:
        bucket, key = place
        return any(key[: len(prefix)] == prefix for prefix in self.prefixes[bucket])


class Attachments:
    """The scope `number` of `SCOPES`, and the configurations of its buckets.

    `invocation` begins an invocation that a step describes, and `replaced` is called with each new
    scope. `doubts` are the keys whose rows only a comparison makes right: an event was lost, not
    sent or ignored, or a row removed. `ever_in_doubt` are all that were. `unfinished` are the
    buckets that may have rows of keys which are not in the scope.
    """

    def __init__(
        self,
        number: int,
        store: "Store",
        network: Network,
        clock: Clock,
        now: Callable[[], datetime],
        invocation: Callable[[Step], AbstractContextManager[Invocation]],
        replaced: Callable[[Scope, "Covered"], None],
    ) -> None:
        chosen = SCOPES[(number - 1) % len(SCOPES)]
        self._set(dict(zip(BUCKETS, (PREFIXES[index] for index in chosen), strict=True)))
        self.doubts: Counter[Place] = Counter()
        self.ever_in_doubt: set[Place] = set()
        self.unfinished: set[str] = set()
        self.configurations = {
            bucket: Configuration(clock.now, on=bool(self.covered.prefixes[bucket]))
            for bucket in BUCKETS
        }
        self._others = {bucket: OtherWriter(c) for bucket, c in self.configurations.items()}
        self._client = ConfigurationClient(self.configurations, network, clock, network.seen)
        self._notifications = BucketNotifications(cast("Any", self._client), "111122223333")
        # The first bucket was found switched on.
        self._ids = {BUCKETS[0]: f"{BUCKETS[0]}:found-on", BUCKETS[1]: f"{BUCKETS[1]}:switched-on"}
        self._store = store
        self._network = network
        self._seen = network.seen
        self._clock = clock
        self._now = now
        self._invocation = invocation
        self._replaced = replaced
        self._deploying = False
        self._removing: Covered | None = None
        for place in PLACES:
            if place not in self.covered:
                self.doubt(place)
        replaced(self.scope, self.covered)

    def sends(self, bucket: str) -> bool:
        """Return whether EventBridge gets the event of a change of `bucket` now."""
        return self.configurations[bucket].sends(self._clock.now)

    def doubt(self, place: Place) -> None:
        """Note that only a comparison makes the row of `place` right."""
        self.doubts[place] += 1
        self.ever_in_doubt.add(place)

    def read_configuration(self, bucket: str) -> None:
        """Let another writer read."""
        self._others[bucket].read()

    def write_configuration(self, bucket: str, change: int) -> None:
        """Let another writer write what it has read, with a `change`."""
        was = self.configurations[bucket].on
        self._others[bucket].write(change, self._clock.now)
        if was and not self.configurations[bucket].on and self.covered.prefixes[bucket]:
            self._seen["another writer turns the switch of an attached bucket off"] += 1

    def deploy(self, step: Step, bucket: str, compare: Callable[[Step, str], None]) -> None:
        """Give `bucket` other prefixes, or none; `compare` repairs its rows."""
        # CloudFormation deploys one scope at a time.
        if self._deploying:
            return
        self._deploying = True
        try:
            self._deploy(step, bucket, PREFIXES[step.pick % len(PREFIXES)], compare)
        finally:
            self._deploying = False

    def _deploy(
        self,
        step: Step,
        bucket: str,
        prefixes: tuple[str, ...],
        compare: Callable[[Step, str], None],
    ) -> None:
        before = self.covered.prefixes[bucket]
        if prefixes == before:
            return
        if not before:
            self._seen["attached"] += 1
            if not self._create(step, bucket):
                return
        grows = any(not _within(prefix, before) for prefix in prefixes)
        self._replace(bucket, prefixes)
        if not prefixes:
            self._seen["detached"] += 1
            self._switch(step, bucket, "Delete")
        if any(not _within(prefix, prefixes) for prefix in before):
            self._seen["a prefix taken away"] += bool(prefixes)
            self.unfinished.add(bucket)
            if not step.flag:  # Or later.
                self.repair(step, bucket)
        if grows:
            compare(step, bucket)

    def repair(self, step: Step, bucket: str) -> None:
        """Remove the rows of `bucket` whose keys are not in the scope; it may change meanwhile."""
        # They may yet write what was in the scope when they began.
        running = bool(self._network.invocations or self._network.in_flight)
        began = self.covered
        outer, self._removing = self._removing, began
        ended = self._remove(step, bucket)
        self._removing = outer
        if ended and not running and self.covered is began:
            self.unfinished.discard(bucket)

    def check_removal(self, place: Place) -> None:
        """Check that the row of `place` is one that may be removed.

        The scope may have changed since the removal asked for it, or the request was late.
        """
        if place not in self.covered:
            return
        if not self._network.late and self._removing is self.covered:
            raise Violation(f"removed the row of {place}, which is in the scope {self.scope}")
        self.doubt(place)
        self._seen["removed while it came back into the scope"] += 1

    def check_switches(self) -> None:
        """Check that the hourly check names each bucket of the scope whose switch is off."""
        off = {
            bucket
            for bucket, prefixes in self.covered.prefixes.items()
            if prefixes and not self.configurations[bucket].on
        }
        found = set[str]()
        try:
            check_switches(self._notifications, self.scope.buckets)
        except EventBridgeSwitchError as error:
            found = {fault.partition(":")[0] for fault in str(error).split("; ")}
        if found != off:
            raise Violation(f"the check found the switches of {found} off, not of {off}")
        self._seen["a switch found off"] += len(found)

    def _remove(self, step: Step, bucket: str) -> bool:
        with self._invocation(step) as invocation:
            try:
                for done in remove_out_of_scope(
                    self._store, lambda: self.scope, bucket, clock=self._now
                ):
                    self._seen["removed, not in the scope"] += done.rows
            except Crash:
                self._seen["removal crashed"] += 1
                return False
            except (ClientError, BotoCoreError, ContendedError) as error:
                if not invocation.troubled:
                    raise Violation("the removal failed without cause") from error
                return False
        return True

    def _create(self, step: Step, bucket: str) -> bool:
        """Turn the switch of `bucket` on; return whether it is. A deployment that fails undoes."""
        outcome = self._switch(step, bucket, "Create")
        if outcome and outcome.succeeded:
            return True
        self._seen["attached in vain"] += 1
        if not outcome:  # CloudFormation makes an id up for a function that never answered.
            self._ids[bucket] = "made-up"
        self._switch(step, bucket, "Delete")
        return False

    def _switch(
        self, step: Step, bucket: str, kind: Literal["Create", "Delete"]
    ) -> "Outcome | None":
        """Handle a request of CloudFormation; return None if there was no answer.

        The last request of a success reads the switch as it shall be.
        """
        known = self._ids[bucket]
        rules = ["another-rule"] * (step.pick // 4 % 4 == 0)
        request = {
            "RequestType": kind,
            "PhysicalResourceId": known,
            "ResourceProperties": {"Bucket": bucket, "Rules": []},
        }
        client = self._client
        client.reading, sent, done = None, client.sent, client.done
        with self._invocation(step) as invocation:
            try:
                outcome = switch_resource.handle(request, self._of_bucket, lambda *_: rules)
            except Crash:
                self._seen["switch crashed"] += 1
                return None
        creation = kind == "Create"
        if creation:
            self._ids[bucket] = outcome.physical_id
            on = outcome.physical_id.endswith(":switched-on")
            if (client.done > done and not on) or (client.sent == sent and on):
                raise Violation(f"{outcome}, after {client.done - done} writes to {bucket}")
        turns = creation or (known.endswith(":switched-on") and not rules)
        if not turns and client.sent > sent:
            raise Violation(f"turned what was found on, or is needed: {known}, {rules}")
        failed = not outcome.succeeded or "attempts" in outcome.reason
        if failed and not invocation.troubled:
            raise Violation(f"the switch failed without cause: {outcome}")
        if turns and not failed and (client.reading is None or client.reading.on != creation):
            raise Violation(f"{outcome}, but the last request of {bucket}: {client.reading}")
        self._seen["merged again"] += client.sent - sent > 1
        return outcome

    def _of_bucket(self, bucket: str) -> EventBridgeSwitch:
        return EventBridgeSwitch(self._notifications, bucket, REGION, self._pause)

    def _pause(self, seconds: float) -> None:
        self._clock.advance(timedelta(seconds=seconds))

    def _replace(self, bucket: str, prefixes: tuple[str, ...]) -> None:
        before = self.covered
        self._set({**before.prefixes, bucket: prefixes})
        for place in PLACES:
            if place not in before or place not in self.covered:
                self.doubt(place)
        self._replaced(self.scope, self.covered)

    def _set(self, prefixes: dict[str, tuple[str, ...]]) -> None:
        entries = [Entry(bucket, each) for bucket in prefixes for each in prefixes[bucket]]
        self.scope = scopes.parse(",".join(map(str, entries)))  # As functions read it.
        self.covered = Covered(prefixes)


def _within(prefix: str, prefixes: tuple[str, ...]) -> bool:
    return prefix.startswith(prefixes) if prefixes else False
