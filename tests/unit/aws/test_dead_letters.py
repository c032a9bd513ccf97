"""Reading the messages of the failure queue, in each shape that they have there."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from reinventure.aws.dead_letters import DeadLetter, _dead_letter
from reinventure.aws.stream_reader import StreamBatch
from tests.s3_events import event
from tests.stream_records import LIVE, record

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageTypeDef

KEY = "holiday/Zürich + lake.jpg"


def read(body: str, **attributes: Any) -> DeadLetter:
    message: MessageTypeDef = {
        "MessageId": "id",
        "ReceiptHandle": "receipt",
        "Body": body,
        "Attributes": {"SentTimestamp": "1795428930123"},
        "MessageAttributes": {
            k: {"DataType": "String", "StringValue": v} for k, v in attributes.items()
        },
    }
    return _dead_letter(message)


def test_lambda_tells_function_error_and_event() -> None:
    envelope = {
        "version": "1.0",
        "timestamp": "2026-11-23T10:15:32.000Z",
        "requestContext": {
            "requestId": "e4b46cbf",
            "functionArn": "arn:aws:lambda:eu-west-1:123456789012:function:ingest:live",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": event("put"),
        "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
        "responsePayload": {"errorMessage": "slow down", "errorType": "IngestError"},
    }
    failure = read(json.dumps(envelope))
    assert failure.where == "ingest:live"
    assert failure.reason == "slow down"
    assert failure.keys == [KEY]
    assert failure.payload == event("put")
    assert failure.failed_at == datetime(2026, 11, 23, 10, 15, 30, 123_000, tzinfo=UTC)


def test_an_event_that_got_too_old_has_no_response() -> None:
    envelope = {
        "requestContext": {"functionArn": "", "condition": "EventAgeExceeded"},
        "requestPayload": event("put"),
    }
    failure = read(json.dumps(envelope))
    assert (failure.where, failure.reason) == ("function", "EventAgeExceeded")


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        (json.dumps(event("put")), [KEY]),
        (event("sqs_sns")["Records"][0]["body"], [KEY]),
        (json.dumps(event("two_records")), ["pair/one.txt", "pair/two.txt"]),
        (json.dumps(event("eventbridge_created")), ["1+1=2 is 100%/Zürich.txt"]),
        ("not JSON", []),
        ("[" * 100_000, []),
        ('{"Records": [{"eventName": "ObjectCreated:Put"}]}', []),
    ],
)
def test_a_dead_letter_is_given_back_as_a_queue_would(body: str, keys: list[str]) -> None:
    failure = read(body)
    assert failure.keys == keys
    [record] = failure.payload["Records"]
    assert (record["eventSource"], record["messageId"], record["body"]) == ("aws:sqs", "id", body)


def test_eventbridge_says_why_it_could_not_deliver() -> None:
    failure = read(json.dumps(event("eventbridge_created")), ERROR_MESSAGE="function is gone")
    assert failure.reason == "function is gone"


def test_of_a_stream_lambda_names_the_records_only() -> None:
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:publish"
    envelope = {
        "version": "1.0",
        "requestContext": {"functionArn": f"{arn}:$LATEST", "condition": "MaxRecordAgeExceeded"},
        "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
        "DDBStreamBatchInfo": {
            "shardId": "shardId-00000001573689847184-864758bb",
            "startSequenceNumber": "800000000003126276362",
            "endSequenceNumber": "800000000003126276364",
            "approximateArrivalOfFirstRecord": "2026-11-23T10:15:30Z",
            "batchSize": 3,
            "streamArn": "arn:aws:dynamodb:eu-west-1:123456789012:table/t/stream/2026",
        },
    }
    failure = read(json.dumps(envelope))
    assert (failure.where, failure.function, failure.keys) == ("publish", arn, [])
    assert failure.reason == (
        "MaxRecordAgeExceeded: 3 changes of the table since 2026-11-23T10:15:30Z"
    )
    assert failure.batch == StreamBatch(
        arn="arn:aws:dynamodb:eu-west-1:123456789012:table/t/stream/2026",
        shard="shardId-00000001573689847184-864758bb",
        first="800000000003126276362",
        last="800000000003126276364",
        size=3,
        since="2026-11-23T10:15:30Z",
    )


def test_a_record_that_publish_set_aside_tells_its_key() -> None:
    envelope = {
        "requestContext": {"functionArn": "a:function:publish", "condition": "Unpublishable"},
        "requestPayload": {"Records": [record(1, None, LIVE)]},
        "responsePayload": {"errorMessage": "InvalidParameter: no"},
    }
    failure = read(json.dumps(envelope))
    assert (failure.keys, failure.reason) == ([LIVE.key], "InvalidParameter: no")
    assert failure.batch is None
