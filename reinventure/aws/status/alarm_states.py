"""The alarms of a catalog, and the metrics that they watch.

Every alarm of a catalog, those of the stacks Workers and Sql included, notifies its topic. So the
topic finds them, without a list of names.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from reinventure import contract
from reinventure.aws.connection import config
from reinventure.aws.status.check import Check, State

if TYPE_CHECKING:
    import boto3
    from types_boto3_cloudwatch.type_defs import MetricAlarmTypeDef, MetricDataQueryTypeDef

    from reinventure.aws.deployed_catalog import DeployedCatalog

WINDOW = timedelta(minutes=15)
"""How far back a metric is read. SQS measures a queue that was idle only after that time."""

_PERIOD = 60
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of CloudWatch with one dimension, and the statistic of a minute that counts."""

    namespace: str
    name: str
    dimension: str
    value: str
    statistic: str = "Maximum"


@dataclass(frozen=True, slots=True)
class AlarmState:
    """An alarm: its `name`, `description`, and whether it is `on`, `since` when.

    `metric` is None for an alarm on a formula. `threshold` is that of the alarm.
    """

    name: str
    description: str
    on: bool
    since: datetime | None
    metric: Metric | None
    threshold: float

    @property
    def command(self) -> str:
        """The command of the description, or where to read: older deployments have none."""
        found = re.search("`([^`]+)`", self.description)
        return found[1] if found else f"see {contract.RUNBOOK}"

    @property
    def means(self) -> str:
        """The first sentence of the description, without the command."""
        return re.split(r": `|\. |\.$", self.description, maxsplit=1)[0]


def read(catalog: "DeployedCatalog") -> list[AlarmState]:
    """Return the alarms of `catalog`; none of a deployment so old that it has no topic for them.

    Needs the permission cloudwatch:DescribeAlarms. Raises botocore's ClientError or BotoCoreError.
    """
    topic = catalog.outputs.alarms_topic_arn
    if topic is None:
        return []
    client = catalog.session.client("cloudwatch", config=config())
    pages = client.get_paginator("describe_alarms").paginate(
        AlarmTypes=["MetricAlarm"], ActionPrefix=topic
    )
    return [
        _state(alarm)
        for page in pages
        for alarm in page["MetricAlarms"]
        if topic in alarm.get("AlarmActions", [])
    ]


def _state(alarm: "MetricAlarmTypeDef") -> AlarmState:
    metric = None
    if alarm.get("MetricName") and alarm.get("Dimensions"):
        [dimension, *_] = alarm["Dimensions"]
        metric = Metric(
            alarm["Namespace"], alarm["MetricName"], dimension["Name"], dimension["Value"]
        )
    return AlarmState(
        name=alarm["AlarmName"],
        description=alarm.get("AlarmDescription", ""),
        on=alarm["StateValue"] == "ALARM",
        # A transition, or any update where AWS does not have its time.
        since=alarm.get("StateTransitionedTimestamp") or alarm.get("StateUpdatedTimestamp"),
        metric=metric,
        threshold=alarm.get("Threshold", 0),
    )


def checks(alarms: Sequence[AlarmState], shown: Iterable[str]) -> Iterator[Check]:
    """Yield a check for each alarm that is on, or one for all that are off.

    Alarms on the metrics `shown` are left out: other checks have them, with more detail.
    """
    shown = set(shown)
    on = [each for each in alarms if each.on and not (each.metric and each.metric.name in shown)]
    for each in on:
        yield Check("alarm", State.WRONG, f"{each.name}: {each.means}", each.since, each.command)
    if not alarms:
        yield Check("alarms", State.FINE, "this deployment has none: deploy it again to get them")
    elif not on:
        others = " others" if any(each.on for each in alarms) else ""
        yield Check("alarms", State.FINE, f"all{others} are off, {len(alarms):,} in all")


def newest(
    session: "boto3.Session", metrics: Sequence[Metric], now: datetime
) -> dict[Metric, float]:
    """Return the newest value of each of `metrics`; those without any in `WINDOW` are left out.

    Needs the permission cloudwatch:GetMetricData. Raises botocore's ClientError or BotoCoreError.
    """
    if not metrics:
        return {}
    queries: list[MetricDataQueryTypeDef] = [
        {
            "Id": f"m{number}",
            "MetricStat": {
                "Metric": {
                    "Namespace": metric.namespace,
                    "MetricName": metric.name,
                    "Dimensions": [{"Name": metric.dimension, "Value": metric.value}],
                },
                "Period": _PERIOD,
                "Stat": metric.statistic,
            },
        }
        for number, metric in enumerate(metrics)
    ]
    client = session.client("cloudwatch", config=config())
    pages = client.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries,
        StartTime=now - WINDOW,
        EndTime=now + timedelta(seconds=_PERIOD),
    )
    found: dict[Metric, tuple[datetime, float]] = {}
    for page in pages:
        for result in page["MetricDataResults"]:
            metric = metrics[int(result["Id"][1:])]
            known = [found[metric]] if metric in found else []
            if values := [*known, *zip(result["Timestamps"], result["Values"], strict=True)]:
                found[metric] = max(values)
    return {metric: value for metric, (_, value) in found.items()}
