"""`reinventure cost --measured`: what moto's CloudWatch counted of a catalog, priced."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from typer.testing import Result

from reinventure.aws import deployed_stack
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.aws.doctor import diagnosis
from reinventure.cli import cost
from reinventure.contract import CATALOG
from reinventure.cost.meters import Metric

Run = Callable[..., Result]

MEMORY = 256
NOW = datetime(2026, 11, 26, 12, 30, tzinfo=UTC)
LATELY = NOW - timedelta(hours=2)


class Deployed:
    """A catalog on moto whose stack has the resources below, and what is recorded of them."""

    def __init__(self, session: boto3.Session, catalog: DeployedCatalog) -> None:
        self.outputs = catalog.outputs
        self.created, self.tracing = NOW - timedelta(days=100), "PassThrough"
        self.requests: list[int] = []
        self.cloudwatch = session.client("cloudwatch")
        self.topic = catalog.outputs.changes_topic_arn.split(":")[-1]
        self.published = Metric("AWS/SNS", "NumberOfMessagesPublished", "TopicName", self.topic)
        url = str(catalog.outputs.events_queue_url)
        self.queue = url.rsplit("/", 1)[-1]
        # Each test has names of its own: moto's CloudWatch is that of the whole session.
        self.function = f"{self.queue}-Ingest"
        self.group, self.rule = f"{self.queue}/logs", f"{self.queue}-rule"
        self.resources: list[tuple[str, str, str]] = [
            ("AWS::Lambda::Function", "IngestFunctionB02ED0EB", self.function),
            ("AWS::DynamoDB::Table", "Table710B521B", self.outputs.table_name),
            ("AWS::DynamoDB::Table", "TotalsTable6343958E", self.outputs.totals_table_name),
            ("AWS::SNS::Topic", "ChangesTopic1C604BB4", self.outputs.changes_topic_arn),
            ("AWS::SQS::Queue", "TransportEventsQueue54335B3E", url),
            ("AWS::Events::Rule", "TransportRuleE4809252", self.rule),
            ("AWS::Events::Rule", "ReconcileNightlyE784AD5D", f"{self.rule}-nightly"),
            ("AWS::Logs::LogGroup", "IngestLogs41B5EF21", self.group),
            ("AWS::KMS::Key", "DataKey", "some-key"),
        ]

    def asked(self, params: dict[str, Any], **_event: object) -> None:
        self.requests.append(len(params["MetricDataQueries"]))

    def record(self, metric: Metric, value: float, when: datetime) -> None:
        self.cloudwatch.put_metric_data(
            Namespace=metric.namespace,
            MetricData=[
                {
                    "MetricName": metric.name,
                    "Dimensions": [{"Name": metric.dimension, "Value": metric.value}],
                    "Timestamp": when,
                    "Value": value,
                }
            ],
        )

    def record_all(self) -> None:
        """Ten days with a million changes a month, in two hours of them; and one hour before."""
        table, totals = self.outputs.table_name, self.outputs.totals_table_name
        counted = [
            (Metric("AWS/Lambda", "Invocations", "FunctionName", self.function), 400_000),
            (Metric("AWS/Lambda", "Duration", "FunctionName", self.function), 4_000_000),
            (Metric("AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", table), 350_000),
            (Metric("AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", totals), 150_000),
            (Metric("AWS/DynamoDB", "ConsumedReadCapacityUnits", "TableName", table), 80),
            (self.published, 1_000_000 / 3),
            (Metric("AWS/SQS", "NumberOfMessagesSent", "QueueName", self.queue), 1000),
            (Metric("AWS/SQS", "NumberOfMessagesReceived", "QueueName", self.queue), 1000),
            (Metric("AWS/SQS", "NumberOfEmptyReceives", "QueueName", self.queue), 7000),
            (Metric("AWS/Events", "TriggeredRules", "RuleName", self.rule), 333),
            (Metric("AWS/Events", "TriggeredRules", "RuleName", f"{self.rule}-nightly"), 10),
            (Metric("AWS/Logs", "IncomingBytes", "LogGroupName", self.group), 100_000_000),
            # Not a resource of this stack.
            (Metric("AWS/Lambda", "Invocations", "FunctionName", "another"), 10**9),
        ]
        for metric, value in counted:
            for when in (NOW - timedelta(days=9), LATELY):
                self.record(metric, value / 2, when)
        self.record(self.published, 10**9, NOW - timedelta(days=11))


@pytest.fixture
def deployed(
    session: boto3.Session, catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Deployed]:
    """The catalog, with a stack's resources, functions and sizes of tables, which moto lacks."""
    made = Deployed(session, catalog)

    def resources(client: object, stack: str) -> Iterator[tuple[str, str, str]]:
        assert stack == CATALOG
        yield from made.resources

    def configuration(**_event: object) -> tuple[SimpleNamespace, dict[str, Any]]:
        reply = {"MemorySize": MEMORY, "TracingConfig": {"Mode": made.tracing}}
        return SimpleNamespace(status_code=200), reply

    def size(parsed: dict[str, Any], **_event: object) -> None:
        table = parsed["Table"]
        rows = table["TableName"] == made.outputs.table_name
        table["CreationDateTime"] = made.created
        table["ItemCount"], table["TableSizeBytes"] = (5_000_000, 2e9) if rows else (1000, 5e7)

    monkeypatch.setattr(deployed_stack, "every_resource", resources)
    monkeypatch.setattr(deployed_stack, "describe", lambda *_: None)
    monkeypatch.setattr(cost, "utc_now", lambda: NOW)
    handlers: list[tuple[str, Callable[..., Any]]] = [
        ("before-call.lambda.GetFunctionConfiguration", configuration),
        ("after-call.dynamodb.DescribeTable", size),
        ("before-parameter-build.cloudwatch.GetMetricData", made.asked),
    ]
    for name, handler in handlers:
        session.events.register(name, handler)
    yield made
    for name, handler in handlers:
        session.events.unregister(name, handler)


