"""What the account counted of a deployed catalog: CloudWatch's metrics, and the size of tables."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from reinventure import contract
from reinventure.aws import deployed_stack, permission
from reinventure.aws.connection import config
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.cost import meters
from reinventure.cost.measured import Counts, StoredTable
from reinventure.cost.meters import Meter, Metric, Resource
from reinventure.cost.workload import Option
from reinventure.errors import UserError

if TYPE_CHECKING:
    import boto3
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

MAX_DAYS = 60
"""CloudWatch keeps hourly data points for 455 days, but no catalog is the same for that long."""

_PERIOD = 3_600
"""Seconds of a data point."""

_MAX_METRICS = 500
_MAX_POINTS = 100_800
"""Of a request of GetMetricData (API reference of CloudWatch)."""


@dataclass(frozen=True, slots=True)
class Metered:
    """The meters of a deployed catalog, and the options that its deployment shows."""

    meters: list[Meter]
    options: frozenset[Option]


_OPTION = {
    "sqs": Option.SQS,
    "sns": Option.SNS,
    "eventbridge": Option.EVENTBRIDGE,
}
"""The setting `transport`; the direct one has no option."""

_RULES_OF_EVENTS = ("TransportRule", "AttachedRule")
"""How the logical ids of the rules begin that match events of S3. Others are schedules."""


def counts(catalog: DeployedCatalog, days: int, now: datetime) -> Counts:
    """Return what was counted in the last `days`, in whole hours, or since the table was created.

    Raises UserError if the catalog is younger than an hour, has no counts, or a permission is
    missing; and botocore's ClientError or BotoCoreError.
    """
    metered = meters_of(catalog)
    with permission.needed("dynamodb:DescribeTable", "the tables of the catalog"):
        created, tables = _tables(catalog)
    end = now.replace(minute=0, second=0, microsecond=0)
    start = max(end - timedelta(days=days), created.replace(minute=0, second=0, microsecond=0))
    if start >= end:
        raise UserError(
            f"the catalog was created at {created:%H:%M} UTC: counts are of whole hours, so try "
            "again an hour later"
        )
    found = sums(catalog.session, metered.meters, start, end)
    if not found:
        raise UserError(
            f"CloudWatch has no counts of the stack {catalog.stack} since {start:%Y-%m-%d %H:%M} "
            "UTC: they come a few minutes after the first change. Without --measured the command "
            "prices a month by the model"
        )
    return Counts(start, end, metered.meters, found, metered.options, tables)


def meters_of(catalog: DeployedCatalog) -> Metered:
    """Return the meters of the deployed stacks. Raises what `counts` raises for permissions."""
    client = catalog.session.client("cloudformation", config=config())
    options, stacks = _optional_stacks(catalog, client)
    functions = _Functions(catalog.session)
    with permission.needed("cloudformation:ListStackResources", f"the stack {catalog.stack}"):
        resources = [each for stack in stacks for each in _resources(client, stack)]
    if any(each.type == meters.DASHBOARD for each in resources):
        options.add(Option.DASHBOARD)
    with permission.needed("lambda:GetFunctionConfiguration", "the functions of the catalog"):
        resources = [functions.with_memory(resource) for resource in resources]
    return Metered(list(meters.meters(resources)), frozenset(options | functions.options))


def _optional_stacks(
    catalog: DeployedCatalog, client: "CloudFormationClient"
) -> tuple[set[Option], list[str]]:
    """Return the options that outputs show, and the stacks of the catalog."""
    outputs, stacks = catalog.outputs, [catalog.stack]
    options = {_OPTION[outputs.event_transport]} if outputs.event_transport in _OPTION else set()
    if outputs.attached_buckets:
        options = {Option.ATTACHED}
    elif outputs.reconcile_machine_arn:
        options.add(Option.NIGHTLY)
    if outputs.kinesis_stream_name:
        options.add(Option.KINESIS)
    # A launched product has neither: they import what Catalog exports.
    if catalog.stack == contract.CATALOG:
        for stack, option in ((contract.WORKERS, Option.WORKERS), (contract.SQL, Option.SQL)):
            if _deployed(client, stack):
                options.add(option)
                stacks.append(stack)
    return options, stacks


def _deployed(client: "CloudFormationClient", stack: str) -> bool:
    """Return whether `stack` is there and ours: others may have a stack of this name, too."""
    with permission.needed("cloudformation:DescribeStacks", f"the stack {stack}"):
        found = deployed_stack.describe(client, stack)
    return bool(found and found.get("Description", "").startswith(contract.DESCRIPTION_PREFIX))


def _resources(client: "CloudFormationClient", stack: str) -> Iterator[Resource]:
    for kind, logical_id, physical_id in deployed_stack.every_resource(client, stack):
        events = kind == meters.RULE and logical_id.startswith(_RULES_OF_EVENTS)
        yield Resource(kind, logical_id, physical_id, counts_events=events)


class _Functions:
    """The configurations of functions, as they are read."""

    def __init__(self, session: "boto3.Session") -> None:
        self._client = session.client("lambda", config=config())
        self.options: set[Option] = set()
        """TRACING, if a function that was read is traced."""

    def with_memory(self, resource: Resource) -> Resource:
        """Return `resource`; with its memory, if it is a function."""
        if resource.type != meters.FUNCTION:
            return resource
        found = self._client.get_function_configuration(FunctionName=resource.physical_id)
        if found.get("TracingConfig", {}).get("Mode") == "Active":
            self.options.add(Option.TRACING)
        return replace(resource, memory=found["MemorySize"])


def _tables(catalog: DeployedCatalog) -> tuple[datetime, list[StoredTable]]:
    """Return when the table of rows was created, in UTC, and both tables.

    DynamoDB counts items and bytes every six hours.
    """
    found = [
        (name, catalog.dynamodb.describe_table(TableName=table)["Table"])
        for name, table in (
            ("rows", catalog.table),
            ("totals", catalog.outputs.totals_table_name),
        )
    ]
    tables = [StoredTable(name, each["ItemCount"], each["TableSizeBytes"]) for name, each in found]
    # boto3's datetimes are in the zone of this machine.
    return found[0][1]["CreationDateTime"].astimezone(UTC), tables


def sums(
    session: "boto3.Session",
    wanted: Iterable[Meter],
    start: datetime,
    end: datetime,
    period: int = _PERIOD,
) -> dict[Metric, float]:
    """Return the sum from `start` to `end` of each metric of `wanted` that has data points.

    `period` is the length of a data point in seconds. Raises UserError for a permission that is
    missing; botocore's ClientError or BotoCoreError.
    """
    metrics = list(dict.fromkeys(meter.metric for meter in wanted))
    points = max(1, round((end - start).total_seconds() / period))
    size = max(1, min(_MAX_METRICS, _MAX_POINTS // points))
    pages = session.client("cloudwatch", config=config()).get_paginator("get_metric_data")
    found: dict[Metric, float] = {}
    with permission.needed("cloudwatch:GetMetricData", "the account"):
        for first in range(0, len(metrics), size):
            asked = {f"m{n}": metric for n, metric in enumerate(metrics[first : first + size])}
            for page in pages.paginate(
                MetricDataQueries=[_query(name, each, period) for name, each in asked.items()],
                StartTime=start,
                EndTime=end,
            ):
                for result in page["MetricDataResults"]:
                    if result["Values"]:
                        metric = asked[result["Id"]]
                        found[metric] = found.get(metric, 0) + sum(result["Values"])
    return found


def _query(name: str, metric: Metric, period: int) -> "MetricDataQueryTypeDef":
    return {
        "Id": name,
        "MetricStat": {
            "Metric": {
                "Namespace": metric.namespace,
                "MetricName": metric.name,
                "Dimensions": [{"Name": metric.dimension, "Value": metric.value}],
            },
            "Period": period,
            "Stat": "Sum",
        },
    }
