"""One way to write a row after the other, each in a process of its own: what `bench.puts` measures.

    python -m bench.put_programs NAME

Prints, as JSON, the CPU in seconds of the whole process until the first row was written, of the
first row alone after the initialization, and of each further row. A peer is imported in its own
function, for its environment may be the only one that has it.
"""

import hashlib
import hmac
import http.client
import json
import os
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from itertools import chain, cycle
from types import SimpleNamespace
from typing import Any

WARM = 60
"""Rows before those that are measured."""

MEASURED = 0.4
"""Seconds of CPU for the rows that are measured, in two writes at least."""

BATCH = 100

ITEM: dict[str, Any] = {
    "pk": {"S": "photos-example#16#3"},
    "sk": {"S": "2026/11/26/picture-000123.jpg"},
    "sequencer": {"S": "0067453F2A8B1C0D3E" + "0" * 14},
    "event_time": {"S": "2026-11-26T12:00:00.005Z"},
    "event_name": {"S": "ObjectCreated:Put"},
    "version_id": {"S": "3HL4kqtJlcpXroDTDmJ0000000000000"},
    "size": {"N": "1234567"},
    "etag": {"S": "d41d8cd98f00b204e9800998ecf8427e"},
    "requester": {"S": "AWS:AIDAEXAMPLEUSER"},
    "source_ip": {"S": "192.0.2.44"},
}
PLAIN = {name: int(value["N"]) if "N" in value else value["S"] for name, value in ITEM.items()}
CONDITION = "attribute_not_exists(pk) OR sequencer < :sequencer"
REQUEST = {
    "TableName": "new",
    "Item": ITEM,
    "ConditionExpression": CONDITION,
    "ExpressionAttributeValues": {":sequencer": ITEM["sequencer"]},
}

Write = Callable[[], object]
"""Writes one row, or those of one batch."""


def boto3_table() -> tuple[Write, int]:
    """Use boto3's Table.put_item, with a condition: the usual way."""
    import boto3  # noqa: PLC0415

    table = boto3.resource("dynamodb").Table("new")
    values = {":sequencer": PLAIN["sequencer"]}
    return lambda: table.put_item(
        Item=PLAIN, ConditionExpression=CONDITION, ExpressionAttributeValues=values
    ), 1


def botocore_client() -> tuple[Write, int]:
    """Use botocore's client, without boto3."""
    from botocore.session import Session  # noqa: PLC0415

    client: Any = Session().create_client("dynamodb")
    return lambda: client.put_item(**REQUEST), 1


def our_client() -> tuple[Write, int]:
    """Use this project's client alone, as in a function."""
    from s3_catalog import clients  # noqa: PLC0415

    client: Any = clients.dynamodb()
    return lambda: client.put_item(**REQUEST), 1


def pydynox() -> tuple[Write, int]:
    """Use a client whose core is compiled."""
    from pydynox import DynamoDBClient  # noqa: PLC0415

    client = DynamoDBClient(endpoint_url=os.environ["AWS_ENDPOINT_URL"])
    values = {":sequencer": PLAIN["sequencer"]}
    return lambda: client.sync_put_item(
        "new", PLAIN, condition_expression=CONDITION, expression_attribute_values=values
    ), 1


def hand_signed() -> tuple[Write, int]:
    """Sign by SigV4, and send with the standard library: no retries, no errors.

    Source: "Create a signed AWS API request" in the AWS Identity and Access Management User Guide.
    """
    host = os.environ["AWS_ENDPOINT_URL"].removeprefix("https://")
    context = ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])
    connection = http.client.HTTPSConnection(host, context=context)
    key, secret, token = (
        os.environ[f"AWS_{name}"]
        for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")
    )
    names = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target"

    def digest(key: bytes, text: str) -> bytes:
        return hmac.digest(key, text.encode(), "sha256")

    def put() -> object:
        body = json.dumps(REQUEST).encode()
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        headers = {
            "content-type": "application/x-amz-json-1.0",
            "host": host,
            "x-amz-date": now,
            "x-amz-security-token": token,
            "x-amz-target": "DynamoDB_20120810.PutItem",
        }
        lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
        canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
        scope = f"{now[:8]}/eu-west-1/dynamodb/aws4_request"
        hashed = hashlib.sha256(canonical.encode()).hexdigest()
        signing = f"AWS4{secret}".encode()
        for part in scope.split("/"):
            signing = digest(signing, part)
        signature = digest(signing, f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashed}").hex()
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, "
            f"Signature={signature}"
        )
        connection.request("POST", "/", body, headers)
        reply = connection.getresponse()
        return json.loads(_successful(reply.status, reply.read()))

    return put, 1


