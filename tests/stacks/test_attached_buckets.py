"""The templates: existing buckets, their rules and their switches."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from reinventure.bucket_list import MAX_ATTACHED, MAX_BYTES
from reinventure.event_patterns import patterns
from s3_catalog.model import scope
from stacks.catalog.stack import CatalogStack
from stacks.inspection.stack import InspectionStack
from stacks.settings.settings import Settings
from tests import assembly
from tests.stacks.conftest import Template, arn, own_outputs, properties, read, resources

SOME = "logs-prod/2026/,photos-prod"
MANY = ",".join(f"{n:02}-{'b' * 60}" for n in range(MAX_ATTACHED))


def synthesise(folder: Path, buckets: str) -> Template:
    """Catalog with `buckets`."""
    return read(assembly.write(CatalogStack, "Catalog", folder, buckets=buckets))


@pytest.fixture(scope="module")
def some(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return synthesise(tmp_path_factory.mktemp("some"), f"create,{SOME}")


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return synthesise(tmp_path_factory.mktemp("many"), MANY)


def attached(template: Template, kind: str) -> dict[str, Any]:
    """The resources of type `kind` that belong to attached buckets, by logical id."""
    found = resources(template, kind)
    return {name: each for name, each in found.items() if name.startswith("Attached")}


def rules(template: Template) -> dict[str, Any]:
    found = attached(template, "AWS::Events::Rule")
    return {name: rule for name, rule in found.items() if "EventPattern" in rule["Properties"]}


def role(template: Template, function: str) -> dict[str, Any]:
    """The role of the function `function`."""
    found = attached(template, "AWS::IAM::Role")
    roles: list[dict[str, Any]] = [
        each["Properties"] for name, each in found.items() if name.startswith(f"Attached{function}")
    ]
    [only] = roles
    return only


def access(template: Template) -> tuple[str, dict[str, Any]]:
    """The logical id of the policy for the switches, and its document."""
    [(name, policy)] = attached(template, "AWS::IAM::Policy").items()
    return name, policy["Properties"]["PolicyDocument"]


def resolved(value: Any) -> Any:
    """`value` with references as long as what they become, or longer."""
    match value:
        case {"Fn::Join": [separator, parts]}:
            return separator.join(str(resolved(part)) for part in parts)
        case {"Ref": "AWS::Partition"}:
            return "aws-us-gov"
        case {"Ref": _} | {"Fn::GetAtt": _}:
            return "x" * 128
        case dict():
            return {name: resolved(each) for name, each in value.items()}
        case list():
            return [resolved(each) for each in value]
    return value


def test_the_rules_have_the_patterns_of_the_scope(some: Template, many: Template) -> None:
    for template, text in ((some, SOME), (many, MANY)):
        found = [rule["Properties"]["EventPattern"] for rule in rules(template).values()]
        assert found == list(patterns(scope.parse(text)).values())
    assert len(rules(some)) == 1
    assert len(rules(many)) > 1


def test_the_rules_send_to_ingest_and_failures_to_its_dead_letter_queue(many: Template) -> None:
    for name, rule in rules(many).items():
        [target] = rule["Properties"]["Targets"]
        assert "IngestLive" in json.dumps(target["Arn"])
        assert "Failures" in json.dumps(target["DeadLetterConfig"])
        allowed = [
            permission
            for permission in properties(many, "AWS::Lambda::Permission")
            if name in json.dumps(permission.get("SourceArn"))
        ]
        assert [each["Principal"] for each in allowed] == ["events.amazonaws.com"]
        [queue_policy] = [
            policy
            for policy in properties(many, "AWS::SQS::QueuePolicy")
            if name in json.dumps(policy)
        ]
        assert "Failures" in json.dumps(queue_policy["Queues"])


@pytest.mark.parametrize(
    ("buckets", "transport", "sid"),
    [
        (f"create,{SOME}", "eventbridge", "LetSendEvents"),
        (f"create,{SOME}", "lambda", "LetSendEventsOfAttachedBuckets"),
        (SOME, "eventbridge", "LetSendEventsOfAttachedBuckets"),
        ("create", "eventbridge", "LetSendEvents"),
    ],
)
def test_one_statement_allows_eventbridge_to_use_the_key_of_the_queue(
    tmp_path: Path, buckets: str, transport: str, sid: str
) -> None:
    folder = assembly.write(CatalogStack, "Catalog", tmp_path, buckets=buckets, transport=transport)
    [queue_key] = [
        each
        for each in properties(read(folder), "AWS::KMS::Key")
        if "messages in queues" in each["Description"]
    ]
    statements = [
        each
        for each in queue_key["KeyPolicy"]["Statement"]
        if each["Principal"] == {"Service": "events.amazonaws.com"}
    ]
    assert [each["Sid"] for each in statements] == [sid]
    assert statements[0]["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert statements[0]["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    }


def test_each_bucket_has_a_switch_after_all_rules_and_permissions(many: Template) -> None:
    switches = resources(many, "Custom::EventBridgeSwitch", least=MAX_ATTACHED)
    assert {each["Properties"]["Bucket"] for each in switches.values()} == set(MANY.split(","))
    for switch in switches.values():
        assert switch["Properties"]["Rules"] == [{"Ref": name} for name in rules(many)]
        assert {access(many)[0], *rules(many)} <= set(switch["DependsOn"])
        assert switch["Properties"]["ServiceTimeout"] == "900"


def test_the_switch_of_a_bucket_keeps_its_logical_id_and_the_policy_does_not(
    some: Template, tmp_path: Path
) -> None:
    """A policy that changed in place would forbid the deletion of a switch, which comes later."""
    other = synthesise(tmp_path, "photos-prod/a/,videos-prod")

    def switches(template: Template) -> dict[str, str]:
        found = resources(template, "Custom::EventBridgeSwitch")
        return {each["Properties"]["Bucket"]: name for name, each in found.items()}

    assert switches(other)["photos-prod"] == switches(some)["photos-prod"]
    assert access(other)[0] != access(some)[0]


def test_the_function_may_touch_the_switches_of_these_buckets_and_nothing_else(
    some: Template,
) -> None:
    [statement] = access(some)[1]["Statement"]
    assert statement["Action"] == [
        "s3:GetBucketLocation",
        "s3:GetBucketNotification",
        "s3:PutBucketNotification",
    ]
    assert [each["Fn::Join"][1][-1] for each in statement["Resource"]] == [
        ":s3:::logs-prod",
        ":s3:::photos-prod",
    ]
    actions = {
        action
        for each in role(some, "Switch")["Policies"]
        for statement in each["PolicyDocument"]["Statement"]
        for action in statement["Action"]
    }
    assert actions == {
        "events:ListRules",
        "events:TestEventPattern",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    }


def test_two_policies_of_the_most_buckets_fit_the_role(many: Template) -> None:
    """While buckets change, the role has the old policy and the new one (IAM's quota)."""
    policies = [access(many)[1]] * 2 + [
        each["PolicyDocument"] for each in role(many, "Switch")["Policies"]
    ]
    assert len(json.dumps(resolved(policies), separators=(",", ":"))) < 10_240


def listing(template: Template, role: str) -> list[Any]:
    """The statements of `role` about lists of buckets."""
    [found] = [
        each["Properties"]
        for name, each in resources(template, "AWS::IAM::Role").items()
        if name.startswith(role)
    ]
    return [
        statement
        for policy in found["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if "s3:List" in json.dumps(statement["Action"])
    ]


def test_roles_may_list_the_keys_of_the_scope_and_no_others(some: Template) -> None:
    for role, action in (
        ("IngestRole", "s3:ListBucketVersions"),
        ("ReconcilePlanner", "s3:ListBucket"),
        ("ReconcileWorker", "s3:ListBucketVersions"),
    ):
        whole, part = listing(some, role)
        assert (whole["Action"], part["Action"]) == (action, action)
        own, photos = whole["Resource"]
        assert own == arn(some, "AWS::S3::Bucket")
        assert photos["Fn::Join"][1][-1] == ":s3:::photos-prod"
        assert "Condition" not in whole
        assert part["Resource"]["Fn::Join"][1][-1] == ":s3:::logs-prod"
        assert part["Condition"] == {"StringLike": {"s3:prefix": ["2026/*"]}}


@pytest.fixture(scope="module")
def longest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Catalog and Workers with the longest list of buckets, each with a prefix."""
    prefix = f"{'p' * (MAX_BYTES // MAX_ATTACHED - 29)}/"
    entries = ",".join(f"{n:02}-{'b' * 23}/{prefix}" for n in range(MAX_ATTACHED))
    assert MAX_BYTES - 100 < len(entries) <= MAX_BYTES

    def write(app: cdk.App, name: str, settings: Settings) -> cdk.Stack:
        stack = CatalogStack(app, name, settings)
        InspectionStack(app, "Workers", settings, stack.catalog)
        return stack

    folder = tmp_path_factory.mktemp("longest")
    return assembly.write(write, "Catalog", folder, workers="true", buckets=f"create,{entries}")


@pytest.mark.parametrize("stack", ["Catalog", "Workers"])
def test_the_longest_list_fits_roles_and_variables(stack: str, longest: Path) -> None:
    """Inline policies of a role have up to 10,240 characters, variables 4,096 bytes (quotas)."""
    template = read(longest, stack)
    separate = properties(template, "AWS::IAM::Policy", least=0)
    for name, role in resources(template, "AWS::IAM::Role").items():
        policies = [
            *role["Properties"].get("Policies", []),
            *(each for each in separate if {"Ref": name} in each["Roles"]),
        ]
        documents = resolved([each["PolicyDocument"] for each in policies])
        size = len(json.dumps(documents, separators=(",", ":")))
        assert size < 10_240, f"{name}: {size}"
    for name, function in resources(template, "AWS::Lambda::Function").items():
        variables = resolved(function["Properties"].get("Environment", {}).get("Variables", {}))
        assert len(json.dumps(variables).encode()) < 4_096, name


def test_without_a_bucket_of_its_own_nothing_refers_to_one(tmp_path: Path) -> None:
    template = synthesise(tmp_path, SOME)
    assert resources(template, "AWS::S3::Bucket", least=0) == {}
    assert resources(template, "Custom::S3BucketNotifications", least=0) == {}
    assert "BucketName" not in own_outputs(template)
    assert own_outputs(template)["AttachedBuckets"] == SOME
    whole, _ = listing(template, "IngestRole")
    assert whole["Resource"]["Fn::Join"][1][-1] == ":s3:::photos-prod"


def test_the_comparison_is_there_and_no_night_starts_it(some: Template) -> None:
    assert len(resources(some, "AWS::StepFunctions::StateMachine")) == 1
    schedules = [each.get("ScheduleExpression") for each in properties(some, "AWS::Events::Rule")]
    assert [each for each in schedules if each] == ["rate(1 hour)"]
    assert not any("ReconcileLate" in name for name in resources(some, "AWS::CloudWatch::Alarm"))


def test_alarms_are_on_while_a_switch_is_off_or_not_checked(some: Template) -> None:
    alarms = attached(some, "AWS::CloudWatch::Alarm").values()
    off, unchecked = (each["Properties"] for each in alarms)
    assert (off["MetricName"], off["Threshold"], off["TreatMissingData"]) == (
        "Errors",
        0,
        "notBreaching",
    )
    assert (unchecked["MetricName"], unchecked["EvaluationPeriods"]) == ("Invocations", 2)
    assert unchecked["TreatMissingData"] == "breaching"
    for alarm in (off, unchecked):
        assert "AttachedCheckFunction" in json.dumps(alarm["Dimensions"])
        assert "AlarmsTopic" in json.dumps(alarm["AlarmActions"])


def test_a_request_is_handled_once(some: Template) -> None:
    configs = attached(some, "AWS::Lambda::EventInvokeConfig").values()
    assert [each["Properties"]["MaximumRetryAttempts"] for each in configs] == [0, 0]


def test_every_hour_a_function_checks_the_switches(some: Template) -> None:
    [hourly] = [
        rule["Properties"]
        for name, rule in attached(some, "AWS::Events::Rule").items()
        if name not in rules(some)
    ]
    assert hourly["ScheduleExpression"] == "rate(1 hour)"
    [target] = hourly["Targets"]
    assert "AttachedCheckFunction" in json.dumps(target["Arn"])
    [function] = [
        each["Properties"]
        for name, each in attached(some, "AWS::Lambda::Function").items()
        if name.startswith("AttachedCheck")
    ]
    assert function["Environment"]["Variables"]["BUCKETS"] == SOME
    statement = role(some, "Check")["Policies"][0]["PolicyDocument"]["Statement"][0]
    assert statement["Action"] == "s3:GetBucketNotification"
    assert len(statement["Resource"]) == 2
