"""What was counted since the console was started: by CloudWatch, or from the emulator's log.

The emulator has no metrics of what S3, queues and streams use. It logs each invocation with its
duration, and each change comes to the console: these two are counted, the rest is the model's.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Protocol

from reinventure.aws import account_counts
from reinventure.aws.account_counts import Metered
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.console.followed_changes import FollowedChanges
from reinventure.console.function_calls import LoggedCalls
from reinventure.cost import prices
from reinventure.cost.measured import Counts
from reinventure.cost.meters import Metric

_MINUTE = 60
_OVERLAP = timedelta(seconds=10)
"""A line may be in the log after a later one: so much is read once more."""


class CountReader(Protocol):
    """What reads the counts."""

    def read(self, now: datetime) -> Counts:
        """Return the counts since the console was started."""


@dataclass(frozen=True)
class MetricCounts:
    """The counts of CloudWatch since `start`, which are a minute or two late."""

    catalog: DeployedCatalog
    start: datetime

    @cached_property
    def _metered(self) -> Metered:
        return account_counts.meters_of(self.catalog)

    def read(self, now: datetime) -> Counts:
        """Return the counts. Raises UserError, botocore's ClientError or BotoCoreError."""
        metered = self._metered
        sums = account_counts.sums(
            self.catalog.session,
            metered.meters,
            self.start.replace(second=0, microsecond=0),
            now,
            _MINUTE,
        )
        return Counts(self.start, now, metered.meters, sums, metered.options)


@dataclass
class LoggedCounts:
    """The calls that the emulator has logged since `start`, and the changes that came."""

    catalog: DeployedCatalog
    changes: FollowedChanges
    start: datetime
    _read_until: datetime | None = None
    _recent: dict[str, set[str]] = field(default_factory=dict)
    """The requests, by function, that the last reading had."""
    _sums: dict[Metric, float] = field(default_factory=dict)

    @cached_property
    def _metered(self) -> Metered:
        return account_counts.meters_of(self.catalog)

    @cached_property
    def _calls(self) -> LoggedCalls:
        return LoggedCalls(self.catalog.session)

    def read(self, now: datetime) -> Counts:
        """Return the counts. Raises UserError, botocore's ClientError or BotoCoreError."""
        metered = self._metered
        since = max(self.start, self._read_until - _OVERLAP) if self._read_until else self.start
        for invocations, duration in self._functions(metered):
            name = invocations.value
            found = self._calls.durations(name, since)
            new = found.keys() - self._recent.get(name, set())
            self._recent[name] = set(found)
            if new:
                self._add(invocations, len(new))
                self._add(duration, sum(found[request] for request in new))
        self._read_until = now
        published = self._published(metered)
        counted = {published: float(self.changes.count)} if self.changes.count else {}
        return Counts(self.start, now, metered.meters, {**self._sums, **counted}, metered.options)

    def _add(self, metric: Metric, value: float) -> None:
        self._sums[metric] = self._sums.get(metric, 0) + value

    def _functions(self, metered: Metered) -> list[tuple[Metric, Metric]]:
        """Return the metrics of invocations and of durations of each function."""
        of = {prices.INVOCATION: list[Metric](), prices.LAMBDA_TIME: list[Metric]()}
        for meter in metered.meters:
            if meter.price in of:
                of[meter.price].append(meter.metric)
        return list(zip(of[prices.INVOCATION], of[prices.LAMBDA_TIME], strict=True))

    def _published(self, metered: Metered) -> Metric:
        return next(each.metric for each in metered.meters if each.price is prices.FIFO_MESSAGE)