def usage(run: Run, *arguments: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The lines of the command's JSON, and its totals."""
    shown = run("cost", "--measured", "--json", *arguments)
    assert shown.exit_code == 0, shown.stderr
    objects = [json.loads(line) for line in shown.stdout.splitlines()]
    [total] = [each for each in objects if each["type"] == "total"]
    return [each for each in objects if each["type"] == "usage"], total


def test_counts_of_ten_days_are_priced_as_a_month(run: Run, deployed: Deployed) -> None:
    deployed.record_all()
    lines, total = usage(run, "--days", "10")
    counted = {
        (each["service"], each["unit"], each["reason"]): each["quantity"]
        for each in lines
        if each["counted"]
    }
    assert counted == pytest.approx(
        {
            ("Lambda", "request", "Ingest"): 1_200_000,
            # 12,000 seconds at a quarter of a GB.
            ("Lambda", "GB-second, arm64", "Ingest"): 3_000,
            ("DynamoDB", "write unit", "Table"): 1_050_000,
            ("DynamoDB", "write unit", "Totals"): 450_000,
            ("DynamoDB", "read unit", "Table"): 240,
            ("DynamoDB", "GB-month", "rows"): 2,
            ("DynamoDB", "GB-month to recover", "point-in-time recovery of rows"): 2,
            ("DynamoDB", "GB-month", "totals"): 0.05,
            ("DynamoDB", "GB-month to recover", "point-in-time recovery of totals"): 0.05,
            ("SNS", "FIFO message", "change feed"): 1_000_000,
            ("SNS", "GB published", "change feed, 1.2 kB a message"): 1.2,
            ("SQS", "request", "TransportEvents, sent"): 3_000,
            ("SQS", "request", "TransportEvents, received and deleted, at most"): 6_000,
            ("SQS", "request", "TransportEvents, empty polls"): 21_000,
            ("EventBridge", "event of S3", "events that matched a rule"): 999,
            ("CloudWatch", "GB of logs", "logs"): 0.3,
            ("CloudWatch", "GB-month of logs", "logs of a month"): 0.3,
        }
    )
    idle_lines = {each["reason"] for each in lines if each["million_changes"] is None}
    assert idle_lines == {
        "TransportEvents, empty polls",
        "keys, before their first rotation",
        "metrics of alarms",
        "rows",
        "totals",
        "point-in-time recovery of rows",
        "point-in-time recovery of totals",
    }
    assert total["month"] == pytest.approx(sum(each["month"] for each in lines))
    idle = sum(each["month"] for each in lines if each["million_changes"] is None)
    assert total["idle"] == pytest.approx(idle)
    assert total["million_changes"] == pytest.approx(total["month"] - idle, rel=0.001)
    assert (total["counted_from"], total["counted_to"]) == (
        "2026-11-16T12:00:00+00:00",
        "2026-11-26T12:00:00+00:00",
    )


def test_what_is_not_counted_is_from_the_model(run: Run, deployed: Deployed) -> None:
    deployed.record_all()
    deployed.tracing = "Active"
    lines, _ = usage(run, "--days", "10")
    modelled = {(each["service"], each["unit"]) for each in lines if not each["counted"]}
    assert modelled == {
        ("KMS", "key-month"),
        ("KMS", "request"),
        ("CloudWatch", "alarm metric-month"),
        ("S3", "LIST request"),
        ("X-Ray", "trace"),
    }
    # Of a million changes a fifth.
    [lookups] = [each["quantity"] for each in lines if each["service"] == "S3"]
    assert lookups == 200_000


def test_the_table_says_where_each_figure_is_from(run: Run, deployed: Deployed) -> None:
    deployed.record_all()
    shown = run("cost", "--measured", "--days", "10")
    assert shown.exit_code == 0
    lines = shown.stdout.splitlines()
    assert "1,000,000 changes a month, 5,000,000 rows" in lines
    assert "Counted from 2026-11-16 12:00 to 2026-11-26 12:00 UTC: 10 days, as a month of 30" in (
        lines
    )
    assert "Asked CloudWatch for 13 metrics: < $0.01" in lines
    ends = {line.split()[-1] for line in lines if "$" in line and "  Ingest " in line}
    assert ends == {"counted"}
    [keys] = [line for line in lines if "keys, before their first rotation" in line]
    assert keys.endswith("  model")
    assert any(line.startswith("SERVICE") and line.endswith("  FROM") for line in lines)


def test_one_request_asks_for_each_metric_once(run: Run, deployed: Deployed) -> None:
    deployed.record_all()
    usage(run, "--days", "60")
    # 60 days are 1,440 hours, and a request may have 100,800 data points.
    assert deployed.requests == [13]
    deployed.resources += [
        ("AWS::Logs::LogGroup", f"Group{n}", f"{deployed.group}/{n}") for n in range(70)
    ]
    deployed.requests.clear()
    usage(run, "--days", "60")
    assert deployed.requests == [70, 13]


def test_a_metric_that_goes_on_in_the_next_page_is_one_sum(
    run: Run, session: boto3.Session, deployed: Deployed
) -> None:
    pages: list[dict[str, Any]] = [
        {"MetricDataResults": [{"Id": "m6", "Values": [100.0, 200.0]}], "NextToken": "more"},
        {"MetricDataResults": [{"Id": "m6", "Values": [30.0]}, {"Id": "m0", "Values": []}]},
    ]

    def page(**_event: object) -> tuple[SimpleNamespace, dict[str, Any]]:
        return SimpleNamespace(status_code=200), pages.pop(0)

    # botocore's types lack that a handler may answer.
    handler: Callable[..., Any] = page
    session.events.register("before-call.cloudwatch.GetMetricData", handler)
    try:
        lines, _ = usage(run)
    finally:
        session.events.unregister("before-call.cloudwatch.GetMetricData", handler)
    assert pages == []
    [published] = [each for each in lines if each["unit"] == "FIFO message"]
    assert published["quantity"] == 330
    # Without data points the model has it.
    assert {each["counted"] for each in lines if each["service"] == "Lambda"} == {False}


def test_the_local_cloud_has_no_counts(
    run: Run, deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnosis, "emulated", lambda _catalog: True)
    shown = run("cost", "--measured")
    assert (shown.exit_code, shown.stdout, deployed.requests) == (2, "", [])
    [line] = shown.stderr.splitlines()
    assert line.startswith("reinventure: the local cloud has no counts of what was used: ")


def test_a_young_catalog_is_counted_since_it_was_created(run: Run, deployed: Deployed) -> None:
    # As boto3 has it: in the zone of this machine.
    india = timezone(timedelta(hours=5, minutes=30))
    deployed.created = (NOW - timedelta(days=3)).astimezone(india)
    deployed.record(deployed.published, 300, LATELY)
    _, total = usage(run)
    assert total["counted_from"] == "2026-11-23T12:00:00+00:00"
    [line] = [each for each in usage(run)[0] if each["unit"] == "FIFO message"]
    assert line["quantity"] == pytest.approx(3_000)


def test_a_catalog_without_counts_is_an_error_that_says_why(run: Run, deployed: Deployed) -> None:
    shown = run("cost", "--measured")
    assert shown.exit_code == 2
    assert shown.stdout == ""
    [line] = shown.stderr.splitlines()
    assert line.startswith(
        "reinventure: CloudWatch has no counts of the stack Catalog since 2026-10-27 12:00 UTC: "
        "they come a few minutes after the first change. "
    )
    deployed.created = (NOW - timedelta(minutes=10)).astimezone(timezone(timedelta(hours=2)))
    shown = run("cost", "--measured")
    assert (shown.exit_code, shown.stderr.count("\n")) == (2, 1)
    assert "the catalog was created at 12:20 UTC" in shown.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--measured", "--changes", "0"), "--changes is for the model: --measured counts "),
        (("--measured", "--objects", "1"), "--objects is for the model: --measured counts "),
        (("--measured", "--with", "sql"), "--with is for the model: --measured counts a deployed"),
        (("--days", "7"), "--days is for --measured"),
        (("--measured", "--days", "0"), "--days: invalid number of days '0': use 1 to 60"),
        (("--measured", "--days", "61"), "--days: invalid number of days '61': use 1 to 60"),
    ],
)
def test_mistakes_are_one_line(run: Run, arguments: tuple[str, ...], message: str) -> None:
    shown = run("cost", *arguments)
    assert shown.exit_code == 2
    [line] = shown.stderr.splitlines()
    assert line.startswith(f"reinventure: {message}")


@pytest.mark.parametrize(
    ("event", "permission"),
    [
        ("before-call.lambda.GetFunctionConfiguration", "lambda:GetFunctionConfiguration on "),
        ("before-call.dynamodb.DescribeTable", "dynamodb:DescribeTable on the tables"),
        ("before-call.cloudwatch.GetMetricData", "cloudwatch:GetMetricData on the account"),
    ],
)
def test_a_missing_permission_is_named(
    run: Run, session: boto3.Session, deployed: Deployed, event: str, permission: str
) -> None:
    def refuse(**_event: object) -> None:
        error = {"Error": {"Code": "AccessDenied", "Message": "not authorized"}}
        raise ClientError(error, event.rsplit(".", maxsplit=1)[-1])  # type: ignore[arg-type]

    session.events.register_first(event, refuse)
    try:
        shown = run("cost", "--measured")
    finally:
        session.events.unregister(event, refuse)
    assert shown.exit_code == 2
    [line] = shown.stderr.splitlines()
    assert line.startswith(f"reinventure: {permission}")
    assert line.endswith("is not allowed: you need this permission")
