"""The calls of Lambda functions in the last minutes: how many, how many failed, how long they took.

In AWS they are metrics of CloudWatch. The emulator of the local cloud has no metrics of what S3,
queues and streams invoke; it logs each invocation, and its log is read instead.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import ClientError

from reinventure.aws.connection import config

if TYPE_CHECKING:
    import boto3
    from types_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

WINDOW = timedelta(minutes=5)
"""The last minutes."""

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

_ENDS, _FAILS = '"REPORT RequestId"', '"Traceback (most recent call last)"'
"""Filters of the lines that are read: the last of each invocation, and that of an exception."""

_DURATION = re.compile(r"REPORT RequestId: (?P<id>\S+)\tDuration: (?P<ms>[0-9.]+) ms")


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls of a function in the last minutes. A number that is not measured is None.

    `failed` includes those that were throttled. `median` and `slowest`, the 99th percentile, are
    durations in milliseconds. `age` is that of the oldest record when the function read it from the
    table's stream, in milliseconds.
    """

    count: int = 0
    failed: int = 0
    median: float | None = None
    slowest: float | None = None
    age: float | None = None


class CallReader(Protocol):
    """What reads the calls of functions."""

    def read(self, names: Mapping[str, str], now: datetime) -> dict[str, Calls]:
        """Return the calls of each function; `names` are their names, by part."""


@dataclass(frozen=True)
class MetricCalls:
    """The calls that CloudWatch has measured. Percentiles are those of the newest minute."""

    session: "boto3.Session"

    def read(self, names: Mapping[str, str], now: datetime) -> dict[str, Calls]:
        """Return the calls of each function. Raises botocore's ClientError or BotoCoreError."""
        client = self.session.client("cloudwatch", config=config())
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
            for part, name in names.items()
            for field, (metric, statistic) in _STATISTICS.items()
        ]
        pages = client.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries,
            StartTime=now - WINDOW,
            EndTime=now,
            ScanBy="TimestampAscending",
        )
        values: dict[str, list[float]] = {}
        for page in pages:
            for result in page["MetricDataResults"]:
                values.setdefault(result["Id"], []).extend(result["Values"])
        return {part: _measured(part, values) for part in names}


def _measured(part: str, values: Mapping[str, Sequence[float]]) -> Calls:
    def of(field: str) -> Sequence[float]:
        return values.get(f"{part}_{field}", [])

    def newest(field: str) -> float | None:
        return next(reversed(of(field)), None)

    return Calls(
        round(sum(of("invocations"))),
        round(sum(of("errors")) + sum(of("throttles"))),
        newest("median"),
        newest("slowest"),
        max(of("age"), default=None),
    )


@dataclass(frozen=True)
class LoggedCalls:
    """The calls that the emulator has logged: each invocation has a log stream of its own."""

    session: "boto3.Session"

    @cached_property
    def _groups(self) -> dict[str, str]:
        """The log group of each function, by the function's name."""
        pages = self.session.client("lambda", config=config()).get_paginator("list_functions")
        return {
            each["FunctionName"]: each["LoggingConfig"]["LogGroup"]
            for page in pages.paginate()
            for each in page["Functions"]
            if "LogGroup" in each.get("LoggingConfig", {})
        }

    def read(self, names: Mapping[str, str], now: datetime) -> dict[str, Calls]:
        """Return the calls of each function. Raises botocore's ClientError or BotoCoreError."""
        since = now - WINDOW
        return {
            part: _logged(
                self._lines(name, _ENDS, since), sum(1 for _ in self._lines(name, _FAILS, since))
            )
            for part, name in names.items()
        }

    def durations(self, name: str, since: datetime) -> dict[str, float]:
        """Return the milliseconds of each call that ended since then, by the request's id.

        Raises botocore's ClientError or BotoCoreError.
        """
        found = map(_DURATION.match, self._lines(name, _ENDS, since))
        return {match["id"]: float(match["ms"]) for match in found if match}

    def _lines(self, name: str, pattern: str, since: datetime) -> Iterator[str]:
        if name not in self._groups:
            return
        pages = self.session.client("logs", config=config()).get_paginator("filter_log_events")
        try:
            for page in pages.paginate(
                logGroupName=self._groups[name],
                filterPattern=pattern,
                startTime=round(since.timestamp() * 1000),
            ):
                yield from (event["message"] for event in page["events"])
        except ClientError as error:
            # A function that was never invoked may have no log group yet.
            if error.response["Error"].get("Code") != "ResourceNotFoundException":
                raise


def _logged(ends: Iterable[str], failed: int) -> Calls:
    durations = sorted(float(match["ms"]) for line in ends if (match := _DURATION.match(line)))
    if not durations:
        return Calls(failed=failed)
    return Calls(len(durations), failed, quantile(durations, 0.5), quantile(durations, 0.99))


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest of the sorted `values` that at least this `share` does not exceed."""
    return values[max(0, math.ceil(share * len(values)) - 1)]
