"""Every failure raises an alarm, which notifies the topic of the setting `notify`."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.stacks.assemblies import Assemblies
from tests.stacks.conftest import TRANSPORTS, Template, as_list, properties, read, resources

Templates = dict[str, Template]

EVERYTHING = {"workers": "true", "sql": "true", "reconcile": "nightly", "notify": "a@example.com"}
VARIANTS: list[dict[str, str]] = [
    *({"transport": transport} for transport in TRANSPORTS),
    EVERYTHING,
    {**EVERYTHING, "canary": "off", "kinesis": "true"},
    {**EVERYTHING, "local": "true", "transport": "sqs"},
]


@pytest.fixture(
    params=[*VARIANTS, "product", "delivery"],
    ids=lambda each: each if isinstance(each, str) else "-".join(map("=".join, each.items())),
)
def templates(request: pytest.FixtureRequest, assemblies: Assemblies) -> Templates:
    """Templates of stacks by their names, with different settings."""
    match request.param:
        case "product":
            [product] = assemblies.portfolio().glob("*.product.template.json")
            return {"Catalog": json.loads(product.read_text())}
        case "delivery":
            return {"Delivery": read(assemblies.delivery(notify="a@example.com"), "Delivery")}
        case settings:
            folder = assemblies.catalog(**settings)
            stacks = [path.name.split(".")[0] for path in folder.glob("*.template.json")]
            return {stack: read(folder, stack) for stack in stacks}


def alarms(templates: Templates, stack: str) -> Iterator[dict[str, Any]]:
    """The alarms of `stack` that notify the topic of alarms."""
    for alarm in properties(templates[stack], "AWS::CloudWatch::Alarm", least=0):
        if alarm.get("AlarmActions") == [topic(templates, stack)]:
            assert alarm["AlarmDescription"]
            yield alarm


def topic(templates: Templates, stack: str) -> Any:
    """How `stack` refers to the topic of alarms: its own, or that of Catalog."""
    owner = "Delivery" if stack == "Delivery" else "Catalog"
    [name] = [
        name
        for name in resources(templates[owner], "AWS::SNS::Topic")
        if name.endswith("AlarmsTopic6EC35838") or name.startswith("AlarmsTopic")
    ]
    if stack == owner:
        return {"Ref": name}
    [reference] = {
        json.dumps(action)
        for alarm in properties(templates[stack], "AWS::CloudWatch::Alarm")
        for action in alarm["AlarmActions"]
        if name in json.dumps(action)
    }
    return json.loads(reference)


def watched(alarm: dict[str, Any], metric: str, dimension: str) -> str | None:
    """The logical id in `dimension` of the `metric` of an alarm, or None for another metric."""
    if alarm.get("MetricName") != metric:
        return None
    [value] = [d["Value"] for d in alarm["Dimensions"] if d["Name"] == dimension]
    name: str = value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0]
    return name


def dead_letter_queues(template: Template) -> set[str]:
    """Every queue that receives what something else failed on or could not deliver."""
    targets = re.findall(
        r'"(?:deadLetterTargetArn|Destination|DeadLetterConfig)": '
        r'(?:\{"Arn": )?\{"Fn::GetAtt": \["(\w+)", "Arn"\]\}',
        json.dumps(template),
    )
    return {name for name in targets if template["Resources"][name]["Type"] == "AWS::SQS::Queue"}


def test_every_dead_letter_queue_has_an_alarm(templates: Templates) -> None:
    for stack, template in templates.items():
        found = dead_letter_queues(template)
        assert found or stack == "Delivery"
        metric = "ApproximateNumberOfMessagesVisible"
        on = [
            alarm
            for alarm in alarms(templates, stack)
            if watched(alarm, metric, "QueueName") is not None
        ]
        assert sorted(str(watched(alarm, metric, "QueueName")) for alarm in on) == sorted(found)
        for alarm in on:
            assert (
                alarm["Threshold"],
                alarm["ComparisonOperator"],
                alarm["EvaluationPeriods"],
            ) == (
                0,
                "GreaterThanThreshold",
                1,
            )


def test_every_reader_of_a_stream_has_an_alarm_on_its_iterator_age(templates: Templates) -> None:
    for stack, template in templates.items():
        readers = [
            mapping["FunctionName"]["Ref"]
            for mapping in properties(template, "AWS::Lambda::EventSourceMapping", least=0)
            if "StartingPosition" in mapping
        ]
        assert len(readers) == (2 if stack == "Catalog" else 0)
        on = [watched(alarm, "IteratorAge", "FunctionName") for alarm in alarms(templates, stack)]
        assert sorted(name for name in on if name) == sorted(readers)


@pytest.mark.parametrize(("window", "late"), [("60", 360_000), ("300", 600_000), ("1", 301_000)])
def test_totals_are_late_five_minutes_after_their_window(
    assemblies: Assemblies, window: str, late: int
) -> None:
    template = read(assemblies.catalog(totals_window=window))
    [totals] = [
        mapping
        for mapping in properties(template, "AWS::Lambda::EventSourceMapping", least=2)
        if "TumblingWindowInSeconds" in mapping
    ]
    assert totals["MaximumBatchingWindowInSeconds"] == int(window)
    thresholds = {
        name: alarm["Threshold"]
        for alarm in alarms({"Catalog": template}, "Catalog")
        if (name := watched(alarm, "IteratorAge", "FunctionName"))
    }
    assert thresholds.pop(totals["FunctionName"]["Ref"]) == late
    assert list(thresholds.values()) == [301_000]


def test_a_comparison_that_fails_or_is_late_or_finds_much_raises_an_alarm(
    templates: Templates,
) -> None:
    template = templates.get("Catalog", {"Resources": {}})
    machines = resources(template, "AWS::StepFunctions::StateMachine", least=0)
    if not machines:
        return
    [machine] = machines
    found = list(alarms(templates, "Catalog"))
    for metric in ("ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"):
        assert [watched(a, metric, "StateMachineArn") for a in found].count(machine) == 1
    [late] = [a for a in found if a.get("MetricName") == "ExecutionsSucceeded"]
    assert late["Dimensions"] == [{"Name": "StateMachineArn", "Value": {"Ref": machine}}]
    assert late["TreatMissingData"] == "breaching"
    assert (late["ComparisonOperator"], late["Threshold"]) == ("LessThanThreshold", 1)
    # Longer than a day, and within CloudWatch's limit of a week.
    assert 24 * 3600 < late["Period"] * late["EvaluationPeriods"] <= 7 * 24 * 3600
    [different] = [a for a in found if a.get("MetricName") == "RepairedRows"]
    assert (different["Threshold"], different["Statistic"]) == (100, "Sum")
    [measured] = properties(template, "AWS::Logs::MetricFilter")
    assert measured["FilterPattern"] == "{ $.repaired > 0 }"
    [transformation] = measured["MetricTransformations"]
    assert transformation["MetricValue"] == "$.repaired"
    assert transformation["MetricNamespace"] == different["Namespace"]


def test_the_number_of_differences_is_a_setting(assemblies: Assemblies) -> None:
    template = read(assemblies.catalog(reconcile="nightly", max_differences="7"))
    [different] = [
        alarm
        for alarm in properties(template, "AWS::CloudWatch::Alarm")
        if alarm.get("MetricName") == "RepairedRows"
    ]
    assert different["Threshold"] == 7


def test_a_failed_execution_of_the_pipeline_raises_an_alarm(assemblies: Assemblies) -> None:
    templates = {"Delivery": read(assemblies.delivery(notify="a@example.com"), "Delivery")}
    [pipeline] = resources(templates["Delivery"], "AWS::CodePipeline::Pipeline")
    [alarm] = alarms(templates, "Delivery")
    assert watched(alarm, "FailedPipelineExecutions", "PipelineName") == pipeline
    assert (alarm["Namespace"], alarm["Threshold"]) == ("AWS/CodePipeline", 0)


def test_the_topic_is_encrypted_and_for_alarms_of_this_account_only(templates: Templates) -> None:
    stack = "Delivery" if "Delivery" in templates else "Catalog"
    template = templates[stack]
    name = topic(templates, stack)
    [policy] = [
        p["PolicyDocument"]["Statement"]
        for p in properties(template, "AWS::SNS::TopicPolicy")
        if p["Topics"] == [name]
    ]
    here = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    [allowed] = [statement for statement in policy if statement["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allowed["Condition"] == here
    master = template["Resources"][name["Ref"]]["Properties"]["KmsMasterKeyId"]
    key = template["Resources"][master["Fn::GetAtt"][0]]["Properties"]
    [use] = [s for s in key["KeyPolicy"]["Statement"] if s["Sid"] == "LetSendCloudwatch"]
    assert (use["Principal"], use["Condition"]) == (allowed["Principal"], here)
    assert as_list(use["Action"]) == ["kms:Decrypt", "kms:GenerateDataKey"]


@pytest.mark.parametrize(
    ("notify", "protocol"),
    [("someone@example.com", "email"), ("https://events.example.com/key/enqueue", "https")],
)
def test_notify_is_subscribed_to_every_topic_of_an_operator(
    assemblies: Assemblies, notify: str, protocol: str
) -> None:
    folder = assemblies.app(notify=notify, config="create")
    for stack in ("Catalog", "Delivery", "Governance"):
        template = read(folder, stack)
        [subscription] = [
            each
            for each in properties(template, "AWS::SNS::Subscription")
            if each["Protocol"] != "sqs"
        ]
        assert (subscription["Protocol"], subscription["Endpoint"]) == (protocol, notify)
        assert subscription["TopicArn"]["Ref"] in resources(template, "AWS::SNS::Topic")
    [product] = folder.glob("*.product.template.json")
    assert notify not in product.read_text()
