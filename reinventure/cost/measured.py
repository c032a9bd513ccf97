"""The usage of a month of a deployed catalog: what was counted, and the model for the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import log
from typing import TYPE_CHECKING

from reinventure.cost import prices, units
from reinventure.cost.meters import Meter, Metric
from reinventure.cost.usage import Line, usage
from reinventure.cost.workload import Option, Rate, Workload

if TYPE_CHECKING:
    from reinventure.cost.prices import Price

_MONTH_DAYS = 30
_DAY_SECONDS = 86_400
_GB = 1_000_000_000
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class StoredTable:
    """What DynamoDB says of a table: its `name` for people, items and bytes."""

    name: str
    items: int
    size: int


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts of `start` to `end`: the `sums` of metrics that have data points."""

    start: datetime
    end: datetime
    meters: Sequence[Meter]
    sums: Mapping[Metric, float]
    options: frozenset[Option]
    """What the deployment shows of the settings."""
    tables: Sequence[StoredTable] = ()
    """The table of rows first."""

    @property
    def days(self) -> float:
        """The length of the time."""
        return (self.end - self.start).total_seconds() / _DAY_SECONDS

    @property
    def changes(self) -> float:
        """The changes in the feed."""
        return sum(
            self.sums.get(meter.metric, 0)
            for meter in self.meters
            if meter.price is prices.FIFO_MESSAGE
        )

    @property
    def priced(self) -> "set[Price]":
        """What has any count. It is counted whole: a metric without data points is 0."""
        return {meter.price for meter in self.meters if meter.metric in self.sums}

    @property
    def asked(self) -> int:
        """The number of metrics that were asked for, which is what AWS charges."""
        return len({meter.metric for meter in self.meters})


@dataclass(frozen=True, slots=True)
class Measured:
    """A month at the pace of `counts`: the `lines` that were counted, then those of the model."""

    counts: Counts
    workload: Workload
    lines: Sequence[Line]

    @property
    def request_dollars(self) -> float:
        """The price of the request for the counts."""
        return self.counts.asked * prices.METRIC_REQUEST.dollars


def measured(counts: Counts, rate: Rate, overwrites: float) -> Measured:
    """Return a month at the pace of `counts`.

    `rate` and `overwrites` are for what is not counted.
    """
    month = _MONTH_DAYS / counts.days
    workload = Workload(
        round(counts.changes * month), counts.tables[0].items, rate, overwrites, counts.options
    )
    lines = [*_counted(counts, month), *_stored(counts.tables)]
    found = counts.priced | {line.price for line in lines}
    rest = [replace(line, counted=False) for line in usage(workload) if line.price not in found]
    return Measured(counts, workload, _by_service([*lines, *rest]))


@dataclass(frozen=True, slots=True)
class SoFar:
    """What `changes` have cost, by `lines`, without what is there without any change.

    `millions` are the dollars of each line for a million such changes; empty without a change.
    """

    changes: int
    rate: Rate
    lines: Sequence[Line]
    millions: Sequence[float]

    @property
    def dollars(self) -> float:
        """The price of all lines."""
        return sum(line.dollars for line in self.lines)

    @property
    def million(self) -> float | None:
        """The price of a million such changes; None without a change."""
        return sum(self.millions) if self.changes else None


def so_far(counts: Counts) -> SoFar:
    """Return what `counts` have cost. For what is not counted, all changes are new objects.

    The model's part of a million is that of a million: a data key, for one, is for all changes of
    five minutes, few or many.
    """
    changes = round(counts.changes)
    rate = _rate(counts, changes)
    rest = [line for line in _modelled(counts, changes, rate) if line.price not in counts.priced]
    found = [*_counted(counts, 1), *(replace(line, counted=False) for line in rest)]
    lines = _by_service([line for line in found if line.by_change])
    of_million = {
        (line.price, line.reason): line.dollars for line in _modelled(counts, _MILLION, rate)
    }
    millions = [
        line.dollars / changes * _MILLION if line.counted else of_million[line.price, line.reason]
        for line in lines
        if changes
    ]
    return SoFar(changes, rate, lines, millions)


def _modelled(counts: Counts, changes: int, rate: Rate) -> list[Line]:
    return usage(Workload(changes, 0, rate, 0, counts.options))


def _rate(counts: Counts, changes: float) -> Rate:
    """Return the rate whose batches of `publish` were the likest: how changes came."""
    invocations = sum(
        counts.sums.get(meter.metric, 0)
        for meter in counts.meters
        if meter.price is prices.INVOCATION and meter.reason.endswith("Publish")
    )
    batch = changes / invocations if invocations else 1
    return min(Rate, key=lambda rate: abs(log(units.publish_batch(rate) / max(1, batch))))


def _counted(counts: Counts, month: float) -> list[Line]:
    """Return a line for each price and reason, without those of nothing."""
    quantities: dict[tuple[Price, str, bool], float] = {}
    for meter in counts.meters:
        place = meter.price, meter.reason, meter.by_change
        quantity = counts.sums.get(meter.metric, 0) * meter.each * month
        quantities[place] = quantities.get(place, 0) + quantity
    return [
        Line(price, reason, quantity, by_change, counted=True)
        for (price, reason, by_change), quantity in quantities.items()
        if quantity
    ]


def _stored(tables: Sequence[StoredTable]) -> list[Line]:
    return [
        Line(price, f"{reason}{table.name}", table.size / _GB, by_change=False, counted=True)
        for table in tables
        for price, reason in (
            (prices.TABLE_STORAGE, ""),
            (prices.POINT_IN_TIME_RECOVERY, "point-in-time recovery of "),
        )
    ]


def _by_service(lines: Sequence[Line]) -> list[Line]:
    """Return `lines` with those of a service side by side, and in these those of a price."""
    services = list(dict.fromkeys(line.price.service for line in lines))
    order = list(dict.fromkeys(line.price for line in lines))
    return sorted(
        lines, key=lambda line: (services.index(line.price.service), order.index(line.price))
    )
