"""The dead-letter queue of ingest, totals and publish: reading it, and redriving its messages."""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from reinventure.aws import stream_reader as stream
from reinventure.aws.connection import CONFIG
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.aws.stream_reader import StreamBatch
from reinventure.errors import RecordsExpiredError
from s3_catalog.exceptions import MalformedError
from s3_catalog.s3.envelope import messages
from s3_catalog.s3.record import parse

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageTypeDef

_VISIBILITY_TIMEOUT_SECONDS = 120
"""How long a received message is invisible to other readers."""

_POLL_SECONDS = 1
"""Long poll: an answer without messages then means that the queue is empty."""

_RECOUNT = "totals cannot be redriven: `reinventure repair` recounts them and deletes this message"
_EXPIRED = (
    "the table's stream no longer has these changes: it keeps them for 24 hours. The catalog has "
    "them: `reinventure find --newer {since}` lists what subscribers may have missed"
)

_SLOW = CONFIG.merge(Config(read_timeout=120))
"""A function may run for a minute, and its cold start takes a few seconds more."""


@dataclass(frozen=True)
class DeadLetter:
    """A message of the dead-letter queue.

    `failed_at` is the time of its arrival, in UTC. `where` is the name of the function, or "queue";
    `reason` is the error message. `keys` are the object keys that can be read from it. `payload` is
    the event to invoke the function with; `receipt` is the handle to delete the message with.
    `function` is the ARN of the function, if one failed. A function that reads the table's stream
    has a `batch` instead of the records: they are in the stream until they expire.
    """

    id: str
    receipt: str
    failed_at: datetime
    where: str
    reason: str
    keys: list[str]
    payload: Any
    function: str = ""
    batch: StreamBatch | None = None

    def uncounted(self, catalog: DeployedCatalog) -> bool:
        """Whether these are changes that are missing in the totals of `catalog`."""
        return self.batch is not None and self.function != catalog.outputs.publish_arn


