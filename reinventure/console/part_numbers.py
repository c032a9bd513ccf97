"""The numbers of each part: invocations and errors by CloudWatch, depths by SQS, rows by totals.

What AWS, or the emulator in its place, does not measure is said to be missing, not made up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from rich import filesize

from reinventure import contract
from reinventure.aws import deployed_stack
from reinventure.aws.connection import config
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.console.change_delays import Delays
from reinventure.contract import InspectionOutputs, SqlOutputs
from s3_catalog.model.timestamps import utc_now

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

WINDOW = timedelta(minutes=5)
"""The numbers of calls are those of the last minutes."""

_PERIOD = 60
"""Seconds: the resolution of Lambda's metrics in CloudWatch."""

_STATISTICS = {
    "invocations": ("Invocations", "Sum"),
    "errors": ("Errors", "Sum"),
    "throttles": ("Throttles", "Sum"),
    "median": ("Duration", "p50"),
    "slowest": ("Duration", "p99"),
    "age": ("IteratorAge", "Maximum"),
}
"""Metrics of a function and their statistics (AWS Lambda Developer Guide, Types of metrics)."""

_FUNCTION = "AWS::Lambda::Function"
_SECOND = 1000
"""In milliseconds."""


@dataclass(frozen=True, slots=True)
class PartNumbers:
    """Two lines of numbers of a part, and one about its dead-letter queue.

    `failing`: calls failed in the last minutes, or failures are waiting. `waiting` is the number of
    messages in the dead-letter queue.
    """

    first: str = ""
    second: str = ""
    failures: str = ""
    waiting: int = 0
    failing: bool = False


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls of a function in the last minutes; a number that is not measured is None.

    Durations are in milliseconds, of the newest minute with calls. `age` is that of the oldest
    record that the reader of the stream has just read, in milliseconds.
    """

    invocations: float | None = None
    errors: float | None = None
    throttles: float | None = None
    median: float | None = None
    slowest: float | None = None
    age: float | None = None


class PartReader:
    """Reads the numbers of the parts of `catalog` and its optional stacks."""

    def __init__(
        self,
        catalog: DeployedCatalog,
        inspection: InspectionOutputs | None,
        mirror: SqlOutputs | None,
        delays: Delays,
    ) -> None:
        self._catalog, self._inspection, self._mirror = catalog, inspection, mirror
        self._delays = delays
        self._sqs = catalog.session.client("sqs", config=config())
        self._metrics = catalog.session.client("cloudwatch", config=config())
        records = [record for record in (catalog.outputs, inspection, mirror) if record]
        self._queues = [
            queue for record in records for queue in contract.dead_letter_queues(record)
        ]

    def read(self) -> dict[str, PartNumbers]:
        """Return the numbers of each part, by its id. Raises botocore's ClientError and others."""
        calls = self._calls(utc_now())
        waiting = {queue.function: self._depth(queue.url) for queue in self._queues}
        found = {
            name: _of_function(calls[name], waiting.get(name))
            for name in ("ingest", "totals", "publish")
        }
        found |= self._of_buckets()
        found["feed"] = self._of_feed()
        found |= self._of_transports()
        if self._inspection:
            small, large = self._inspection.examine_queue_url, self._inspection.worker_queue_url
            found["inspect"] = _of_consumer(
                calls["inspect"], self._depth(small), waiting["inspect"]
            )
            found["worker"] = _of_consumer(None, self._depth(large), waiting.get("worker"))
        if self._mirror:
            url = self._mirror.mirror_queue_url
            depth = self._depth(url) if url else None
            found["mirror"] = _of_consumer(calls["mirror"], depth, waiting["mirror"])
        return found

    @cached_property
    def _functions(self) -> dict[str, str]:
        """Return the names of the functions. Two are in no output: they are found by logical id."""
        outputs = self._catalog.outputs
        names = {"ingest": _name(outputs.ingest_arn), "publish": _name(outputs.publish_arn)}
        names["totals"] = self._resource(self._catalog.stack, "Totals")
        if self._inspection:
            names["inspect"] = self._resource(contract.WORKERS, "")
        if self._mirror:
            names["mirror"] = _name(self._mirror.mirror_arn)
        return names

    def _resource(self, stack: str, beginning: str) -> str:
        client = self._catalog.session.client("cloudformation", config=config())
        found = deployed_stack.resources(client, stack, _FUNCTION)
        return next((name for logical, name in found if logical.startswith(beginning)), "")

    def _calls(self, now: datetime) -> dict[str, Calls]:
        queries: list[MetricDataQueryTypeDef] = [
            {
                "Id": f"{part}_{field}",
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/Lambda",
                        "MetricName": metric,
                        "Dimensions": [{"Name": "FunctionName", "Value": name}],
                    },
                    "Period": _PERIOD,
                    "Stat": statistic,
                },
            }
            for part, name in self._functions.items()
            for field, (metric, statistic) in _STATISTICS.items()
        ]
        pages = self._metrics.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries,
            StartTime=now - WINDOW,
            EndTime=now,
            ScanBy="TimestampAscending",
        )
        values: dict[str, list[float]] = {}
        for page in pages:
            for result in page["MetricDataResults"]:
                values.setdefault(result["Id"], []).extend(result["Values"])
        return {
            part: Calls(
                **{
                    field: _combined(statistic, values.get(f"{part}_{field}", []))
                    for field, (_, statistic) in _STATISTICS.items()
                }
            )
            for part in self._functions
        }

    def _depth(self, url: str) -> int:
        """Return the number of messages in the queue, those that are being worked on included."""
        attributes = self._sqs.get_queue_attributes(
            QueueUrl=url,
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )["Attributes"]
        return sum(map(int, attributes.values()))

    def _of_buckets(self) -> dict[str, PartNumbers]:
        """Return the numbers of each bucket by `bucket:<name>`, and of the table by `table`."""
        totals, found, rows = self._catalog.totals(), dict[str, PartNumbers](), 0
        lags = []
        for bucket in self._catalog.scope.buckets:
            total, newest = totals.total(bucket, ""), totals.newest_event(bucket)
            rows += total.objects
            if newest:
                lags.append(newest)
            found[f"bucket:{bucket}"] = PartNumbers(
                f"{total.objects:,} objects", filesize.decimal(total.bytes)
            )
        lag = f"counted in {_milliseconds(max(lags).lag.total_seconds() * _SECOND)}" if lags else ""
        found["table"] = PartNumbers(f"{rows:,} rows", lag)
        return found

    def _of_feed(self) -> PartNumbers:
        delays = self._delays.last(WINDOW, utc_now())
        if not delays.count:
            return PartNumbers("quiet for 5 min")
        return PartNumbers(
            f"{delays.count:,} changes",
            f"p50 {_milliseconds(delays.median)} p99 {_milliseconds(delays.slowest)}",
        )

    def _of_transports(self) -> dict[str, PartNumbers]:
        url = self._catalog.outputs.events_queue_url
        if not url:
            return {}
        return {"queue": PartNumbers(f"{self._depth(url):,} waiting")}


