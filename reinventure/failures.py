"""The failure queue: what could not be catalogued, why, and trying it again."""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from catalog.envelope import messages
from catalog.event import MalformedError, parse
from reinventure.deployed import CONFIG, DeployedCatalog

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageTypeDef

_HIDDEN_SECONDS = 120
"""How long a message is hidden from other readers while it is looked at or tried."""

_PATIENT = CONFIG.merge(Config(read_timeout=120))
"""The function itself may take 30 s, and the first call of a day some more."""


@dataclass(frozen=True)
class Failure:
    """A message of the failure queue.

    `failed_at` is when it came there, in UTC. `where` is the function or the queue that gave up,
    `reason` what it said, `keys` the object keys it is about, as far as they can be read. `payload`
    is what to give to the function again; `receipt` allows to remove the message.
    """

    id: str
    receipt: str
    failed_at: datetime
    where: str
    reason: str
    keys: list[str]
    payload: Any


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


def redrive(catalog: DeployedCatalog, failure: Failure) -> str | None:
    """Give `failure` to the function that events go to, and remove it if that succeeds.

    Returns None then; else why it failed again, and the message stays. Raises botocore's
    ClientError or BotoCoreError when the function cannot be called.
    """
    reply = catalog.session.client("lambda", config=_PATIENT).invoke(
        FunctionName=catalog.ingest, Payload=json.dumps(failure.payload).encode()
    )
    answer = json.loads(reply["Payload"].read() or b"null")
    if "FunctionError" in reply:
        return _reason(answer)
    if isinstance(answer, dict) and answer.get("batchItemFailures"):
        return "; ".join(answer.get("errors", [])) or "the function refused it again"
    catalog.session.client("sqs", config=CONFIG).delete_message(
        QueueUrl=catalog.failure_queue_url, ReceiptHandle=failure.receipt
    )
    return None


def _failure(message: "MessageTypeDef") -> Failure:
    body = message["Body"]
    content: Any = None
    with suppress(ValueError, RecursionError):
        content = json.loads(body)
    if isinstance(content, dict) and "requestPayload" in content:  # Lambda's failure destination
        context = content.get("requestContext") or {}
        where = str(context.get("functionArn", "")).rpartition("function:")[2] or "function"
        reason = _reason(content.get("responsePayload")) or str(context.get("condition", ""))
        payload = content["requestPayload"]
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
    )


def _keys(payload: object) -> list[str]:
    keys = []
    for message in messages(payload):
        for record in message.records:
            with suppress(MalformedError):
                event = parse(record)
                if event:
                    keys.append(event.key)
    return keys


def _reason(answer: object) -> str:
    return str(answer.get("errorMessage", "")) if isinstance(answer, dict) else ""
