"""The comparison of catalog and buckets: `verify`, on demand and in the background."""

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

    `record`: keep the time of one that found a bucket equal, as `reinventure verify` does.
    """

    def __init__(
        self,
        catalog: DeployedCatalog,
        changed: Callable[[Comparison], None],
        *,
        record: bool,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._catalog, self._changed, self._record = catalog, changed, record
        self._clock = clock
        self._lock = threading.Lock()
        self._shown = Comparison()

    def shown(self) -> Comparison:
        """Return the last comparison."""
        return self._shown

    def start(self) -> None:
        """Compare in a thread of its own, unless a comparison is running."""
        threading.Thread(target=self.compare, name="comparison", daemon=True).start()

    def compare(self) -> None:
        """Compare, unless a comparison is running. Errors of AWS become the problem."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            before = self._shown
            self._show(replace(before, running=True))
            try:
                found = self._compared()
            except (ClientError, BotoCoreError) as error:
                found = replace(before, running=False, problem=explain(error))
            except CatalogError as error:
                found = replace(before, running=False, problem=str(error))
            self._show(found)
        finally:
            self._lock.release()

    def _show(self, comparison: Comparison) -> None:
        self._shown = comparison
        self._changed(comparison)

    def _compared(self) -> Comparison:
        compared = differ = 0
        kept = list[Found]()
        # Buckets may be attached and detached meanwhile.
        catalog = find(self._catalog.session, self._catalog.stack)
        for name in catalog.scope.buckets:
            bucket, began, before = catalog.choose(name), self._clock(), differ
            for stored, row in bucket.compared(""):
                compared += 1
                if found := difference(stored, row, self._clock()):
                    differ += 1
                    if len(kept) < MAX_KEPT:
                        kept.append(Found(name, found))
            if self._record and differ == before:
                bucket.last_verified().record(name, began)
        return Comparison(False, self._clock(), compared, differ, tuple(kept))