def _of_function(calls: Calls, waiting: int | None) -> PartNumbers:
    return PartNumbers(
        _invocations(calls),
        _durations(calls),
        _failures(waiting),
        waiting or 0,
        bool(calls.errors or calls.throttles or waiting),
    )


def _of_consumer(calls: Calls | None, depth: int | None, waiting: int | None) -> PartNumbers:
    return PartNumbers(
        _invocations(calls) if calls else "no calls: a process",
        "queue unknown" if depth is None else f"{depth:,} in queue",
        _failures(waiting),
        waiting or 0,
        bool((calls and (calls.errors or calls.throttles)) or waiting),
    )


def _invocations(calls: Calls) -> str:
    if not calls.invocations:
        return "no calls in 5 min"
    failed = int((calls.errors or 0) + (calls.throttles or 0))
    return f"{calls.invocations:,.0f} calls" + (f", {failed:,} failed" if failed else "")


def _durations(calls: Calls) -> str:
    if calls.age is not None:
        return f"reads {_milliseconds(calls.age)} behind"
    if calls.median is None or calls.slowest is None:
        return ""
    return f"p50 {_milliseconds(calls.median)} p99 {_milliseconds(calls.slowest)}"


def _failures(waiting: int | None) -> str:
    return "not deployed" if waiting is None else f"{waiting:,} failed"


def _milliseconds(value: float) -> str:
    return f"{value:.0f} ms" if value < _SECOND else f"{value / _SECOND:.1f} s"


def _combined(statistic: str, values: list[float]) -> float | None:
    """Return one value of the `values` of minutes: percentiles are those of the newest."""
    if not values:
        return None
    match statistic:
        case "Sum":
            return sum(values)
        case "Maximum":
            return max(values)
        case _:
            return values[-1]


def _name(arn: str) -> str:
    """Return the name of a function, of its ARN or that of an alias."""
    return arn.split(":")[6]


def by_part(
    numbers: Mapping[str, PartNumbers], buckets: Mapping[str, str]
) -> dict[str, PartNumbers]:
    """Return `numbers` by the ids of parts; `buckets` has the id of each bucket's part."""
    return {buckets.get(part, part): each for part, each in numbers.items()}
