"""The usage of a month, line by line, each with its price."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from reinventure.cost import prices, units
from reinventure.cost.prices import Price
from reinventure.cost.workload import Option, Workload

_GB = 1_000_000_000
_MONTH_SECONDS = 30 * 86_400
_MONTH_HOURS = 730
_NIGHTS = 30
_MAX_QUEUE_REQUEST = 10
"""Messages that a request to SQS receives or deletes, at most."""


@dataclass(frozen=True, slots=True)
class Line:
    """A `quantity` of what `price` is for, used in a month for `reason`.

    `by_change` is whether it grows with the changes. Otherwise it is there without any change.
    `counted` is whether a deployed catalog's own count is in it; None where nothing was deployed.
    """

    price: Price
    reason: str
    quantity: float
    by_change: bool = True
    counted: bool | None = None

    @property
    def dollars(self) -> float:
        """The price of a month, without what is free."""
        return self.quantity * self.price.dollars


@dataclass(frozen=True, slots=True)
class _Function:
    """Invocations of a function in a month, the changes in them, and the lookups among these."""

    name: str
    invocations: float
    changes: float
    seconds: float = units.INVOCATION_SECONDS
    memory: float = units.MEMORY_GB
    change_seconds: float = units.CHANGE_SECONDS
    lookups: float = 0

    @property
    def billed(self) -> float:
        """GB-seconds of a month."""
        time = self.invocations * self.seconds + self.changes * self.change_seconds
        return (time + self.lookups * units.LOOKUP_SECONDS) * self.memory


def usage(workload: Workload) -> list[Line]:
    """Return what `workload` uses in a month, by service, without lines of nothing."""
    return [line for line in _lines(workload) if line.quantity]


def free(lines: Sequence[Line]) -> float:
    """Return the price of what is free of `lines` in an account that uses nothing else."""
    quantities: dict[Price, float] = {}
    for line in lines:
        quantities[line.price] = quantities.get(line.price, 0) + line.quantity
    return sum(min(quantity, price.free) * price.dollars for price, quantity in quantities.items())


def after_rows(workload: Workload) -> list[Line]:
    """Return what follows when a backfill writes rows: totals, change feed and their functions."""
    return [
        _totals(workload),
        *_function_lines(_readers(workload), workload),
        *_feed(workload),
        _key_requests(workload),
    ]


def rotations(workload: Workload) -> float:
    """Return what the keys cost more a month after their first rotation; and again after two."""
    return _of(units.KEYS, workload) * prices.KEY_ROTATION.dollars


def _lines(workload: Workload) -> Iterator[Line]:
    yield from _fixed(workload)
    yield from _rows(workload)
    yield _totals(workload)
    yield from _function_lines(
        [_ingest(workload), *_readers(workload), *_subscribers(workload)], workload
    )
    yield from _transport(workload)
    yield from _feed(workload)
    yield from _subscriptions(workload)
    yield _key_requests(workload)
    yield from _storage(workload)
    if workload.has(Option.NIGHTLY):
        yield from _comparison(workload)
    if workload.has(Option.SQL):
        yield from _mirror(workload)
    if workload.has(Option.KINESIS):
        yield Line(prices.KINESIS_STREAM, "stream, on demand", _MONTH_HOURS, by_change=False)
        yield Line(prices.KINESIS_COPY, "copies of changes", _records(workload))
        yield Line(prices.KINESIS_DATA, "copies of changes", _records(workload) * 1_000 / _GB)


def _fixed(workload: Workload) -> Iterator[Line]:
    yield Line(
        prices.KEY, "keys, before their first rotation", _of(units.KEYS, workload), by_change=False
    )
    metrics = _of(units.ALARM_METRICS, workload)
    # Attached buckets have the comparison, which the setting nightly starts by itself.
    if workload.options >= {Option.ATTACHED, Option.NIGHTLY}:
        metrics -= 4
    yield Line(prices.ALARM_METRIC, "metrics of alarms", metrics, by_change=False)
    if workload.has(Option.ATTACHED, Option.NIGHTLY):
        yield Line(prices.CUSTOM_METRIC, "repaired rows", 1, by_change=False)
    if workload.has(Option.ATTACHED):
        check, hours = "hourly check of the switches", 24 * 30
        time = hours * units.INVOCATION_SECONDS * units.MEMORY_GB
        yield Line(prices.INVOCATION, check, hours, by_change=False)
        yield Line(prices.LAMBDA_TIME, check, time, by_change=False)
        if workload.has(Option.TRACING):
            yield Line(prices.TRACE, check, hours, by_change=False)
    if workload.has(Option.DASHBOARD):
        yield Line(prices.DASHBOARD, "dashboard", 1, by_change=False)
    if workload.has(Option.SQL):
        yield Line(prices.SECRET, "passwords of the database", 2, by_change=False)
    polled = sum(
        (
            workload.has(Option.SQS, Option.SNS),
            workload.has(Option.SQL),
            workload.has(Option.WORKERS),
        )
    )
    yield Line(prices.QUEUE_REQUEST, "polls of empty queues", polled * units.POLLS, by_change=False)


def _expired(workload: Workload) -> float:
    """Return the versions that lifecycle rules remove, of the bucket of its own only.

    Each overwritten one is removed after 30 days, with an event that needs a lookup.
    """
    return 0 if workload.has(Option.ATTACHED) else workload.changes * workload.overwrites


def _records(workload: Workload) -> float:
    """Return the records of the table's stream: each write of a row has one."""
    inspected = workload.changes if workload.has(Option.WORKERS) else 0
    return workload.changes + _expired(workload) + inspected


