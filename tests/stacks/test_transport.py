"""The templates: each transport from S3 to `ingest`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.conftest import (
    Template,
    arn,
    failures,
    key,
    notifications,
    properties,
    read,
    resources,
)

Synthesise = Callable[..., Path]
QUEUED = ["sqs", "sns"]

THIS_ACCOUNT = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def source(reference: Any) -> Any:
    return {"ArnEquals": {"aws:SourceArn": reference}}


def topic(template: Template) -> Any:
    [name] = [name for name in resources(template, "AWS::SNS::Topic") if "Transport" in name]
    return {"Ref": name}


def alias(template: Template) -> Any:
    [name] = resources(template, "AWS::Lambda::Alias")
    return {"Ref": name}


def allowed_services(policy: Any) -> list[tuple[Any, Any, Any]]:
    """The permissions of service principals in `policy`: service, actions, conditions."""
    return [
        (statement["Principal"]["Service"], statement["Action"], statement.get("Condition"))
        for statement in policy["Statement"]
        if statement["Effect"] == "Allow" and "Service" in statement["Principal"]
    ]


def may_use(template: Template, word: str) -> list[tuple[Any, Any, Any]]:
    """The service principals that may use the key of `word`, for a transport.

    CloudWatch Logs, the change feed and alarms may too (test_changes.py, test_canary.py).
    """
    [name, _] = key(template, word)["Fn::GetAtt"]
    policy = template["Resources"][name]["Properties"]["KeyPolicy"]
    others = ("EncryptLogsOf", "LetSendChanges", "LetSendCloudwatch")
    return allowed_services(
        {"Statement": [s for s in policy["Statement"] if not s["Sid"].startswith(others)]}
    )


def may_send(template: Template, word: str) -> list[tuple[Any, Any, Any]]:
    """The senders of the queue whose logical id matches `word`."""
    [name, _] = arn(template, "AWS::SQS::Queue", word)["Fn::GetAtt"]
    [policy] = [
        p for p in properties(template, "AWS::SQS::QueuePolicy") if p["Queues"] == [{"Ref": name}]
    ]
    return allowed_services(policy["PolicyDocument"])


def events_queue(template: Template) -> Any:
    [queue] = [q for name, q in resources(template, "AWS::SQS::Queue").items() if "Events" in name]
    return queue["Properties"]


USE = ["kms:Decrypt", "kms:GenerateDataKey"]


# Notifications


@pytest.mark.parametrize(
    ("transport", "kind", "property"),
    [
        ("lambda", "AWS::Lambda::Alias", "LambdaFunctionArn"),
        ("sqs", "AWS::SQS::Queue", "QueueArn"),
        ("sns", "AWS::SNS::Topic", "TopicArn"),
    ],
)
def test_s3_sends_every_event_that_changes_the_bucket_to_one_place(
    synthesise: Synthesise, transport: str, kind: str, property: str
) -> None:
    template = read(synthesise(transport=transport))
    assert sorted(event for entry in notifications(template) for event in entry["Events"]) == [
        "s3:IntelligentTiering",
        "s3:LifecycleExpiration:*",
        "s3:LifecycleTransition",
        "s3:ObjectCreated:*",
        "s3:ObjectRemoved:*",
        "s3:ObjectRestore:*",
    ]
    [destination] = {json.dumps(entry[property]) for entry in notifications(template)}
    [name] = [
        name
        for name in resources(template, kind)
        if destination in (json.dumps({"Ref": name}), json.dumps({"Fn::GetAtt": [name, "Arn"]}))
    ]
    assert "Failures" not in name


def test_with_event_bridge_s3_has_no_other_destination(
    synthesise: Synthesise,
) -> None:
    template = read(synthesise(transport="eventbridge"))
    [configured] = properties(template, "Custom::S3BucketNotifications")
    assert configured["NotificationConfiguration"] == {"EventBridgeConfiguration": {}}


@pytest.mark.parametrize(
    ("transport", "kinds"),
    [
        ("sqs", ["AWS::SQS::Queue", "AWS::SQS::QueuePolicy"]),
        ("sns", ["AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "AWS::SNS::Subscription"]),
        ("eventbridge", ["AWS::Events::Rule", "AWS::Lambda::Permission"]),
    ],
)
def test_notifications_are_set_after_their_destination_and_its_policies(
    synthesise: Synthesise, transport: str, kinds: list[str]
) -> None:
    template = read(synthesise(transport=transport))
    [configured] = resources(template, "Custom::S3BucketNotifications").values()
    awaited = {template["Resources"][name]["Type"] for name in configured["DependsOn"]}
    assert awaited >= set(kinds)


# Permissions


def test_s3_may_invoke_for_this_bucket_of_this_account_only(template: Template) -> None:
    [permission] = properties(template, "AWS::Lambda::Permission")
    assert permission == {
        "Action": "lambda:InvokeFunction",
        "FunctionName": alias(template),
        "Principal": "s3.amazonaws.com",
        "SourceAccount": {"Ref": "AWS::AccountId"},
        "SourceArn": arn(template, "AWS::S3::Bucket"),
    }
    assert not may_use(template, "queues")
    assert not may_use(template, "objects, catalog rows")
    assert not may_send(template, "^Failures")


def test_s3_may_send_for_this_bucket_of_this_account_only(synthesise: Synthesise) -> None:
    template = read(synthesise(transport="sqs"))
    this_bucket = {**THIS_ACCOUNT, **source(arn(template, "AWS::S3::Bucket"))}
    assert may_send(template, "Events") == [("s3.amazonaws.com", "sqs:SendMessage", this_bucket)]
    assert not may_send(template, "^Failures")
    assert may_use(template, "queues") == [("s3.amazonaws.com", USE, this_bucket)]
    assert not may_use(template, "objects, catalog rows")


def test_s3_may_publish_for_this_bucket_and_sns_deliver_for_this_topic(
    synthesise: Synthesise,
) -> None:
    template = read(synthesise(transport="sns"))
    this_bucket = {**THIS_ACCOUNT, **source(arn(template, "AWS::S3::Bucket"))}
    this_topic = source(topic(template))
    [policy] = [
        p for p in properties(template, "AWS::SNS::TopicPolicy") if p["Topics"] == [topic(template)]
    ]
    assert allowed_services(policy["PolicyDocument"]) == [
        ("s3.amazonaws.com", "sns:Publish", this_bucket)
    ]
    for queue in ("Events", "^Failures"):
        assert may_send(template, queue) == [("sns.amazonaws.com", "sqs:SendMessage", this_topic)]
    assert may_use(template, "queues") == [("sns.amazonaws.com", USE, this_topic)]
    assert may_use(template, "objects, catalog rows") == [("s3.amazonaws.com", USE, THIS_ACCOUNT)]


def test_event_bridge_may_invoke_and_send_failures_for_this_rule_only(
    synthesise: Synthesise,
) -> None:
    template = read(synthesise(transport="eventbridge"))
    rule = arn(template, "AWS::Events::Rule")
    [permission] = properties(template, "AWS::Lambda::Permission")
    assert permission == {
        "Action": "lambda:InvokeFunction",
        "FunctionName": alias(template),
        "Principal": "events.amazonaws.com",
        "SourceArn": rule,
    }
    assert may_send(template, "^Failures") == [
        ("events.amazonaws.com", "sqs:SendMessage", source(rule))
    ]
    assert may_use(template, "queues") == [("events.amazonaws.com", USE, THIS_ACCOUNT)]
    assert not may_use(template, "objects, catalog rows")


# Queue and topic


@pytest.mark.parametrize("transport", QUEUED)
def test_the_alias_receives_batches_and_reports_failed_messages(
    synthesise: Synthesise, transport: str
) -> None:
    template = read(synthesise(transport=transport))
    [mapping] = [
        m
        for m in properties(template, "AWS::Lambda::EventSourceMapping")
        if "StreamArn" not in json.dumps(m["EventSourceArn"])
    ]
    assert mapping["EventSourceArn"] == arn(template, "AWS::SQS::Queue", "Events")
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BatchSize"] == 100
    assert mapping["MaximumBatchingWindowInSeconds"] == 1
    assert json.dumps(alias(template)) in json.dumps(mapping["FunctionName"])
    assert mapping["FunctionName"]["Fn::Join"][1][-1] == ":live"


@pytest.mark.parametrize("transport", QUEUED)
def test_a_message_is_kept_14_days_and_retried_for_an_hour(
    synthesise: Synthesise, transport: str
) -> None:
    template = read(synthesise(transport=transport))
    queue = events_queue(template)
    assert queue["RedrivePolicy"] == {
        "deadLetterTargetArn": failures(template),
        "maxReceiveCount": 20,
    }
    assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600
    [function] = [
        f
        for f in properties(template, "AWS::Lambda::Function")
        if f["Handler"] == "handlers.ingest.handler"
    ]
    assert queue["VisibilityTimeout"] == 6 * function["Timeout"]


def test_the_topic_delivers_raw_messages_or_sends_them_to_the_dead_letter_queue(
    synthesise: Synthesise,
) -> None:
    template = read(synthesise(transport="sns"))
    [subscription] = properties(template, "AWS::SNS::Subscription")
    assert subscription == {
        "Protocol": "sqs",
        "TopicArn": topic(template),
        "Endpoint": arn(template, "AWS::SQS::Queue", "Events"),
        "RawMessageDelivery": True,
        "RedrivePolicy": {"deadLetterTargetArn": failures(template)},
    }


# Rule


def test_one_rule_matches_the_object_events_of_this_bucket(synthesise: Synthesise) -> None:
    template = read(synthesise(transport="eventbridge"))
    [bucket] = resources(template, "AWS::S3::Bucket")
    [rule] = properties(template, "AWS::Events::Rule")
    assert rule["EventPattern"] == {
        "source": ["aws.s3"],
        "detail-type": [
            "Object Created",
            "Object Deleted",
            "Object Storage Class Changed",
            "Object Access Tier Changed",
            "Object Restore Initiated",
            "Object Restore Completed",
            "Object Restore Expired",
        ],
        "detail": {"bucket": {"name": [{"Ref": bucket}]}},
    }
    [target] = rule["Targets"]
    assert target["Arn"] == alias(template)
    assert target["DeadLetterConfig"] == {"Arn": failures(template)}
