"""The dead-letter queues: reading them, and redriving the messages of ingest and publish.

A message is redriven to the function whose role sent it, whatever its body names: then it can do
nothing that its sender could not do. SQS records the sender, and the queue from which it moved a
message itself; neither can be forged. For a role, the sender is `<unique id of the role>:<session>`
(SQS API Reference, ReceiveMessage). AWS documents no ids of services: an undeliverable message of
SNS or EventBridge is redriven only if the caller trusts its sender by name.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from reinventure import contract
from reinventure.aws import deployed_stack
from reinventure.aws import stream_reader as stream
from reinventure.aws.connection import config
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.aws.stream_reader import StreamBatch
from reinventure.contract import DeadLetterQueue, InspectionOutputs, SqlOutputs
from reinventure.errors import RecordsExpiredError
from s3_catalog.exceptions import MalformedError
from s3_catalog.feed.publisher import UNPUBLISHABLE
from s3_catalog.s3.envelope import messages
from s3_catalog.s3.record import parse

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import MessageTypeDef

_VISIBILITY_TIMEOUT_SECONDS = 120
"""How long a received message is invisible to other readers."""

_POLL_SECONDS = 1
"""Long poll: an answer without messages then means that the queue is empty."""

_RECOUNT = "totals cannot be redriven: `reinventure repair` recounts them and deletes this message"
_MOVE = (
    "`reinventure redrive` does not give messages to {function}. SQS moves them back: "
    "`aws sqs start-message-move-task` with the ARN of {url}"
)
_EXPIRED = (
    "the table's stream no longer has these changes: it keeps them for 24 hours. The catalog has "
    "them: `reinventure find --newer {since}` lists what subscribers may have missed"
)

_READ_TIMEOUT = 120
"""Seconds. A function may run for a minute, and its cold start takes a few seconds more."""


@dataclass(frozen=True)
class DeadLetter:
    """A message of the dead-letter queue `queue`.

    `sender` is SQS's id of the sender; `function` is the name of the function whose role sent it,
    or from whose queue SQS moved it, or None: the sender is not trusted. `failed_at` is the time of
    its arrival, in UTC.

    The rest is from the body. `where` is the name of a function, or "queue"; `reason` is the error
    message. `keys` are the object keys that can be read from it. `payload` is the event to invoke
    the function with; `receipt` is the handle to delete the message with. A function that reads the
    table's stream has a `batch` instead of the records: they are in the stream until they expire.
    """

    id: str
    receipt: str
    queue: DeadLetterQueue
    sender: str
    function: str | None
    failed_at: datetime
    where: str
    reason: str
    keys: list[str]
    payload: Any
    batch: StreamBatch | None = None

    @property
    def refusal(self) -> str | None:
        """Why it cannot be redriven, or None."""
        match self.function:
            case None:
                return f"not trusted: sender {self.sender}"
            case "ingest" | "publish":
                return None
            case "totals":
                return _RECOUNT
            case function:
                return _MOVE.format(function=function, url=self.queue.url)


def queues(catalog: DeployedCatalog) -> list[DeadLetterQueue]:
    """Return every dead-letter queue of the deployed stacks of `catalog`.

    Raises botocore's ClientError or BotoCoreError.
    """
    client = catalog.session.client("cloudformation", config=config())
    found = (
        catalog.outputs,
        deployed_stack.find_beside(client, catalog.stack, contract.WORKERS, InspectionOutputs),
        deployed_stack.find_beside(client, catalog.stack, contract.SQL, SqlOutputs),
    )
    return [queue for outputs in found if outputs for queue in contract.dead_letter_queues(outputs)]


def receive(
    catalog: DeployedCatalog, queues: Sequence[DeadLetterQueue], trusted: Collection[str] = ()
) -> Iterator[DeadLetter]:
    """Yield each message of `queues` once; it becomes invisible to other readers.

    The senders `trusted` count as the function of the queue. Call `release` for the messages that
    stay, or they are invisible for two minutes. Raises botocore's ClientError or BotoCoreError.
    """
    sqs = catalog.session.client("sqs", config=config())
    roles = _roles(queues)
    for queue in queues:
        yield from _received(sqs, queue, roles, trusted)


def _roles(queues: Iterable[DeadLetterQueue]) -> dict[str, str]:
    return {queue.role_id: queue.function for queue in queues if queue.role_id}


def _received(
    sqs: "SQSClient",
    queue: DeadLetterQueue,
    roles: Mapping[str, str],
    trusted: Collection[str],
) -> Iterator[DeadLetter]:
    seen: set[str] = set()
    again = 0
    # Messages whose visibility timeout is over come again while others wait. Each time they are
    # invisible for as long again; where that is too short for all of them, it ends as well.
    while again <= len(seen):
        received = sqs.receive_message(
            QueueUrl=queue.url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=_VISIBILITY_TIMEOUT_SECONDS,
            WaitTimeSeconds=_POLL_SECONDS,
            MessageSystemAttributeNames=[
                "DeadLetterQueueSourceArn",
                "SenderId",
                "SentTimestamp",
            ],
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        if not received:
            break
        new = [message for message in received if message["MessageId"] not in seen]
        again = 0 if new else again + len(received)
        for message in new:
            seen.add(message["MessageId"])
            yield _dead_letter(message, queue, roles, trusted)


def release(catalog: DeployedCatalog, staying: Iterable[DeadLetter]) -> None:
    """Make the received messages `staying` visible to other readers at once."""
    sqs = catalog.session.client("sqs", config=config())
    for letter in staying:
        # If it has expired or is visible already, there is nothing to do.
        with suppress(sqs.exceptions.MessageNotInflight, sqs.exceptions.ReceiptHandleIsInvalid):
            sqs.change_message_visibility(
                QueueUrl=letter.queue.url, ReceiptHandle=letter.receipt, VisibilityTimeout=0
            )


def waiting(
    catalog: DeployedCatalog, queues: Sequence[DeadLetterQueue], trusted: Collection[str] = ()
) -> list[DeadLetter]:
    """Return the messages of `queues`, as `receive`; all stay, visible to other readers."""
    sqs = catalog.session.client("sqs", config=config())
    roles = _roles(queues)
    # All at once: the last poll of each takes a second.
    with ThreadPoolExecutor(max(1, len(queues))) as pool:
        of_queues = pool.map(lambda queue: list(_received(sqs, queue, roles, trusted)), queues)
        found = [letter for letters in of_queues for letter in letters]
    release(catalog, found)
    return found


def uncounted(catalog: DeployedCatalog) -> set[str]:
    """Return the ids of the messages that a recount of the whole bucket settles.

    They are batches that `totals` failed on. Only those that its role sent count.
    """
    found = waiting(catalog, contract.dead_letter_queues(catalog.outputs))
    return {letter.id for letter in found if letter.function == "totals" and letter.batch}


def remove(catalog: DeployedCatalog, ids: set[str]) -> int:
    """Delete the messages with these `ids`; return how many were still in the queues."""
    removed, staying = 0, []
    for letter in receive(catalog, contract.dead_letter_queues(catalog.outputs)):
        if letter.id in ids:
            _delete(catalog, letter)
            removed += 1
        else:
            staying.append(letter)
    release(catalog, staying)
    return removed


def redrive(catalog: DeployedCatalog, letter: DeadLetter) -> str | None:
    """Invoke the function of `letter` with its payload, and delete the message if that succeeds.

    Returns None on success, else the reason of the failure or refusal; the message then stays.
    Raises botocore's ClientError or BotoCoreError when the function cannot be invoked.
    """
    if letter.refusal:
        return letter.refusal
    function, payload = catalog.outputs.ingest_arn, letter.payload
    if letter.function == "publish":
        function = catalog.outputs.publish_arn
        payload = {**payload, "redriven": True}
        if letter.batch:
            if f":table/{catalog.table}/stream/" not in letter.batch.arn:
                return f"not trusted: stream {letter.batch.arn} is not of the catalog's table"
            try:
                payload["Records"] = stream.records(catalog.session, letter.batch)
            except RecordsExpiredError:
                return _EXPIRED.format(since=letter.batch.since)
    reply = catalog.session.client("lambda", config=config(read_timeout=_READ_TIMEOUT)).invoke(
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
    catalog.session.client("sqs", config=config()).delete_message(
        QueueUrl=letter.queue.url, ReceiptHandle=letter.receipt
    )


def _function(
    attributes: Mapping[str, str],
    queue: DeadLetterQueue,
    roles: Mapping[str, str],
    trusted: Collection[str],
    *,
    of_stream: bool,
) -> str | None:
    """Return the name of the function that a message with these `attributes` is from, or None.

    `of_stream`: it is about changes of the table, not about events of S3.
    """
    sender, source = attributes.get("SenderId", ""), attributes.get("DeadLetterQueueSourceArn")
    if sender in trusted:
        return queue.function
    # A moved message keeps the sender of the queue that it comes from.
    if source:
        moved = queue.source_url is not None and _is_url_of(queue.source_url, source)
        return queue.function if moved else None
    function = roles.get(sender.partition(":")[0])
    # Before 1.0, totals and publish sent to the queue of ingest.
    if function == queue.function or (queue.function == "ingest" and of_stream):
        return function
    return None


def _is_url_of(url: str, arn: str) -> bool:
    """Whether `url` is the URL of the queue `arn`: both end with its account and its name."""
    return url.split("/")[-2:] == arn.split(":")[-2:]


def _dead_letter(
    message: "MessageTypeDef",
    queue: DeadLetterQueue,
    roles: Mapping[str, str],
    trusted: Collection[str],
) -> DeadLetter:
    body = message["Body"]
    content: Any = None
    with suppress(ValueError, RecursionError):
        content = json.loads(body)
    batch: StreamBatch | None = None
    if isinstance(content, dict):
        with suppress(KeyError, TypeError, ValueError):
            batch = stream.batch(content["DDBStreamBatchInfo"])
    context = content.get("requestContext") if isinstance(content, dict) else None
    arn = str(context.get("functionArn", "")) if isinstance(context, dict) else ""
    where = arn.removesuffix(":$LATEST").rpartition("function:")[2] or "function"
    # A Lambda failure destination: of an asynchronous invocation,
    if isinstance(content, dict) and isinstance(content.get("requestPayload"), dict):
        reason = _reason(content.get("responsePayload")) or _condition(context)
        payload = content["requestPayload"]
    # or of the event source mapping of a stream.
    elif batch:
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
    attributes = {str(name): value for name, value in message.get("Attributes", {}).items()}
    sent = int(attributes.get("SentTimestamp", "0"))
    return DeadLetter(
        id=message["MessageId"],
        receipt=message["ReceiptHandle"],
        queue=queue,
        sender=attributes.get("SenderId", "unknown"),
        function=_function(
            attributes,
            queue,
            roles,
            trusted,
            of_stream=batch is not None or _condition(context) == UNPUBLISHABLE,
        ),
        failed_at=datetime.fromtimestamp(sent / 1000, UTC),
        where=where,
        reason=reason,
        keys=_keys(payload),
        payload=payload,
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
