"""What S3's events arrive in, and taking them out.

S3 invokes a function directly, or writes to a queue, or to a topic that writes to a queue, or
tells EventBridge. Whichever it is, the function gets messages with records in them.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from s3_catalog.errors import MalformedError


@dataclass(frozen=True, slots=True)
class Message:
    """What was delivered as one, and succeeds or fails as one.

    `id` names the message in its queue; None when no queue was involved. `records` are for
    `s3_catalog.s3.record.parse`. `error` says why there are none, if the message could not be read.
    """

    id: str | None
    records: list[object]
    error: str | None = None


def messages(delivery: object) -> Iterator[Message]:
    """Yield the messages that an invocation of the function delivers.

    One that cannot be read is yielded with its error, and does not stop the others.
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
    """Return the records in `content`, whatever it is wrapped in."""
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
