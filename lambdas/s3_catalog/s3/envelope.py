"""The envelopes of S3's events: from a delivery to messages with records.

S3 invokes the function, sends to a queue, publishes to a topic with a queue as a subscriber, or
sends to EventBridge. `ingest` accepts all of them.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from s3_catalog.exceptions import MalformedError


@dataclass(frozen=True, slots=True)
class Message:
    """The unit of delivery, which succeeds or fails as a whole.

    `id` is the message id in its queue; None without a queue. `records` are for
    `s3_catalog.s3.record.parse`. `error` is the reason why an unreadable message has none.
    """

    id: str | None
    records: list[object]
    error: str | None = None


def messages(delivery: object) -> Iterator[Message]:
    """Yield the messages of a delivery, which is the event of an invocation.

    An unreadable message has an error, and does not stop the others.
    """
    entries = delivery.get("Records") if isinstance(delivery, dict) else None
    if isinstance(entries, list) and entries and all(map(_from_queue, entries)):
        for entry in entries:
            yield _message(entry["messageId"], entry.get("body"))
    else:
        yield _message(None, delivery)


def _from_queue(entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and entry.get("eventSource") == "aws:sqs"
        and isinstance(entry.get("messageId"), str)
    )


def _message(id: str | None, content: object) -> Message:
    try:
        return Message(id, _records(content))
    except MalformedError as error:
        return Message(id, [], str(error))
    except RecursionError:
        return Message(id, [], "not an S3 notification: nested too deeply")


def _records(content: object) -> list[object]:
    """Return the records in `content`, in any envelope."""
    if isinstance(content, str):
        return _records(_json(content))
    if not isinstance(content, dict):
        raise MalformedError(f"not an S3 notification but a JSON {type(content).__name__}")
    if content.get("Type") == "Notification":  # Amazon SNS, without raw delivery
        return _records(content.get("Message"))
    if "detail-type" in content:
        return [content]
    if content.get("Event") == "s3:TestEvent":
        return []
    records = content.get("Records")
    if not isinstance(records, list):
        names = ", ".join(sorted(map(str, content))[:10]) or "nothing"
        raise MalformedError(f"not an S3 notification: no Records, but {names[:200]}")
    return records


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        raise MalformedError(f"not an S3 notification: not JSON: {error}") from error
