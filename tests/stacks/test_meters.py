"""The metrics that `reinventure cost --measured` asks for, beside the CDK and the templates."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs

from reinventure.aws import account_counts, deployed_stack
from reinventure.cost import meters
from reinventure.cost.meters import Metric, Resource
from tests.stacks.assemblies import Assemblies
from tests.stacks.conftest import read

VARIANTS: list[dict[str, str]] = [
    {"transport": "eventbridge", "reconcile": "nightly", "sql": "true", "workers": "true"},
    {"transport": "sns"},
    {"transport": "sqs"},
    {"buckets": "photos-prod,logs-prod/x/"},
]


@pytest.fixture(scope="module")
def known() -> set[Metric]:
    """The metrics that the CDK has of resources named `it`. It has none for a single rule."""
    stack = cdk.Stack(cdk.App(), "Names")
    function = lambda_.Function.from_function_name(stack, "Function", "it")
    table = dynamodb.Table.from_table_name(stack, "Table", "it")
    topic = sns.Topic.from_topic_arn(stack, "Topic", "arn:aws:sns:us-east-1:1:it.fifo")
    queue = sqs.Queue.from_queue_arn(stack, "Queue", "arn:aws:sqs:us-east-1:1:it")
    group = logs.LogGroup(stack, "Group", log_group_name="it")
    found = [
        function.metric_invocations(),
        function.metric_duration(),
        table.metric_consumed_write_capacity_units(),
        table.metric_consumed_read_capacity_units(),
        topic.metric_number_of_messages_published(),
        topic.metric_number_of_notifications_delivered(),
        queue.metric_number_of_messages_sent(),
        queue.metric_number_of_messages_received(),
        queue.metric_number_of_empty_receives(),
        group.metric_incoming_bytes(),
    ]
    return {_metric(stack, each) for each in found}


def _metric(stack: cdk.Stack, found: cloudwatch.Metric) -> Metric:
    # The CDK's metric of a log group lacks its dimension (CloudWatch Logs, "Usage metrics").
    [(dimension, value)] = (found.dimensions or {"LogGroupName": "it"}).items()
    name = stack.resolve(value)
    if isinstance(name, dict):  # A reference to the resource of this stack.
        name = "it"
    return Metric(found.namespace, found.metric_name, dimension, name)


def test_each_metric_has_the_names_that_the_cdk_has(known: set[Metric]) -> None:
    resources = [
        Resource(meters.FUNCTION, "A", "it", 1),
        Resource(meters.TABLE, "B", "it"),
        Resource(meters.TOPIC, "C", "arn:aws:sns:us-east-1:1:it.fifo"),
        Resource(meters.QUEUE, "D", "https://sqs.us-east-1.amazonaws.com/1/it"),
        Resource(meters.LOG_GROUP, "E", "it"),
    ]
    assert {meter.metric for meter in meters.meters(resources)} == known


@pytest.mark.parametrize("settings", VARIANTS)
def test_rules_of_events_are_paid_and_schedules_are_not(
    assemblies: Assemblies, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]
) -> None:
    template = read(assemblies.catalog(**settings))["Resources"]
    rules = {name: each for name, each in template.items() if each["Type"] == meters.RULE}
    listed = [(meters.RULE, name, name) for name in rules]
    monkeypatch.setattr(deployed_stack, "every_resource", lambda *_: iter(listed))
    resources = account_counts._resources(None, "Catalog")  # type: ignore[arg-type]
    paid = {meter.metric.value for meter in meters.meters(resources)}
    of_s3 = {name for name, each in rules.items() if "EventPattern" in each["Properties"]}
    assert paid == of_s3
    assert len(of_s3) == ("transport" not in settings or settings["transport"] == "eventbridge")
