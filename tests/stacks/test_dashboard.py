"""The dashboard of a catalog: its questions in order, and nothing in it that does not exist."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.assemblies import Assemblies
from tests.stacks.conftest import TRANSPORTS, Template, properties, read, resources
from tests.stacks.test_runbook import resolved

EVERYTHING = {"workers": "true", "sql": "true", "reconcile": "nightly"}
VARIANTS: list[dict[str, str]] = [
    *({"transport": transport} for transport in TRANSPORTS),
    EVERYTHING,
    {**EVERYTHING, "canary": "off", "transport": "sqs", "stage": "production"},
    {"buckets": "logs-prod/2026/,photos-prod"},
    {"local": "true"},
]


@pytest.fixture(params=VARIANTS, ids=lambda each: "-".join(map("=".join, each.items())))
def folder(request: pytest.FixtureRequest, assemblies: Assemblies) -> Path:
    return assemblies.catalog(dashboard="true", **request.param)


def ids(value: Any) -> Any:
    """`value` with the logical id in place of each reference."""
    match value:
        case {"Ref": name} | {"Fn::GetAtt": [name, _]}:
            return name
        case {"Fn::Join": [separator, parts]}:
            return {"Fn::Join": [separator, [ids(part) for part in parts]]}
    return value


def widgets(template: Template) -> list[dict[str, Any]]:
    """The widgets of the dashboard, with logical ids in place of references."""
    [dashboard] = properties(template, "AWS::CloudWatch::Dashboard")
    body: dict[str, Any] = json.loads(resolved(ids(dashboard["DashboardBody"])))
    found: list[dict[str, Any]] = body["widgets"]
    return found


def test_each_question_has_its_row_in_this_order(folder: Path) -> None:
    found = widgets(read(folder))
    assert found[1]["type"] == "alarm"
    titles = [
        each["properties"].get("title", each["properties"].get("markdown", ""))
        for each in found[2:]
    ]
    questions = [title.strip("*").partition("?" if "?" in title else ":")[0] for title in titles]
    order = list(dict.fromkeys(questions))
    optional = {"Workers", "Sql"} & set(order)
    assert [each for each in order if each not in optional] == [
        "Is it right",
        "Is it late",
        "What failed",
        "What costs",
    ]
    assert optional == {path.name.split(".")[0] for path in folder.glob("*.template.json")} - {
        "Catalog"
    }
    rows = {each["y"]: 0 for each in found}
    for each in found:
        rows[each["y"]] += each["width"]
    assert max(rows.values()) <= 24


def test_all_alarms_of_the_stack_are_in_the_first_row(folder: Path) -> None:
    template = read(folder)
    alarms = set(resources(template, "AWS::CloudWatch::Alarm"))
    shown = widgets(template)[1]["properties"]["alarms"]
    assert sorted(shown) == sorted(alarms)


def test_every_metric_is_of_a_resource_of_the_stack(folder: Path) -> None:
    template = read(folder)
    kinds = {
        "FunctionName": "AWS::Lambda::Function",
        "QueueName": "AWS::SQS::Queue",
        "TableName": "AWS::DynamoDB::Table",
        "TopicName": "AWS::SNS::Topic",
        "StateMachineArn": "AWS::StepFunctions::StateMachine",
    }
    shown = [
        metric
        for widget in widgets(template)
        for metric in widget["properties"].get("metrics", [])
        if isinstance(metric[0], str)
    ]
    assert len(shown) > 15
    for _, name, *dimension, options in shown:
        assert options["label"]
        if name != "RepairedRows":
            [kind, value] = dimension
            assert template["Resources"][value]["Type"] == kinds[kind]


def test_the_queues_of_other_stacks_are_searched_by_a_part_of_their_names(
    assemblies: Assemblies,
) -> None:
    found = [
        metric[0]["expression"]
        for widget in widgets(read(assemblies.catalog(dashboard="true", **EVERYTHING)))
        for metric in widget["properties"].get("metrics", [])
        if isinstance(metric[0], dict)
    ]
    begin = 'SEARCH(\'{AWS/SQS,QueueName} MetricName="ApproximateNumberOfMessagesVisible" '
    assert found == [f"{begin}QueueName={stack}', 'Maximum', 60)" for stack in ("Workers", "Sql")]


def test_the_metric_of_repaired_rows_is_that_of_the_alarm(assemblies: Assemblies) -> None:
    template = read(assemblies.catalog(dashboard="true", **EVERYTHING))
    [alarm] = [
        each
        for each in properties(template, "AWS::CloudWatch::Alarm")
        if each.get("MetricName") == "RepairedRows"
    ]
    assert resolved(ids(alarm["Namespace"])) in json.dumps(widgets(template))


def test_there_is_none_unless_it_is_asked_for(assemblies: Assemblies, template: Template) -> None:
    assert not resources(template, "AWS::CloudWatch::Dashboard", least=0)
    [product] = assemblies.portfolio(dashboard="true").glob("*.product.template.json")
    assert "AWS::CloudWatch::Dashboard" not in product.read_text()