def awscrt() -> tuple[Write, int]:
    """Sign and send with the AWS Common Runtime: no retries, no errors."""
    from awscrt import auth, http, io  # noqa: PLC0415

    credentials = auth.AwsCredentialsProvider.new_static("a", "s", "t")
    host, port = os.environ["AWS_ENDPOINT_URL"].removeprefix("https://").split(":")
    options = io.TlsContextOptions()
    options.override_default_trust_store_from_path(None, os.environ["AWS_CA_BUNDLE"])
    tls = io.ClientTlsContext(options).new_connection_options()
    tls.set_server_name(host)
    connection = http.HttpClientConnection.new(host, int(port), tls_connection_options=tls).result()
    config = {
        "algorithm": auth.AwsSigningAlgorithm.V4,
        "signature_type": auth.AwsSignatureType.HTTP_REQUEST_HEADERS,
        "credentials_provider": credentials,
        "region": "eu-west-1",
        "service": "dynamodb",
    }

    def put() -> object:
        body = json.dumps(REQUEST).encode()
        headers = http.HttpHeaders(
            [
                ("host", f"{host}:{port}"),
                ("content-type", "application/x-amz-json-1.0"),
                ("x-amz-target", "DynamoDB_20120810.PutItem"),
                ("content-length", str(len(body))),
            ]
        )
        request = http.HttpRequest("POST", "/", headers, _stream(body))
        signed = auth.aws_sign_request(request, auth.AwsSigningConfig(**config)).result()
        received: list[bytes] = []
        stream = connection.request(signed, on_body=lambda chunk, **_: received.append(chunk))
        stream.activate()
        status = stream.completion_future.result()
        return json.loads(_successful(status, b"".join(received)))

    return put, 1


def powertools() -> tuple[Write, int]:
    """Use Powertools: a batch of a queue, each message once by its id, each row by boto3."""
    import boto3  # noqa: PLC0415
    from aws_lambda_powertools.utilities import batch, idempotency  # noqa: PLC0415

    from bench.deliveries import event, queued  # noqa: PLC0415

    table = boto3.resource("dynamodb").Table("new")
    values = {":sequencer": PLAIN["sequencer"]}

    @idempotency.idempotent_function(  # type: ignore[untyped-decorator]
        data_keyword_argument="message",
        config=idempotency.IdempotencyConfig(event_key_jmespath="messageId"),
        persistence_store=idempotency.DynamoDBPersistenceLayer(table_name="idempotency"),
    )
    def once(*, message: dict[str, Any]) -> None:
        stored = json.loads(message["body"])["Records"][0]["s3"]["object"]
        item = {**PLAIN, "sk": stored["key"], "etag": stored["eTag"], "size": stored["size"]}
        table.put_item(Item=item, ConditionExpression=CONDITION, ExpressionAttributeValues=values)

    processor = batch.BatchProcessor(event_type=batch.EventType.SQS)
    context = SimpleNamespace(
        function_name="ingest",
        aws_request_id="0",
        get_remaining_time_in_millis=lambda: 30_000,
    )
    delivery = queued(event(n, f"2026/11/26/{n}.jpg") for n in range(BATCH))

    def write() -> object:
        reply = batch.process_partial_response(
            event=delivery,
            record_handler=lambda record: once(message=record.raw_event),
            processor=processor,
            context=context,
        )
        if reply["batchItemFailures"]:
            raise RuntimeError(reply)
        return reply

    return write, BATCH