def _rows(workload: Workload) -> Iterator[Line]:
    changes, expired = workload.changes, _expired(workload)
    yield Line(prices.WRITE_UNIT, "rows", changes)
    if workload.has(Option.SQS, Option.SNS) and units.queue_batch(workload.rate) > 1:
        # A batch tries first what is likelier, an INSERT or an UPDATE; the other rows refuse it.
        refused = changes * min(workload.overwrites, 1 - workload.overwrites)
        yield Line(prices.WRITE_UNIT, "refused statements of the rarer changes", refused)
    lookups = "lookups of versions that expire"
    yield Line(prices.WRITE_UNIT, lookups, expired)
    yield Line(prices.READ_UNIT, lookups, expired)
    yield Line(prices.LIST_REQUEST, lookups, expired)
    if workload.has(Option.WORKERS):
        yield Line(prices.READ_UNIT, "rows to inspect", changes)
        yield Line(prices.WRITE_UNIT, "inspection results", changes)
        yield Line(prices.GET_REQUEST, "objects to inspect", changes * units.INSPECT_REQUESTS)


def _totals(workload: Workload) -> Line:
    written = workload.changes / units.totals_batch(workload.rate) * units.TOTALS_UNITS
    return Line(prices.WRITE_UNIT, "totals", written)


def _function_lines(functions: list[_Function], workload: Workload) -> Iterator[Line]:
    for each in functions:
        yield Line(prices.INVOCATION, each.name, each.invocations)
    for each in functions:
        yield Line(prices.LAMBDA_TIME, each.name, each.billed)
    if workload.has(Option.TRACING):
        seconds = workload.changes / workload.rate.per_second
        for each in functions:
            # One a second of each function, and a share of the others.
            first = min(each.invocations, seconds)
            traced = first + units.SAMPLED * (each.invocations - first)
            yield Line(prices.TRACE, each.name, traced)
    logged = sum(each.invocations for each in functions) * units.LOG_BYTES / _GB
    yield Line(prices.LOG_DATA, "a line for each invocation", logged)
    yield Line(prices.LOG_STORAGE, "logs of a month", logged)


def _ingest(workload: Workload) -> _Function:
    events = workload.changes + _expired(workload)
    queued = workload.has(Option.SQS, Option.SNS)
    batch = units.queue_batch(workload.rate) if queued else 1
    lookups = _expired(workload)
    return _Function("ingest", events / batch, events, units.INGEST_SECONDS, lookups=lookups)


def _readers(workload: Workload) -> list[_Function]:
    """Return the readers of the table's stream."""
    changes, rate, records = workload.changes, workload.rate, _records(workload)
    active = min(_MONTH_SECONDS, ceil(changes / rate.per_second))
    windows = min(changes, units.STREAM_SHARDS * ceil(active / units.WINDOW_SECONDS))
    counted = records / units.totals_batch(rate)
    published = records / units.publish_batch(rate)
    return [
        _Function("totals", counted + windows, records, units.TOTALS_SECONDS),
        _Function("publish", published, records, units.PUBLISH_SECONDS),
    ]


def _subscribers(workload: Workload) -> Iterator[_Function]:
    changes, rate = workload.changes, workload.rate
    if workload.has(Option.SQL):
        yield _Function("mirror", changes / units.queue_batch(rate), changes)
    if workload.has(Option.WORKERS):
        yield _Function(
            "inspect",
            changes / units.queue_batch(rate, units.INSPECT_BATCH),
            changes,
            memory=units.INSPECT_GB,
            change_seconds=units.INSPECT_SECONDS,
        )