def receive(catalog: DeployedCatalog) -> Iterator[DeadLetter]:
    """Yield each message of the dead-letter queue once; it becomes invisible to other readers.

    Call `release` for the messages that stay, or they are invisible for two minutes. Raises
    botocore's ClientError or BotoCoreError.
    """
    sqs = catalog.session.client("sqs", config=CONFIG)
    seen: set[str] = set()
    while True:
        received = sqs.receive_message(
            QueueUrl=catalog.outputs.failure_queue_url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=_VISIBILITY_TIMEOUT_SECONDS,
            WaitTimeSeconds=_POLL_SECONDS,
            MessageSystemAttributeNames=["SentTimestamp"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        new = [message for message in received if message["MessageId"] not in seen]
        if not new:
            return
        for message in new:
            seen.add(message["MessageId"])
            yield _dead_letter(message)


def release(catalog: DeployedCatalog, staying: Iterable[DeadLetter]) -> None:
    """Make the received messages `staying` visible to other readers at once."""
    sqs = catalog.session.client("sqs", config=CONFIG)
    for letter in staying:
        # If it has expired or is visible already, there is nothing to do.
        with suppress(sqs.exceptions.MessageNotInflight, sqs.exceptions.ReceiptHandleIsInvalid):
            sqs.change_message_visibility(
                QueueUrl=catalog.outputs.failure_queue_url,
                ReceiptHandle=letter.receipt,
                VisibilityTimeout=0,
            )


def waiting(catalog: DeployedCatalog) -> list[DeadLetter]:
    """Return the messages of the dead-letter queue; all stay, visible to other readers."""
    found = list(receive(catalog))
    release(catalog, found)
    return found


def uncounted(catalog: DeployedCatalog) -> set[str]:
    """Return the ids of the messages that a recount of the whole bucket settles."""
    return {letter.id for letter in waiting(catalog) if letter.uncounted(catalog)}


def remove(catalog: DeployedCatalog, ids: set[str]) -> int:
    """Delete the messages with these `ids`; return how many were still in the queue."""
    removed, staying = 0, []
    for letter in receive(catalog):
        if letter.id in ids:
            _delete(catalog, letter)
            removed += 1
        else:
            staying.append(letter)
    release(catalog, staying)
    return removed


def redrive(catalog: DeployedCatalog, letter: DeadLetter) -> str | None:
    """Invoke the function of `letter` with its payload, and delete the message if that succeeds.

    Returns None on success, else the reason of the failure; the message then stays. Raises
    botocore's ClientError or BotoCoreError when the function cannot be invoked.
    """
    function, payload = catalog.outputs.ingest_arn, letter.payload
    if letter.function == catalog.outputs.publish_arn:
        function = catalog.outputs.publish_arn
        try:
            records = (
                stream.records(catalog.session, letter.batch)
                if letter.batch
                else letter.payload["Records"]
            )
        except RecordsExpiredError:
            return _EXPIRED.format(since=letter.batch.since if letter.batch else "")
        payload = {"Records": records, "redriven": True}
    elif letter.uncounted(catalog):
        return _RECOUNT
    reply = catalog.session.client("lambda", config=_SLOW).invoke(
        FunctionName=function, Payload=json.dumps(payload).encode()
    )
    answer = json.loads(reply["Payload"].read() or b"null")
    if "FunctionError" in reply:
        return _reason(answer)
    if isinstance(answer, dict) and answer.get("batchItemFailures"):
        return "; ".join(answer.get("errors", [])) or "the function returned it as failed again"
    _delete(catalog, letter)
    return None


def _delete(catalog: DeployedCatalog, letter: DeadLetter) -> None:
    catalog.session.client("sqs", config=CONFIG).delete_message(
        QueueUrl=catalog.outputs.failure_queue_url, ReceiptHandle=letter.receipt
    )


def _dead_letter(message: "MessageTypeDef") -> DeadLetter:
    body = message["Body"]
    content: Any = None
    with suppress(ValueError, RecursionError):
        content = json.loads(body)
    function, batch = "", None
    context = content.get("requestContext") if isinstance(content, dict) else None
    if isinstance(context, dict):
        function = str(context.get("functionArn", "")).removesuffix(":$LATEST")
    # A Lambda failure destination: of an asynchronous invocation,
    if isinstance(content, dict) and "requestPayload" in content:
        where = function.rpartition("function:")[2] or "function"
        reason = _reason(content.get("responsePayload")) or _condition(context)
        payload = content["requestPayload"]
    # or of the event source mapping of a stream.
    elif isinstance(content, dict) and "DDBStreamBatchInfo" in content:
        where = function.rpartition("function:")[2] or "function"
        batch = stream.batch(content["DDBStreamBatchInfo"])
        reason = f"{_condition(context)}: {batch.size} changes of the table since {batch.since}"
        payload = content
    # A dead letter of a queue, with the queue's own body, or of an EventBridge rule.
    else:
        error = message.get("MessageAttributes", {}).get("ERROR_MESSAGE")
        where = "queue"
        reason = error["StringValue"] if error else "received too often without success"
        # The shape of a delivery from a queue: a body of any kind is then read the same way.
        payload = {
            "Records": [{"eventSource": "aws:sqs", "messageId": message["MessageId"], "body": body}]
        }
    sent = int(message.get("Attributes", {}).get("SentTimestamp", "0"))
    return DeadLetter(
        id=message["MessageId"],
        receipt=message["ReceiptHandle"],
        failed_at=datetime.fromtimestamp(sent / 1000, UTC),
        where=where,
        reason=reason,
        keys=_keys(payload),
        payload=payload,
        function=function,
        batch=batch,
    )


def _keys(payload: object) -> list[str]:
    keys = []
    for message in messages(payload):
        for record in message.records:
            with suppress(MalformedError):
                event = parse(record)
                if event:
                    keys.append(event.key)
    if isinstance(payload, dict) and isinstance(payload.get("Records"), list):
        keys.extend(filter(None, map(_key_of_row, payload["Records"])))
    return keys


def _key_of_row(record: object) -> str | None:
    """Return the object key of a record of the table's stream, or None if it is another record."""
    try:
        key = record["dynamodb"]["Keys"]["sk"]["S"]  # type: ignore[index]
    except (KeyError, TypeError):
        return None
    return key if isinstance(key, str) else None


def _condition(context: object) -> str:
    return str(context.get("condition", "")) if isinstance(context, dict) else ""


def _reason(answer: object) -> str:
    return str(answer.get("errorMessage", "")) if isinstance(answer, dict) else ""
