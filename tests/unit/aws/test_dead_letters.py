"""The dead-letter queues: messages in each of their shapes, their senders, redriving them."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from reinventure.aws import dead_letters, deployed_stack
from reinventure.aws import stream_reader as stream
from reinventure.aws.dead_letters import DeadLetter, _dead_letter
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.aws.stream_reader import StreamBatch
from reinventure.contract import DeadLetterQueue, InspectionOutputs, SqlOutputs
from reinventure.errors import RecordsExpiredError
from tests.s3_events import event
from tests.stream_records import LIVE, record
from tests.unit.aws.letters import BATCH, failed_batch, in_queue, send, send_failures

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageTypeDef

KEY = "holiday/Zürich + lake.jpg"


QUEUE = DeadLetterQueue(
    function="ingest",
    url="https://sqs.eu-west-1.amazonaws.com/123456789012/failures",
    role_id="AROAINGEST",
    source_url="https://sqs.eu-west-1.amazonaws.com/123456789012/events",
)
ROLES = {"AROAINGEST": "ingest", "AROATOTALS": "totals", "AROAPUBLISH": "publish"}
ELSEWHERE = "arn:aws:sqs:eu-west-1:123456789012:elsewhere"


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
    return _dead_letter(message, QUEUE, ROLES, ())


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
    assert (failure.where, failure.keys) == ("publish", [])
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
    queues = dead_letters.queues(catalog)
    received = list(dead_letters.receive(catalog, queues))
    assert sorted(letter.payload["Records"][0]["body"] for letter in received) == sorted(
        map(str, range(23))
    )
    assert len({letter.id for letter in received}) == 23
    assert list(dead_letters.receive(catalog, queues)) == []
    dead_letters.release(catalog, received[:2])
    assert {letter.id for letter in in_queue(catalog)} == {letter.id for letter in received[:2]}


@pytest.mark.parametrize("slow", [1, 10])
def test_messages_that_are_visible_again_do_not_hide_the_others(
    catalog: DeployedCatalog, slow: int
) -> None:
    send(catalog, *range(15))
    found: list[DeadLetter] = []
    for letter in dead_letters.receive(catalog, dead_letters.queues(catalog)):
        found.append(letter)
        if len(found) % slow == 0:  # The visibility timeout of these is over.
            dead_letters.release(catalog, found[-slow:])
    assert len(found) == len({letter.id for letter in found}) == 15


def test_it_ends_where_all_are_visible_again_at_once(
    catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "_VISIBILITY_TIMEOUT_SECONDS", 0)
    send(catalog, *range(3))
    assert len(list(dead_letters.receive(catalog, dead_letters.queues(catalog)))) == 3


def test_looking_at_the_queue_leaves_its_messages_visible(catalog: DeployedCatalog) -> None:
    send(catalog, 1, 2, 3)
    first = {letter.id for letter in in_queue(catalog)}
    assert len(first) == 3
    assert {letter.id for letter in in_queue(catalog)} == first


def test_uncounted_are_the_failed_batches_of_totals(catalog: DeployedCatalog) -> None:
    send(catalog, event("put"), "not a record")
    send_failures(catalog, "totals", "publish")
    # Before 1.0, totals sent to the queue of ingest.
    send(catalog, failed_batch(catalog), sender="AROATOTALS:session")
    send(catalog, failed_batch(catalog), queue="totals", sender="AROAOTHER:session")
    found = {letter.id: letter for letter in in_queue(catalog)}
    uncounted = [found[each] for each in dead_letters.uncounted(catalog)]
    assert sorted(letter.queue.function for letter in uncounted) == ["ingest", "totals"]
    assert all(letter.sender == "AROATOTALS:session" for letter in uncounted)
    assert len(in_queue(catalog)) == 6


# The sender


@pytest.mark.parametrize(
    ("sender", "source", "function"),
    [
        ("AROAINGEST:awslambda_215_20261009164326292", None, "ingest"),
        ("AROAINGEST:i-0a1b", None, "ingest"),
        ("AROAINGESTX:any", None, None),
        ("AROATOTALS:any", None, None),
        ("AROAPUBLISH:any", None, None),
        ("AIDAIT2UOQQY3AUEKVGXU", None, None),
        ("123456789012", None, None),
        ("", None, None),
        # Moved by SQS, with the sender of the queue it was in.
        (
            "AROA4R74ZO52XAB5OD7T4:S3-PROD-END",
            "arn:aws:sqs:eu-west-1:123456789012:events",
            "ingest",
        ),
        ("AROA4R74ZO52XAB5OD7T4:S3-PROD-END", ELSEWHERE, None),
        ("AROAINGEST:any", ELSEWHERE, None),
        ("AROAINGEST:any", "arn:aws:sqs:eu-west-1:999999999999:events", None),
    ],
)
def test_an_event_is_from_ingest_only_if_sqs_says_so(
    sender: str, source: str | None, function: str | None
) -> None:
    attributes = {"SenderId": sender}
    if source:
        attributes["DeadLetterQueueSourceArn"] = source
    forged = {
        "requestContext": {"functionArn": "arn:aws:lambda:eu-west-1:1:function:ingest:live"},
        "requestPayload": event("put"),
    }
    for body in (event("put"), forged):
        message = cast(
            "MessageTypeDef",
            {
                "MessageId": "id",
                "ReceiptHandle": "receipt",
                "Body": json.dumps(body),
                "Attributes": attributes,
            },
        )
        letter = _dead_letter(message, QUEUE, ROLES, ())
        assert letter.function == function
        assert (letter.refusal is None) == (function is not None)
        assert _dead_letter(message, QUEUE, ROLES, {sender}).function == "ingest"


def test_all_dead_letter_queues_of_the_stacks_are_found(
    catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspection = InspectionOutputs(
        inspection_failure_queue_url="https://sqs/1/inspect-failures",
        examine_queue_url="https://sqs/1/examine",
        worker_queue_url="https://sqs/1/worker",
        inspect_max_mib=64,
        worker_task_arn="any",
        worker_failure_queue_url="https://sqs/1/worker-failures",
    )
    mirror = SqlOutputs(
        cluster_arn="any",
        reader_secret_arn="any",  # noqa: S106
        mirror_arn="any",
        mirror_failure_queue_url="https://sqs/1/mirror-failures",
    )
    outputs = {"Workers": inspection, "Sql": mirror}
    monkeypatch.setattr(deployed_stack, "find", lambda _client, stack, _kind: outputs[stack])
    catalog_queues = ["ingest", "totals", "publish"]
    assert [q.function for q in dead_letters.queues(catalog)] == [
        *catalog_queues,
        *("inspect", "worker", "mirror"),
    ]
    product = replace(catalog, stack="SC-123456789012-pp-a")
    assert [q.function for q in dead_letters.queues(product)] == catalog_queues


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


@pytest.mark.parametrize("sender", ["AROATOTALS:any", "AROAPUBLISH:any", "123456789012"])
def test_an_event_of_another_sender_is_not_redriven(catalog: DeployedCatalog, sender: str) -> None:
    send(catalog, event("put"), sender=sender)
    functions = Functions({"batchItemFailures": []})
    assert redrive(catalog, functions) == f"not trusted: sender {sender}"
    assert functions.invoked == []
    assert len(in_queue(catalog)) == 1


def test_a_stream_of_another_table_is_not_read(catalog: DeployedCatalog) -> None:
    letter = failed_batch(catalog)
    arn = "arn:aws:dynamodb:us-east-1:123456789012:table/other/stream/2026"
    send(catalog, {**letter, "DDBStreamBatchInfo": {**BATCH, "streamArn": arn}}, queue="publish")
    functions = Functions({"batchItemFailures": []})
    assert f"not trusted: stream {arn}" in str(redrive(catalog, functions))
    assert functions.invoked == []


@pytest.mark.parametrize("queue", ["publish", "ingest"])
def test_a_batch_of_publish_is_redriven_from_the_old_queue_as_well(
    catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch, queue: str
) -> None:
    monkeypatch.setattr(stream, "records", lambda *_: [])
    send(catalog, failed_batch(catalog), queue=queue, sender="AROAPUBLISH:session")
    functions = Functions({"batchItemFailures": []})
    assert redrive(catalog, functions) is None
    [(function, _)] = functions.invoked
    assert function == catalog.outputs.publish_arn


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
    send_failures(catalog, "publish")
    functions = Functions({"batchItemFailures": []})
    assert redrive(catalog, functions) is None
    [(function, payload)] = functions.invoked
    assert function == catalog.outputs.publish_arn
    assert (payload["Records"], payload["redriven"]) == (records, True)
    assert in_queue(catalog) == []


def test_a_record_of_publish_is_published_as_it_is(catalog: DeployedCatalog) -> None:
    records = [record(1, None, LIVE)]
    context = {"functionArn": catalog.outputs.publish_arn, "condition": "Unpublishable"}
    letter = {"requestContext": context, "requestPayload": {"Records": records}}
    send(catalog, letter, queue="publish")
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
    send_failures(catalog, "publish")
    functions = Functions()
    reason = str(redrive(catalog, functions))
    assert "no longer has these changes" in reason
    assert "`reinventure find --newer 2026-11-23T10:15:30Z`" in reason
    assert functions.invoked == []
    assert len(in_queue(catalog)) == 1


def test_a_batch_of_totals_cannot_be_redriven(catalog: DeployedCatalog) -> None:
    send_failures(catalog, "totals")
    functions = Functions()
    assert "`reinventure repair` recounts them" in str(redrive(catalog, functions))
    assert functions.invoked == []
    assert len(in_queue(catalog)) == 1
