"""The failure queue: what could not be catalogued, counted or published; trying it again."""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from reinventure.aws import stream_reader as stream
from reinventure.aws.deployed_catalog import CONFIG, DeployedCatalog
from reinventure.aws.stream_reader import StreamBatch
from s3_catalog.errors import MalformedError
from s3_catalog.s3.envelope import messages
from s3_catalog.s3.record import parse

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageTypeDef

_HIDDEN_SECONDS = 120
"""How long a message is hidden from other readers while it is looked at or tried."""

_RECOUNT = "totals cannot be redriven: `reinventure repair` recounts them, and removes this"
_FORGOTTEN = (
    "the table's stream has forgotten these changes, as it does after 24 hours. The catalog has "
    "them: `reinventure find --newer {since}` lists what subscribers may have missed"
)

_PATIENT = CONFIG.merge(Config(read_timeout=120))
"""The function itself may take a minute, and the first call of a day some more."""


@dataclass(frozen=True)
class Failure:
    """A message of the failure queue.

    `failed_at` is when it came there, in UTC. `where` is the function or the queue that gave up,
    `reason` what it said, `keys` the object keys it is about, as far as they can be read. `payload`
    is what to give to the function again; `receipt` allows to remove the message. `function` is the
    ARN of the function that failed, if one did. It may have been given a `batch` of the table's
    stream, which is only named: the records are still in the stream, or forgotten.
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
        """Whether these are changes that the totals of `catalog` lack for good."""
        return self.batch is not None and self.function != catalog.publish


def failures(catalog: DeployedCatalog) -> Iterator[Failure]:
    """Yield what is in the failure queue, each message once, hiding it from others meanwhile.

    Call `show` on those that shall stay, or others will not see them for two minutes. Raises
    botocore's ClientError or BotoCoreError when the queue cannot be read.
    """
    sqs = catalog.session.client("sqs", config=CONFIG)
    seen: set[str] = set()
    while True:
        received = sqs.receive_message(
            QueueUrl=catalog.failure_queue_url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=_HIDDEN_SECONDS,
            WaitTimeSeconds=1,
            MessageSystemAttributeNames=["SentTimestamp"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        fresh = [message for message in received if message["MessageId"] not in seen]
        if not fresh:
            return
        for message in fresh:
            seen.add(message["MessageId"])
            yield _failure(message)


def show(catalog: DeployedCatalog, staying: Iterable[Failure]) -> None:
    """Let other readers of the queue see those that are `staying` again at once."""
    sqs = catalog.session.client("sqs", config=CONFIG)
    for failure in staying:
        # If it has expired or is visible already, there is nothing to do.
        with suppress(sqs.exceptions.MessageNotInflight, sqs.exceptions.ReceiptHandleIsInvalid):
            sqs.change_message_visibility(
                QueueUrl=catalog.failure_queue_url,
                ReceiptHandle=failure.receipt,
                VisibilityTimeout=0,
            )


def waiting(catalog: DeployedCatalog) -> list[Failure]:
    """Return what is in the failure queue, and leave it to be seen by others."""
    found = list(failures(catalog))
    show(catalog, found)
    return found


def uncounted(catalog: DeployedCatalog) -> set[str]:
    """Return the ids of the failures that a recount of the whole bucket makes good."""
    return {failure.id for failure in waiting(catalog) if failure.uncounted(catalog)}


def remove(catalog: DeployedCatalog, ids: set[str]) -> int:
    """Remove the failures of `ids` that are still there, and return how many these were."""
    removed, staying = 0, []
    for failure in failures(catalog):
        if failure.id in ids:
            _delete(catalog, failure)
            removed += 1
        else:
            staying.append(failure)
    show(catalog, staying)
    return removed


def redrive(catalog: DeployedCatalog, failure: Failure) -> str | None:
    """Give `failure` to the function that it is for, and remove it if that succeeds.

    Returns None then; else why it failed again, and the message stays. Raises botocore's
    ClientError or BotoCoreError when the function cannot be called.
    """
    function, payload = catalog.ingest, failure.payload
    if failure.function == catalog.publish:
        function = catalog.publish
        try:
            records = (
                stream.records(catalog.session, failure.batch)
                if failure.batch
                else failure.payload["Records"]
            )
        except stream.ForgottenError:
            return _FORGOTTEN.format(since=failure.batch.since if failure.batch else "")
        payload = {"Records": records, "redriven": True}
    elif failure.uncounted(catalog):
        return _RECOUNT
    reply = catalog.session.client("lambda", config=_PATIENT).invoke(
        FunctionName=function, Payload=json.dumps(payload).encode()
    )
    answer = json.loads(reply["Payload"].read() or b"null")
    if "FunctionError" in reply:
        return _reason(answer)
    if isinstance(answer, dict) and answer.get("batchItemFailures"):
        return "; ".join(answer.get("errors", [])) or "the function refused it again"
    _delete(catalog, failure)
    return None


def _delete(catalog: DeployedCatalog, failure: Failure) -> None:
    catalog.session.client("sqs", config=CONFIG).delete_message(
        QueueUrl=catalog.failure_queue_url, ReceiptHandle=failure.receipt
    )


def _failure(message: "MessageTypeDef") -> Failure:
    body = message["Body"]
    content: Any = None
    with suppress(ValueError, RecursionError):
        content = json.loads(body)
    function, batch = "", None
    context = content.get("requestContext") if isinstance(content, dict) else None
    if isinstance(context, dict):
        function = str(context.get("functionArn", "")).removesuffix(":$LATEST")
    if isinstance(content, dict) and "requestPayload" in content:  # Lambda's failure destination
        where = function.rpartition("function:")[2] or "function"
        reason = _reason(content.get("responsePayload")) or _condition(context)
        payload = content["requestPayload"]
    elif isinstance(content, dict) and "DDBStreamBatchInfo" in content:  # The same, of a stream
        where = function.rpartition("function:")[2] or "function"
        batch = stream.batch(content["DDBStreamBatchInfo"])
        reason = f"{_condition(context)}: {batch.size} changes of the table since {batch.since}"
        payload = content
    else:  # A dead letter: as it was in the queue, or as EventBridge could not deliver it.
        told = message.get("MessageAttributes", {}).get("ERROR_MESSAGE")
        where = "queue"
        reason = told["StringValue"] if told else "received too often without success"
        # In the shape of a delivery from a queue, so that a body of any kind is read the same way.
        payload = {
            "Records": [{"eventSource": "aws:sqs", "messageId": message["MessageId"], "body": body}]
        }
    sent = int(message.get("Attributes", {}).get("SentTimestamp", "0"))
    return Failure(
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
    """Return the object key that a record of the table's stream is about, if it is one."""
    try:
        key = record["dynamodb"]["Keys"]["sk"]["S"]  # type: ignore[index]
    except (KeyError, TypeError):
        return None
    return key if isinstance(key, str) else None


def _condition(context: object) -> str:
    return str(context.get("condition", "")) if isinstance(context, dict) else ""


def _reason(answer: object) -> str:
    return str(answer.get("errorMessage", "")) if isinstance(answer, dict) else ""
