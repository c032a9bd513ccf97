"""The usage of a month of a deployed catalog: what was counted, and the model for the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from reinventure.cost import prices
from reinventure.cost.meters import Meter, Metric
from reinventure.cost.usage import Line, usage
from reinventure.cost.workload import Option, Rate, Workload

if TYPE_CHECKING:
    from reinventure.cost.prices import Price

_MONTH_DAYS = 30
_DAY_SECONDS = 86_400
_GB = 1_000_000_000


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
    tables: Sequence[StoredTable]
    """The table of rows first."""
    options: frozenset[Option]
    """What the deployment shows of the settings."""

    @property
    def days(self) -> float:
        """The length of the time."""
        return (self.end - self.start).total_seconds() / _DAY_SECONDS

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

    `rate` and `overwrites` are for what is not counted. A price with any count is counted whole: a
    metric without data points counts as 0, which is what CloudWatch has for a resource that nothing
    used.
    """
    month = _MONTH_DAYS / counts.days
    published = sum(
        counts.sums.get(meter.metric, 0)
        for meter in counts.meters
        if meter.price is prices.FIFO_MESSAGE
    )
    workload = Workload(
        round(published * month), counts.tables[0].items, rate, overwrites, counts.options
    )
    found = {meter.price for meter in counts.meters if meter.metric in counts.sums}
    lines = [*_counted(counts, month), *_stored(counts.tables)]
    found |= {line.price for line in lines}
    rest = [replace(line, counted=False) for line in usage(workload) if line.price not in found]
    return Measured(counts, workload, _by_service([*lines, *rest]))


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