def _transport(workload: Workload) -> Iterator[Line]:
    events = workload.changes + _expired(workload)
    if workload.has(Option.SNS):
        yield Line(prices.TOPIC_REQUEST, "events", events)
    if workload.has(Option.SQS, Option.SNS):
        batch = units.queue_batch(workload.rate)
        yield Line(prices.QUEUE_REQUEST, "events", _requests(events, batch))
    if workload.has(Option.EVENTBRIDGE, Option.ATTACHED):
        yield Line(prices.BUS_EVENT, "events", events)


def _feed(workload: Workload) -> Iterator[Line]:
    data = workload.changes * units.MESSAGE_BYTES / _GB
    yield Line(prices.FIFO_MESSAGE, "change feed", workload.changes)
    yield Line(prices.FIFO_MESSAGE_DATA, "change feed", data)


def _subscriptions(workload: Workload) -> Iterator[Line]:
    changes, data = workload.changes, workload.changes * units.MESSAGE_BYTES / _GB
    for option, name, limit in (
        (Option.SQL, "mirror", units.QUEUE_BATCH),
        (Option.WORKERS, "inspect", units.INSPECT_BATCH),
    ):
        if workload.has(option):
            yield Line(prices.FIFO_DELIVERY, name, changes)
            yield Line(prices.FIFO_DELIVERY_DATA, name, data)
            batch = units.queue_batch(workload.rate, limit)
            requests = _requests(changes, batch)
            yield Line(prices.QUEUE_REQUEST, f"messages to {name}", requests)


def _requests(messages: float, batch: int) -> float:
    """Return requests to send `messages` one by one, to receive them and to delete them."""
    return messages + 2 * messages * ceil(batch / _MAX_QUEUE_REQUEST) / batch


def _key_requests(workload: Workload) -> Line:
    # Services keep a data key for five minutes.
    active = min(_MONTH_SECONDS, workload.changes / workload.rate.per_second)
    periods = ceil(active / units.CACHE_SECONDS)
    # The table by ingest, totals and publish; the table of totals; the change feed.
    users = 5
    users += 2 * workload.has(Option.SQS, Option.SNS) + workload.has(Option.SNS)
    # SNS sends to the queue, the function receives, Aurora's secret is read.
    users += 3 * workload.has(Option.SQL) + 3 * workload.has(Option.WORKERS)
    users += workload.has(Option.KINESIS)
    return Line(prices.KMS_REQUEST, "data keys, kept for five minutes", periods * users)


def _storage(workload: Workload) -> Iterator[Line]:
    item = units.ROW_BYTES + units.ITEM_OVERHEAD
    for bytes_, name in ((item, "rows"), (units.TOTALS_BYTES, "totals")):
        stored = workload.objects * bytes_ / _GB
        yield Line(prices.TABLE_STORAGE, name, stored, by_change=False)
        yield Line(
            prices.POINT_IN_TIME_RECOVERY,
            f"point-in-time recovery of {name}",
            stored,
            by_change=False,
        )


def _comparison(workload: Workload) -> Iterator[Line]:
    objects, name = workload.objects * _NIGHTS, "nightly comparison"
    yield Line(prices.LIST_REQUEST, name, objects / 1_000, by_change=False)
    yield Line(prices.READ_UNIT, name, objects * units.ROW_BYTES / 4_096, by_change=False)
    seconds = objects * units.RECONCILE_SECONDS * units.RECONCILE_GB
    yield Line(prices.LAMBDA_TIME, name, seconds, by_change=False)
    yield Line(prices.TRANSITION, name, _NIGHTS * units.RANGES * units.TRANSITIONS, by_change=False)


def _mirror(workload: Workload) -> Iterator[Line]:
    active = min(_MONTH_SECONDS, workload.changes / workload.rate.per_second)
    if workload.rate.per_second == 1:
        # It pauses after five minutes without a change.
        active = min(_MONTH_SECONDS, workload.changes * units.CACHE_SECONDS)
    hours = active / _MONTH_SECONDS * _MONTH_HOURS
    yield Line(prices.AURORA_CAPACITY, "capacity", hours * units.ACU[workload.rate])
    yield Line(prices.AURORA_IO, "rows", workload.changes * units.MIRROR_IO)
    batch = units.queue_batch(workload.rate)
    yield Line(prices.DATA_API_REQUEST, "statements", workload.changes / batch)
    stored = workload.objects * units.MIRROR_BYTES / _GB
    yield Line(prices.AURORA_STORAGE, "rows", stored, by_change=False)


def _of(counts: "dict[Option | None, int]", workload: Workload) -> int:
    return sum(count for option, count in counts.items() if option is None or workload.has(option))
