"""The dead-letter queue: its messages in each of their shapes, and redriving them."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from reinventure.aws import dead_letters
from reinventure.aws import stream_reader as stream
from reinventure.aws.dead_letters import DeadLetter, _dead_letter
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.aws.stream_reader import StreamBatch
from reinventure.errors import RecordsExpiredError
from tests.s3_events import event
from tests.stream_records import LIVE, record
from tests.unit.aws.letters import failed_batch, in_queue, of_publish, of_totals, send

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


def test_a_failed_invocation_has_function_error_and_event() -> None:
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
def test_a_dead_letter_of_a_queue_becomes_a_delivery_of_a_queue(body: str, keys: list[str]) -> None:
    failure = read(body)
    assert failure.keys == keys
    [record] = failure.payload["Records"]
    assert (record["eventSource"], record["messageId"], record["body"]) == ("aws:sqs", "id", body)


def test_a_dead_letter_of_eventbridge_has_the_reason() -> None:
    failure = read(json.dumps(event("eventbridge_created")), ERROR_MESSAGE="function is gone")
    assert failure.reason == "function is gone"


def test_a_failed_batch_of_a_stream_has_the_range_of_its_records() -> None:
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


def test_a_record_that_could_not_be_published_has_its_key() -> None:
    envelope = {
        "requestContext": {"functionArn": "a:function:publish", "condition": "Unpublishable"},
        "requestPayload": {"Records": [record(1, None, LIVE)]},
        "responsePayload": {"errorMessage": "InvalidParameter: no"},
    }
    failure = read(json.dumps(envelope))
    assert (failure.keys, failure.reason) == ([LIVE.key], "InvalidParameter: no")
    assert failure.batch is None


# On moto


def test_received_messages_are_invisible_until_they_are_released(
    catalog: DeployedCatalog,
) -> None:
    send(catalog, *range(23))
    received = list(dead_letters.receive(catalog))
    assert sorted(letter.payload["Records"][0]["body"] for letter in received) == sorted(
        map(str, range(23))
    )
    assert len({letter.id for letter in received}) == 23
    assert list(dead_letters.receive(catalog)) == []
    dead_letters.release(catalog, received[:2])
    assert {letter.id for letter in in_queue(catalog)} == {letter.id for letter in received[:2]}


def test_looking_at_the_queue_leaves_its_messages_visible(catalog: DeployedCatalog) -> None:
    send(catalog, 1, 2, 3)
    first = {letter.id for letter in dead_letters.waiting(catalog)}
    assert len(first) == 3
    assert {letter.id for letter in dead_letters.waiting(catalog)} == first


def test_uncounted_are_the_failed_batches_of_totals(catalog: DeployedCatalog) -> None:
    send(catalog, event("put"), of_totals(), of_publish(catalog), "not a record")
    found = {letter.id: letter.function for letter in in_queue(catalog)}
    [uncounted] = dead_letters.uncounted(catalog)
    assert found[uncounted].endswith(":totals")
    assert len(in_queue(catalog)) == 4


def test_only_the_named_messages_are_removed(catalog: DeployedCatalog) -> None:
    send(catalog, 1, 2, 3, 4)
    one, two, *others = in_queue(catalog)
    assert dead_letters.remove(catalog, {one.id, two.id, "already gone"}) == 2
    assert {letter.id for letter in in_queue(catalog)} == {letter.id for letter in others}
    assert dead_letters.remove(catalog, {one.id}) == 0
    assert len(in_queue(catalog)) == 2


class Functions:
    """Lambda, where each function gives the same `reply`."""

    def __init__(self, reply: object = None, error: str | None = None) -> None:
        self.reply = reply
        self.error = {"FunctionError": error} if error else {}
        self.invoked: list[tuple[str, Any]] = []

    def invoke(self, **request: Any) -> dict[str, Any]:
        self.invoked.append((request["FunctionName"], json.loads(request["Payload"])))
        return {"Payload": io.BytesIO(json.dumps(self.reply).encode()), **self.error}


def redrive(catalog: DeployedCatalog, functions: Functions) -> str | None:
    """Redrive the only message, with these functions in place of Lambda's."""
    real = catalog.session
    clients = {"lambda": functions}
    session: Any = SimpleNamespace(
        client=lambda name, **options: clients.get(name) or real.client(name, **options)
    )
    [letter] = in_queue(catalog)
    return dead_letters.redrive(replace(catalog, session=session), letter)


def test_an_event_goes_through_ingest_again_and_leaves_the_queue(
    catalog: DeployedCatalog,
) -> None:
    send(catalog, event("put"))
    functions = Functions({"batchItemFailures": []})
    assert redrive(catalog, functions) is None
    [(function, payload)] = functions.invoked
    assert function == catalog.outputs.ingest_arn
    assert json.loads(payload["Records"][0]["body"]) == event("put")
    assert in_queue(catalog) == []


@pytest.mark.parametrize(
    ("functions", "reason"),
    [
        (Functions({"errorMessage": "slow down"}, error="Unhandled"), "slow down"),
        (
            Functions({"batchItemFailures": [{"itemIdentifier": "x"}], "errors": ["a", "b"]}),
            "a; b",
        ),
        (
            Functions({"batchItemFailures": [{"itemIdentifier": "x"}]}),
            "the function returned it as failed again",
        ),
    ],
)
def test_an_event_that_fails_again_stays_in_the_queue(
    catalog: DeployedCatalog, functions: Functions, reason: str
) -> None:
    send(catalog, event("put"))
    assert redrive(catalog, functions) == reason
    assert len(in_queue(catalog)) == 1


def test_a_batch_of_publish_is_read_from_the_stream_again(
    catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [{"eventID": "1"}, {"eventID": "2"}]
    monkeypatch.setattr(stream, "records", lambda *_: records)
    send(catalog, of_publish(catalog))
    functions = Functions({"batchItemFailures": []})
    assert redrive(catalog, functions) is None
    assert functions.invoked == [
        (catalog.outputs.publish_arn, {"Records": records, "redriven": True})
    ]
    assert in_queue(catalog) == []


def test_a_record_of_publish_is_published_as_it_is(catalog: DeployedCatalog) -> None:
    records = [record(1, None, LIVE)]
    letter = failed_batch(catalog.outputs.publish_arn)
    del letter["DDBStreamBatchInfo"]
    send(catalog, {**letter, "requestPayload": {"Records": records}})
    functions = Functions({"batchItemFailures": []})
    assert redrive(catalog, functions) is None
    assert functions.invoked == [
        (catalog.outputs.publish_arn, {"Records": records, "redriven": True})
    ]


def test_expired_records_cannot_be_redriven(
    catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def expired(*_: object) -> None:
        raise RecordsExpiredError

    monkeypatch.setattr(stream, "records", expired)
    send(catalog, of_publish(catalog))
    functions = Functions()
    reason = str(redrive(catalog, functions))
    assert "no longer has these changes" in reason
    assert "`reinventure find --newer 2026-11-23T10:15:30Z`" in reason
    assert functions.invoked == []
    assert len(in_queue(catalog)) == 1


def test_a_batch_of_totals_cannot_be_redriven(catalog: DeployedCatalog) -> None:
    send(catalog, of_totals())
    functions = Functions()
    assert "`reinventure repair` recounts them" in str(redrive(catalog, functions))
    assert functions.invoked == []
    assert len(in_queue(catalog)) == 1
