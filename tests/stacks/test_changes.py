"""The templates: the change feed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.conftest import (
    Template,
    arn,
    catalog_table,
    failures,
    key,
    permissions,
    properties,
    read,
    resources,
)

READERS = 2
"""Readers of a shard of the stream; with more, DynamoDB throttles all of them."""


def topic(template: Template) -> tuple[str, Any]:
    """The logical id and the properties of the topic of the change feed."""
    [(name, found)] = [
        (name, resource["Properties"])
        for name, resource in resources(template, "AWS::SNS::Topic").items()
        if resource["Properties"].get("FifoTopic")
    ]
    return name, found


def test_the_topic_keeps_the_order_of_a_key_at_high_throughput(variant: Template) -> None:
    _, found = topic(variant)
    assert found == {
        "TopicName": {"Fn::Join": ["", [{"Ref": "AWS::StackName"}, "-changes.fifo"]]},
        "FifoTopic": True,
        "FifoThroughputScope": "MessageGroup",
        "KmsMasterKeyId": key(variant, "objects, catalog rows"),
    }


def test_the_topic_policy_denies_requests_without_tls_and_allows_nothing(variant: Template) -> None:
    name, _ = topic(variant)
    [policy] = [
        p for p in properties(variant, "AWS::SNS::TopicPolicy") if p["Topics"] == [{"Ref": name}]
    ]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_publish_has_these_permissions_only(variant: Template) -> None:
    name, _ = topic(variant)
    table = catalog_table(variant)
    assert permissions(variant, "ChangesPublishRole") == [
        (["sns:Publish"], {"Ref": name}),
        (["kms:Decrypt", "kms:GenerateDataKey"], key(variant, "objects, catalog rows")),
        (
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            arn(variant, "AWS::Logs::LogGroup", "ChangesPublish"),
        ),
        (
            [
                "dynamodb:DescribeStream",
                "dynamodb:GetRecords",
                "dynamodb:GetShardIterator",
                "dynamodb:ListStreams",
            ],
            {"Fn::Join": ["", [table, "/stream/*"]]},
        ),
        (["kms:Decrypt"], key(variant, "objects, catalog rows")),
        (["sqs:SendMessage"], failures(variant, "Changes")),
        (["kms:Decrypt", "kms:GenerateDataKey"], key(variant, "queues")),
    ]


def test_publish_uses_the_data_key_through_sns_and_dynamodb_only(variant: Template) -> None:
    [role] = [
        r
        for name, r in resources(variant, "AWS::IAM::Role").items()
        if name.startswith("ChangesPublishRole")
    ]
    data = key(variant, "objects, catalog rows")
    through = [
        statement["Condition"]["StringEquals"]["kms:ViaService"]["Fn::Join"][1][0]
        for statement in role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
        if statement["Resource"] == data
    ]
    assert through == ["sns.", "dynamodb."]


def test_the_stream_is_read_from_its_start_and_no_record_is_skipped(
    variant: Template,
) -> None:
    [mapping] = [
        m
        for name, m in resources(variant, "AWS::Lambda::EventSourceMapping").items()
        if name.startswith("ChangesPublish")
    ]
    settings = mapping["Properties"]
    assert settings["StartingPosition"] == "TRIM_HORIZON"
    assert settings["BatchSize"] == 100
    assert settings["BisectBatchOnFunctionError"] is True
    assert settings["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert settings["MaximumRetryAttempts"] == -1
    assert settings["MaximumRecordAgeInSeconds"] == 6 * 3600
    assert settings["DestinationConfig"]["OnFailure"] == {
        "Destination": failures(variant, "Changes")
    }


def test_the_stream_has_no_more_readers_than_dynamodb_serves(variant: Template) -> None:
    readers = [
        mapping
        for mapping in properties(variant, "AWS::Lambda::EventSourceMapping")
        if "StreamArn" in json.dumps(mapping["EventSourceArn"])
    ]
    assert 1 <= len(readers) <= READERS


def test_sns_may_use_the_queue_key_for_this_topic_only(variant: Template) -> None:
    name, _ = topic(variant)
    [queues] = [k for k in properties(variant, "AWS::KMS::Key") if "queues" in k["Description"]]
    statements = queues["KeyPolicy"]["Statement"]
    [allowed] = [s for s in statements if s["Sid"] == "LetSendChanges"]
    assert allowed["Principal"] == {"Service": "sns.amazonaws.com"}
    assert allowed["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Ref": name}}}
    names = [s["Sid"] for s in statements]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("local", "whole"), [("true", "true"), ("false", "false")])
def test_a_batch_fails_as_a_whole_on_the_local_cloud_only(
    synthesise: Callable[..., Path], local: str, whole: str
) -> None:
    [function] = [
        f
        for f in properties(read(synthesise(local=local)), "AWS::Lambda::Function")
        if f["Handler"] == "handlers.publish.handler"
    ]
    variables = function["Environment"]["Variables"]
    assert variables.keys() == {"TOPIC_ARN", "FAILURE_QUEUE_URL", "WHOLE_BATCHES"}
    assert variables["WHOLE_BATCHES"] == whole


def test_kinesis_gets_a_copy_under_the_data_key(synthesise: Callable[..., Path]) -> None:
    template = read(synthesise(kinesis="true"))
    [(name, stream)] = resources(template, "AWS::Kinesis::Stream").items()
    assert stream["Properties"] == {
        "RetentionPeriodHours": 24,
        "StreamModeDetails": {"StreamMode": "ON_DEMAND"},
        "StreamEncryption": {
            "EncryptionType": "KMS",
            "KeyId": key(template, "objects, catalog rows"),
        },
    }
    table = resources(template, "AWS::DynamoDB::Table")[catalog_table(template)["Fn::GetAtt"][0]][
        "Properties"
    ]
    assert table["KinesisStreamSpecification"] == {"StreamArn": {"Fn::GetAtt": [name, "Arn"]}}
    assert template["Outputs"]["KinesisStreamName"]["Value"] == {"Ref": name}


def test_without_kinesis_there_is_no_data_stream(template: Template) -> None:
    assert "inesis" not in json.dumps(template)
