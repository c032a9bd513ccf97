"""The comparison of catalog and buckets: `verify`, on demand and in the background.

A comparison of a bucket that changes catches keys whose events are on their way. Such a difference
is no news: as `reinventure attach` does, each new one is compared again before it is shown, but it
is not corrected.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from botocore.exceptions import BotoCoreError, ClientError

from reinventure.aws.connection import explain
from reinventure.aws.deployed_catalog import DeployedCatalog, find
from s3_catalog.exceptions import CatalogError
from s3_catalog.model.timestamps import utc_now
from s3_catalog.reconciliation.difference import Difference, difference

MAX_KEPT = 1_000
"""Differences that are kept to be shown. All are counted."""

PAUSES = (1.0, 1.0, 1.0, 2.0)
"""Seconds before each time that a new difference is compared again: an event mostly takes less than
a second. One that stays for all of them is shown."""


@dataclass(frozen=True, slots=True)
class Found:
    """A difference, and the bucket that it is in."""

    bucket: str
    difference: Difference


@dataclass(frozen=True, slots=True)
class Comparison:
    """The last comparison of all buckets, and whether another one is running.

    `at` is the end of the last one, None before the first. `problem` is why it did not end.
    """

    running: bool = False
    at: datetime | None = None
    compared: int = 0
    differ: int = 0
    found: tuple[Found, ...] = ()
    problem: str | None = None


class ComparisonState:
    """The comparison of the buckets of `catalog`, one at a time; `changed` is called after changes.

    `record`: keep the time of one that found a bucket equal, as `reinventure verify` does. `pause`
    waits for some seconds; without it, `stop` ends a wait.
    """

    def __init__(
        self,
        catalog: DeployedCatalog,
        changed: Callable[[Comparison], None],
        *,
        record: bool,
        clock: Callable[[], datetime] = utc_now,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        self._catalog, self._changed, self._record = catalog, changed, record
        self._clock = clock
        self._stopping = threading.Event()
        self._pause = pause or self._stopping.wait
        self._lock, self._next = threading.Lock(), threading.Lock()
        self._shown = Comparison()

    def shown(self) -> Comparison:
        """Return the last comparison."""
        return self._shown

    def start(self, *, at_once: bool = False) -> None:
        """Compare in a thread of its own; if a comparison is running, after it.

        That one may have read already what has just been repaired. `at_once` shows new differences
        without comparing them again: for a fault that is there on purpose.
        """
        threading.Thread(
            target=self._compare_next, args=[at_once], name="comparison", daemon=True
        ).start()

    def _compare_next(self, at_once: bool) -> None:
        # At most one waits: it sees all that was before.
        if not self._next.acquire(blocking=False):
            return
        with self._lock:
            self._next.release()
            self._compare(at_once)

    def stop(self) -> None:
        """End the waiting of a comparison: it shows then what it has found."""
        self._stopping.set()

    def compare(self) -> None:
        """Compare, unless a comparison is running. Errors of AWS become the problem."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            self._compare()
        finally:
            self._lock.release()

    def _compare(self, at_once: bool = False) -> None:
        before = self._shown
        self._show(replace(before, running=True))
        try:
            found = self._compared(at_once)
        except (ClientError, BotoCoreError) as error:
            found = replace(before, running=False, problem=explain(error))
        except CatalogError as error:
            found = replace(before, running=False, problem=str(error))
        self._show(found)

    def _show(self, comparison: Comparison) -> None:
        self._shown = comparison
        self._changed(comparison)

    def _compared(self, at_once: bool) -> Comparison:
        compared = differ = 0
        kept = list[Found]()
        # Buckets may be attached and detached meanwhile.
        catalog = find(self._catalog.session, self._catalog.stack)
        for name in catalog.scope.buckets:
            bucket, began = catalog.choose(name), self._clock()
            more, found = 0, list[Found]()
            for stored, row in bucket.compared(""):
                compared += 1
                if each := difference(stored, row, self._clock()):
                    if len(found) < MAX_KEPT:
                        found.append(Found(name, each))
                    else:
                        more += 1
            # So many are not on their way.
            stays = found if more or at_once else self._settled(bucket, found)
            differ += len(stays) + more
            kept += stays[: MAX_KEPT - len(kept)]
            if self._record and not stays:
                bucket.last_verified().record(name, began)
        return Comparison(False, self._clock(), compared, differ, tuple(kept))

    def _settled(self, bucket: DeployedCatalog, found: list[Found]) -> list[Found]:
        """Return those of `found` that stay, as they are now. One shown before is no news."""
        known = {(each.bucket, each.difference.key) for each in self._shown.found}
        kept = {each.difference.key: each for each in found}
        news = [key for key in kept if (bucket.bucket, key) not in known]
        for seconds in PAUSES:
            if not news:
                break
            self._pause(seconds)
            for key in news:
                row = bucket.store().read(bucket.bucket, key)
                if now := difference(bucket.stored().current(key), row, self._clock()):
                    kept[key] = Found(bucket.bucket, now)
                else:
                    del kept[key]
            news = [key for key in news if key in kept]
        return list(kept.values())
