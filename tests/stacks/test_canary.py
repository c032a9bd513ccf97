"""The templates: the rollout of a new version of `ingest`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.stacks.conftest import (
    Template,
    arn,
    catalog_table,
    key,
    permissions,
    properties,
    read,
    resources,
)


def test_the_alias_moves_through_codedeploy_and_both_hooks(variant: Template) -> None:
    [alias] = resources(variant, "AWS::Lambda::Alias").values()
    [group] = resources(variant, "AWS::CodeDeploy::DeploymentGroup")
    [application] = resources(variant, "AWS::CodeDeploy::Application")
    update = alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
    assert update["ApplicationName"] == {"Ref": application}
    assert update["DeploymentGroupName"] == {"Ref": group}
    functions = resources(variant, "AWS::Lambda::Function")
    for hook, entry in (("Before", "pre_traffic"), ("After", "post_traffic")):
        function = functions[update[f"{hook}AllowTrafficHook"]["Ref"]]["Properties"]
        assert function["Handler"] == f"handlers.{entry}.handler"


@pytest.mark.parametrize(
    ("canary", "name"),
    [
        ("LambdaCanary10Percent5Minutes", "LambdaCanary10Percent5Minutes"),
        ("LambdaLinear10PercentEvery3Minutes", "LambdaLinear10PercentEvery3Minutes"),
        ("LambdaAllAtOnce", "LambdaAllAtOnce"),
        ("linear:10%/1m", "LambdaLinear10PercentEvery1Minute"),
    ],
)
def test_a_predefined_shift_is_named(
    synthesise: Callable[..., Path], canary: str, name: str
) -> None:
    [group] = properties(read(synthesise(canary=canary)), "AWS::CodeDeploy::DeploymentGroup")
    assert group["DeploymentConfigName"] == name


@pytest.mark.parametrize(
    ("canary", "kind", "percent", "minutes"),
    [("canary:25%/7m", "Canary", 25, 7), ("linear:20%/2m", "Linear", 20, 2)],
)
def test_a_custom_shift_is_created(
    synthesise: Callable[..., Path], canary: str, kind: str, percent: int, minutes: int
) -> None:
    template = read(synthesise(canary=canary))
    [(name, made)] = resources(template, "AWS::CodeDeploy::DeploymentConfig").items()
    assert made["Properties"]["ComputePlatform"] == "Lambda"
    assert made["Properties"]["TrafficRoutingConfig"] == {
        "Type": f"TimeBased{kind}",
        f"TimeBased{kind}": {
            f"{kind}Percentage": percent,
            f"{kind}Interval": minutes,
        },
    }
    [group] = properties(template, "AWS::CodeDeploy::DeploymentGroup")
    assert group["DeploymentConfigName"] == {"Ref": name}


@pytest.mark.parametrize("settings", [{"canary": "off"}, {"local": "true"}])
def test_without_canary_there_is_no_codedeploy(
    synthesise: Callable[..., Path], settings: dict[str, str]
) -> None:
    template = read(synthesise(**settings))
    assert "odeDeploy" not in json.dumps(template)
    [alias] = resources(template, "AWS::Lambda::Alias").values()
    assert "UpdatePolicy" not in alias


def test_a_failed_or_stopped_deployment_and_an_alarm_roll_back(variant: Template) -> None:
    [group] = properties(variant, "AWS::CodeDeploy::DeploymentGroup")
    assert group["AutoRollbackConfiguration"] == {
        "Enabled": True,
        "Events": [
            "DEPLOYMENT_FAILURE",
            "DEPLOYMENT_STOP_ON_REQUEST",
            "DEPLOYMENT_STOP_ON_ALARM",
        ],
    }


def alarms(template: Template) -> dict[str, Any]:
    """The alarms that roll a deployment back, by logical id."""
    [group] = properties(template, "AWS::CodeDeploy::DeploymentGroup")
    named = [alarm["Name"]["Ref"] for alarm in group["AlarmConfiguration"]["Alarms"]]
    every = resources(template, "AWS::CloudWatch::Alarm")
    assert group["AlarmConfiguration"]["Enabled"] is True
    return {name: every[name]["Properties"] for name in named}


def measured(alarm: Any) -> Any:
    """The metric, or the expression, that an alarm is about."""
    if "MetricName" in alarm:
        return alarm["MetricName"]
    [expression] = [m["Expression"] for m in alarm["Metrics"] if "Expression" in m]
    return expression


def test_four_kinds_of_alarm_roll_a_deployment_back(variant: Template) -> None:
    found = list(alarms(variant).values())
    assert [(measured(alarm), alarm["Threshold"]) for alarm in found] == [
        ("100 * errors / calls", 1),
        ("100 * throttles / (throttles + FILL(calls, 0))", 1),
        ("DIFF(depth)", 0),
        # Five minutes more than the window in which each gathers records.
        ("IteratorAge", (5 * 60 + 60) * 1000),
        ("IteratorAge", (5 * 60 + 1) * 1000),
    ]
    readers = [
        mapping["FunctionName"]
        for mapping in properties(variant, "AWS::Lambda::EventSourceMapping")
        if "StreamArn" in json.dumps(mapping["EventSourceArn"])
    ]
    assert [alarm["Dimensions"][0]["Value"] for alarm in found[3:]] == readers


def test_an_alarm_needs_two_of_three_minutes_or_the_one_of_a_difference(
    variant: Template,
) -> None:
    measured_over = [
        (measured(alarm), alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"])
        for alarm in alarms(variant).values()
    ]
    assert measured_over == [
        ("100 * errors / calls", 3, 2),
        ("100 * throttles / (throttles + FILL(calls, 0))", 3, 2),
        ("DIFF(depth)", 1, 1),
        ("IteratorAge", 3, 2),
        ("IteratorAge", 3, 2),
    ]


def test_an_alarm_measures_minutes(variant: Template) -> None:
    for alarm in alarms(variant).values():
        periods = [alarm.get("Period")] + [
            metric.get("Period", metric.get("MetricStat", {}).get("Period"))
            for metric in alarm.get("Metrics", [])
        ]
        assert {period for period in periods if period} == {60}


def test_errors_and_throttles_are_metrics_of_the_alias(variant: Template) -> None:
    for alarm in list(alarms(variant).values())[:2]:
        for metric in alarm["Metrics"]:
            if "MetricStat" in metric:
                dimensions = metric["MetricStat"]["Metric"]["Dimensions"]
                [resource] = [d["Value"] for d in dimensions if d["Name"] == "Resource"]
                assert json.dumps(resource).endswith('":live"]]}')


def test_messages_in_a_dead_letter_queue_roll_no_deployment_back(variant: Template) -> None:
    """Otherwise the version with the fix could not be deployed."""
    assert "ApproximateNumberOfMessagesVisible" not in map(measured, alarms(variant).values())


def test_the_pre_traffic_test_may_invoke_versions_and_access_its_own_rows(
    template: Template,
) -> None:
    version = {"Ref": arn(template, "AWS::Lambda::Version")["Fn::GetAtt"][0]}
    ingest = arn(template, "AWS::Lambda::Function", "Ingest")
    table = catalog_table(template)
    data = key(template, "objects, catalog rows")
    assert permissions(template, "CanaryBeforeRole")[:4] == [
        (["lambda:InvokeFunction"], {"Fn::Join": ["", [ingest, ":*"]]}),
        (["dynamodb:DescribeTable"], table),
        (["dynamodb:DeleteItem", "dynamodb:GetItem"], table),
        (["kms:Decrypt"], data),
    ]
    [role] = [
        r["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
        for name, r in resources(template, "AWS::IAM::Role").items()
        if name.startswith("CanaryBeforeRole")
    ]
    [rows] = [s for s in role if "dynamodb:DeleteItem" in s["Action"]]
    assert rows["Condition"] == {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": "reinventure:probe#*"}
    }
    [function] = [
        f
        for f in properties(template, "AWS::Lambda::Function")
        if f["Handler"] == "handlers.pre_traffic.handler"
    ]
    assert function["Environment"]["Variables"] == {
        "VERSION_ARN": version,
        "TABLE_NAME": {"Ref": table["Fn::GetAtt"][0]},
        "SHARDS": "16",
        "KEY_ARN": data,
    }


def test_codedeploy_may_update_this_alias_and_invoke_its_hooks(template: Template) -> None:
    allowed = permissions(template, "CanaryRole")
    assert [actions for actions, _ in allowed] == [
        ["lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias"],
        ["lambda:InvokeFunction"],
        ["cloudwatch:DescribeAlarms"],
    ]
    ingest = arn(template, "AWS::Lambda::Function", "Ingest")
    assert allowed[0][1] == [ingest, {"Fn::Join": ["", [ingest, ":*"]]}]
    assert allowed[1][1] == [
        arn(template, "AWS::Lambda::Function", "CanaryAfter"),
        arn(template, "AWS::Lambda::Function", "CanaryBefore"),
    ]


def test_a_hook_has_one_attempt(template: Template) -> None:
    hooks = [
        p["MaximumRetryAttempts"]
        for p in properties(template, "AWS::Lambda::EventInvokeConfig")
        if "Canary" in json.dumps(p["FunctionName"])
    ]
    assert hooks == [0, 0]


@mock_aws
def test_codedeploy_accepts_the_deployment_group(template: Template) -> None:
    """The names of the template, against botocore's model of the service and moto's CodeDeploy."""
    [group] = properties(template, "AWS::CodeDeploy::DeploymentGroup")

    def small(value: Any) -> Any:
        if isinstance(value, list):
            return [small(each) for each in value]
        if isinstance(value, dict):
            return {name[0].lower() + name[1:]: small(each) for name, each in value.items()}
        return value

    request: Any = {
        **small(group),
        "applicationName": "catalog",
        "deploymentGroupName": "live",
        "serviceRoleArn": "arn:aws:iam::123456789012:role/codedeploy",
        "alarmConfiguration": {"enabled": True, "alarms": [{"name": n} for n in alarms(template)]},
    }
    client = boto3.client("codedeploy", region_name="us-east-1")
    client.create_application(applicationName="catalog", computePlatform="Lambda")
    client.create_deployment_group(**request)
    kept = client.get_deployment_group(applicationName="catalog", deploymentGroupName="live")
    info = kept["deploymentGroupInfo"]
    assert info["autoRollbackConfiguration"] == request["autoRollbackConfiguration"]
    assert info["deploymentStyle"] == request["deploymentStyle"]
