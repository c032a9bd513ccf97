"""The templates: the nightly comparison."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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

LOGS = ["logs:CreateLogStream", "logs:PutLogEvents"]


@pytest.fixture
def nightly(synthesise: Callable[..., Path]) -> Template:
    return read(synthesise(reconcile="nightly"))


def function(template: Template, handler: str) -> Any:
    [found] = [f for f in properties(template, "AWS::Lambda::Function") if f["Handler"] == handler]
    return found


def definition(template: Template) -> Any:
    """The state machine, with the logical id of each function in place of its ARN."""
    [machine] = properties(template, "AWS::StepFunctions::StateMachine")
    parts = machine["DefinitionString"]["Fn::Join"][1]
    return json.loads("".join(p if isinstance(p, str) else p["Fn::GetAtt"][0] for p in parts))


def totals_table(template: Template) -> Any:
    [name] = [name for name in resources(template, "AWS::DynamoDB::Table") if "Totals" in name]
    return {"Fn::GetAtt": [name, "Arn"]}


def test_by_default_there_is_no_nightly_comparison(template: Template) -> None:
    kinds = {resource["Type"] for resource in template["Resources"].values()}
    assert "AWS::StepFunctions::StateMachine" not in kinds
    assert "AWS::Events::Rule" not in kinds
    assert "reconcile." not in json.dumps(template)


def test_the_comparison_starts_every_night_at_17_past_3_utc(nightly: Template) -> None:
    [rule] = properties(nightly, "AWS::Events::Rule")
    [machine] = resources(nightly, "AWS::StepFunctions::StateMachine")
    [target] = rule["Targets"]
    assert rule["ScheduleExpression"] == "cron(17 3 * * ? *)"
    assert rule["State"] == "ENABLED"
    assert target["Arn"] == {"Ref": machine}
    assert target["RoleArn"] == arn(nightly, "AWS::IAM::Role", "ReconcileStarter")
    assert permissions(nightly, "ReconcileStarter") == [
        (["states:StartExecution"], {"Ref": machine})
    ]


def test_each_range_of_the_plan_is_compared(nightly: Template) -> None:
    states = definition(nightly)["States"]
    assert definition(nightly)["StartAt"] == "Plan"
    assert states["Plan"]["Resource"].startswith("ReconcilePlanner")
    assert states["Plan"]["Next"] == "Each range"
    each = states["Each range"]
    assert each["ItemsPath"] == "$.ranges"
    assert each["ItemProcessor"]["ProcessorConfig"] == {
        "Mode": "DISTRIBUTED",
        "ExecutionType": "STANDARD",
    }
    assert each["MaxConcurrency"] == 40
    assert each.get("ToleratedFailurePercentage", 0) == 0
    assert each.get("ToleratedFailureCount", 0) == 0


def test_a_range_is_worked_on_until_it_is_done(nightly: Template) -> None:
    processor = definition(nightly)["States"]["Each range"]["ItemProcessor"]
    states = processor["States"]
    assert processor["StartAt"] == "Work"
    assert states["Work"]["Resource"].startswith("ReconcileWorker")
    # The output of a worker, its position, is the input of the next one.
    assert not states["Work"].keys() & {"ResultPath", "OutputPath", "InputPath", "Parameters"}
    choice = states[states["Work"]["Next"]]
    assert choice["Choices"] == [{"Variable": "$.done", "BooleanEquals": True, "Next": "Compared"}]
    assert choice["Default"] == "Work"
    assert states["Compared"]["Type"] == "Pass"
    assert states["Compared"]["End"] is True


def test_the_map_collects_bucket_and_number_of_repairs_of_each_range(nightly: Template) -> None:
    each = definition(nightly)["States"]["Each range"]
    assert each["ItemProcessor"]["States"]["Compared"]["Parameters"] == {
        "bucket.$": "$.bucket",
        "repaired.$": "$.repaired",
    }
    assert not each.keys() & {"ResultPath", "OutputPath", "ResultSelector"}


def test_a_range_that_fails_stops_no_other_and_is_in_the_results(nightly: Template) -> None:
    states = definition(nightly)["States"]["Each range"]["ItemProcessor"]["States"]
    [catch] = states["Work"]["Catch"]
    assert catch["ErrorEquals"] == ["States.ALL"]
    failed = states[catch["Next"]]
    assert (catch["ResultPath"], failed["End"]) == ("$.error", True)
    assert failed["Parameters"] == {"bucket.$": "$.bucket", "error.$": "$.error.Error"}


def test_the_results_are_recorded_with_start_and_input_of_the_execution(nightly: Template) -> None:
    states = definition(nightly)["States"]
    record = states[states["Each range"]["Next"]]
    assert record["Resource"].startswith("ReconcileResult")
    assert record["Parameters"] == {
        "began.$": "$$.Execution.StartTime",
        "input.$": "$$.Execution.Input",
        "ranges.$": "$",
    }
    assert record["End"] is True


def test_the_recorder_may_write_the_results_of_comparisons_only(nightly: Template) -> None:
    assert permissions(nightly, "ReconcileResult") == [
        (["dynamodb:UpdateItem"], totals_table(nightly)),
        (["kms:Decrypt"], key(nightly, "objects, catalog rows")),
        (LOGS, arn(nightly, "AWS::Logs::LogGroup", "ResultLogs")),
    ]
    [statement] = [
        each
        for name, role in resources(nightly, "AWS::IAM::Role").items()
        if name.startswith("ReconcileResult")
        for policy in role["Properties"]["Policies"]
        for each in policy["PolicyDocument"]["Statement"]
        if each["Action"] == "dynamodb:UpdateItem"
    ]
    assert statement["Condition"] == {
        "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": "#verified"}
    }
    variables = function(nightly, "handlers.reconcile_result.handler")["Environment"]["Variables"]
    assert variables.keys() & {"TABLE_NAME", "TOTALS_TABLE_NAME"} == {"TOTALS_TABLE_NAME"}


def test_errors_of_lambda_itself_are_retried(nightly: Template) -> None:
    states = definition(nightly)["States"]
    for task in (
        states["Plan"],
        states["Each range"]["ItemProcessor"]["States"]["Work"],
        states["Record"],
    ):
        [retry] = task["Retry"]
        assert {"Lambda.ServiceException", "Lambda.TooManyRequestsException"} <= set(
            retry["ErrorEquals"]
        )
        assert {name: retry[name] for name in retry.keys() - {"ErrorEquals"}} == {
            "IntervalSeconds": 2,
            "MaxAttempts": 10,
            "BackoffRate": 2,
            "MaxDelaySeconds": 300,
            "JitterStrategy": "FULL",
        }


def test_the_machine_is_a_standard_one_and_logs_under_the_data_key(nightly: Template) -> None:
    [machine] = properties(nightly, "AWS::StepFunctions::StateMachine")
    assert machine["StateMachineType"] == "STANDARD"
    [destination] = machine["LoggingConfiguration"]["Destinations"]
    assert destination["CloudWatchLogsLogGroup"]["LogGroupArn"] == arn(
        nightly, "AWS::Logs::LogGroup", "ReconcileLogs"
    )


@pytest.mark.parametrize(
    ("handler", "minutes"), [("handlers.reconcile.plan", 5), ("handlers.reconcile.work", 15)]
)
def test_the_functions_run_as_ingest_does(nightly: Template, handler: str, minutes: int) -> None:
    ours, ingest = function(nightly, handler), function(nightly, "handlers.ingest.handler")
    for name in ("Runtime", "Architectures", "Code", "Environment", "KmsKeyArn"):
        assert ours[name] == ingest[name]
    assert ours["LoggingConfig"]["LogFormat"] == "JSON"
    assert ours["MemorySize"] == 1024
    assert ours["Timeout"] == minutes * 60


def test_the_planner_may_list_the_bucket_only(nightly: Template) -> None:
    assert permissions(nightly, "ReconcilePlanner") == [
        (["s3:ListBucket"], arn(nightly, "AWS::S3::Bucket")),
        (LOGS, arn(nightly, "AWS::Logs::LogGroup", "PlannerLogs")),
    ]


def test_the_worker_may_compare_and_repair_only(nightly: Template) -> None:
    assert permissions(nightly, "ReconcileWorker") == [
        (["s3:ListBucketVersions"], arn(nightly, "AWS::S3::Bucket")),
        (
            ["dynamodb:GetItem", "dynamodb:PartiQLInsert", "dynamodb:PutItem", "dynamodb:Query"],
            catalog_table(nightly),
        ),
        (["kms:Decrypt"], key(nightly, "objects, catalog rows")),
        (LOGS, arn(nightly, "AWS::Logs::LogGroup", "WorkerLogs")),
    ]


def test_the_machine_may_invoke_its_three_functions_and_run_its_own_map(nightly: Template) -> None:
    [machine] = resources(nightly, "AWS::StepFunctions::StateMachine")
    [invoke, deliver] = permissions(nightly, "ReconcileRole")
    assert invoke == (
        ["lambda:InvokeFunction"],
        [
            arn(nightly, "AWS::Lambda::Function", "ReconcilePlanner"),
            arn(nightly, "AWS::Lambda::Function", "ReconcileResult"),
            arn(nightly, "AWS::Lambda::Function", "ReconcileWorker"),
        ],
    )
    assert all(action.startswith("logs:") for action in deliver[0])
    [run] = [p for name, p in resources(nightly, "AWS::IAM::Policy").items() if "RunMap" in name]
    [start, follow] = run["Properties"]["PolicyDocument"]["Statement"]
    assert (start["Action"], start["Resource"]) == ("states:StartExecution", {"Ref": machine})
    assert follow["Action"] == ["states:DescribeExecution", "states:StopExecution"]
    for resource in follow["Resource"]:
        assert json.dumps({"Fn::GetAtt": [machine, "Name"]}) in json.dumps(resource)