def ours_direct() -> tuple[Write, int]:
    """Run the function `ingest`, with one event of S3 in each invocation."""
    return _ingest("new", 1)


def ours_queued() -> tuple[Write, int]:
    """Run the function `ingest`, with batches of a queue, of new objects."""
    return _ingest("new", BATCH)


def ours_existing() -> tuple[Write, int]:
    """Run the function `ingest`, with batches of a queue; each object has a row already."""
    return _ingest("existing", BATCH)


def ours_published() -> tuple[Write, int]:
    """Run the function `publish`, with one record of the table's stream in each invocation."""
    from bench import function_log  # noqa: PLC0415

    topic = "arn:aws:sns:eu-west-1:123456789012:Catalog-changes.fifo"
    os.environ |= {"TOPIC_ARN": topic, "FAILURE_QUEUE_URL": "none", "WHOLE_BATCHES": "false"}
    function_log.start()
    from handlers.publish import handler  # noqa: PLC0415

    context: Any = SimpleNamespace(invoked_function_arn="publish")
    batches = cycle([{"Records": [_stream_record(n)]} for n in range(BATCH)])

    def write() -> object:
        reply = handler(next(batches), context)
        if reply["published"] != 1:
            raise RuntimeError(reply)
        return reply

    return write, 1


def _stream_record(number: int) -> dict[str, Any]:
    image = {**ITEM, "sk": {"S": f"2026/11/26/{number}.jpg"}}
    return {
        "eventID": f"{number:032x}",
        "eventName": "INSERT",
        "dynamodb": {
            "ApproximateCreationDateTime": 1795428930.0,
            "Keys": {"pk": image["pk"], "sk": image["sk"]},
            "NewImage": image,
            "SequenceNumber": f"{number}00000000000000000000",
        },
    }


def _ingest(table: str, size: int) -> tuple[Write, int]:
    from bench import function_log  # noqa: PLC0415
    from bench.deliveries import BUCKET  # noqa: PLC0415

    os.environ.update({"TABLE_NAME": table, "SHARDS": "16", "BUCKET_NAME": BUCKET})
    function_log.start()
    from handlers.ingest import handler  # noqa: PLC0415

    made = _deliveries(size)
    # What makes the first one is no part of the first event.
    deliveries = chain([next(made)], made)

    def write() -> object:
        reply = handler(next(deliveries), None)
        if reply["written"] != size:
            raise RuntimeError(reply)
        return reply

    return write, size


def _deliveries(size: int) -> Iterator[dict[str, Any]]:
    """Yield deliveries without end. The first is made for itself: a start has no others."""
    from bench.deliveries import direct, event, queued  # noqa: PLC0415

    def made(number: int) -> dict[str, Any]:
        numbers = range(number * size, number * size + size)
        records = [event(n, f"2026/11/26/{n}.jpg") for n in numbers]
        return queued(records) if size > 1 else direct(records[0])

    yield made(0)
    yield from cycle([made(number) for number in range(1, 1 + max(4, BATCH // size))])


def _stream(body: bytes) -> object:
    import io  # noqa: PLC0415 (awscrt has a module of that name)

    return io.BytesIO(body)


def _successful(status: int, body: bytes) -> bytes:
    if status != http.client.OK:
        raise RuntimeError(body)
    return body


PROGRAMS = {
    each.__name__: each
    for each in (
        *(boto3_table, botocore_client, our_client, pydynox, hand_signed, awscrt, powertools),
        *(ours_direct, ours_queued, ours_existing, ours_published),
    )
}


def main() -> None:
    """Measure the program that is named."""
    write, size = PROGRAMS[sys.argv[1]]()
    ready = time.process_time()
    write()
    first = time.process_time()
    for _ in range(max(2, WARM // size)):
        write()
    start, taken, writes = time.process_time(), 0.0, 0
    while taken < MEASURED or writes < 2:  # noqa: PLR2004 (see above)
        write()
        writes += 1
        taken = time.process_time() - start
    each = taken / writes / size
    print(json.dumps([first, first - ready, each]), flush=True)
    os._exit(0)  # The interpreter's teardown is part of no start.


if __name__ == "__main__":
    main()
