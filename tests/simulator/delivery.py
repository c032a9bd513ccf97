"""The ways of S3's events to the function, which retry until it succeeds."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.simulator import happening as happenings
from tests.simulator.happening import Happening

MAX_DELAY = timedelta(days=51)
"""No transport keeps an event for longer: the bound that the design relies on."""

BATCH = 10
"""Messages of a queue in one invocation."""


@dataclass(eq=False)
class Emission:
    """`happenings` that S3 sends together.

    In the end it is `handled`, or `lost` on purpose; otherwise the transport lost it. Of one that
    is `closed`, no copy comes any more.
    """

    happenings: list[Happening]
    copies: int = 0
    handled: bool = False
    lost: bool = False
    closed: bool = False

    @property
    def deadline(self) -> datetime:
        """The true time after which it can no longer arrive."""
        return min(happening.happened for happening in self.happenings) + MAX_DELAY


@dataclass(eq=False)
class Message:
    """One of the copies of `emission`; `content` is what the function receives."""

    emission: Emission
    id: str
    content: Any
    attempts: int = 0


@dataclass(frozen=True)
class Transport:
    """A way from S3 to the function.

    `encode` returns S3's event, `wrap` the body of a queue's message with it, or None without a
    queue. After `attempts` a message goes to the dead-letter queue. `joins`: an event may have
    several records.
    """

    name: str
    encode: Callable[[list[Happening], int], Any]
    wrap: Callable[[Any], str] | None
    attempts: int
    joins: bool = True

    def delivery(self, messages: list[Message]) -> Any:
        """Return the event of an invocation with `messages`."""
        if not self.wrap:
            return messages[0].content
        return {"Records": [_from_queue(message) for message in messages]}


def _notification(changes: list[Happening], spelling: int) -> Any:
    return {"Records": [happenings.record(happening, spelling) for happening in changes]}


def _event(changes: list[Happening], spelling: int) -> Any:
    [happening] = changes
    return happenings.event(happening, spelling)


def _envelope(content: Any) -> str:
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": "arn:aws:sns:us-east-1:123456789012:simulated",
            "Subject": "Amazon S3 Notification",
            "Message": json.dumps(content),
            "Timestamp": "2026-01-01T00:00:00.000Z",
            "SignatureVersion": "1",
        }
    )


def _from_queue(message: Message) -> dict[str, Any]:
    return {
        "messageId": message.id,
        "receiptHandle": f"receipt-{message.id}",
        "body": message.content,
        "attributes": {"ApproximateReceiveCount": str(message.attempts + 1)},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:simulated",
        "awsRegion": "us-east-1",
    }


TRANSPORTS = (
    Transport("lambda", _notification, None, attempts=3),
    Transport("sqs, or sns raw to sqs", _notification, json.dumps, attempts=5),
    Transport("sns to sqs", _notification, _envelope, attempts=5),
    Transport("eventbridge", _event, None, attempts=3, joins=False),
    Transport("eventbridge to sqs", _event, json.dumps, attempts=5, joins=False),
)

OF_EVENTBRIDGE = tuple(transport for transport in TRANSPORTS if not transport.joins)
"""Those of attached buckets."""


@dataclass
class Channel:
    """The messages of one transport: `outstanding` ones, and those in the dead-letter queue.

    If `in_order`, the oldest come first.
    """

    transport: Transport
    in_order: bool = False
    emissions: list[Emission] = field(default_factory=list)
    outstanding: list[Message] = field(default_factory=list)
    failed: list[Message] = field(default_factory=list)
    sent: int = 0

    def send(self, changes: list[Happening], spelling: int, *, join: bool) -> None:
        """Send the events of `changes`; `join` them to the newest message if it is untouched."""
        last = self.outstanding[-1] if self.outstanding else None
        untouched = last and last.attempts == 0 and last.emission.copies == 1
        if join and self.transport.joins and last and untouched:
            last.emission.happenings.extend(changes)
            last.content = self._content(last.emission, spelling)
        elif changes:
            self.emissions.append(Emission(list(changes)))
            self.copy(self.emissions[-1], spelling)

    def copy(self, emission: Emission, spelling: int) -> None:
        """Send a further message with `emission`."""
        self.sent += 1
        emission.copies += 1
        message = Message(emission, f"m{self.sent}", self._content(emission, spelling))
        self.outstanding.append(message)

    def take(self, chosen: int, count: int) -> list[Message]:
        """Take messages for an invocation: up to `count` from a queue, or one."""
        if self.in_order:
            chosen = 0
        size = min(count if self.transport.wrap else 1, BATCH, len(self.outstanding))
        return [self.outstanding.pop(chosen % len(self.outstanding)) for _ in range(size)]

    def keep(self, message: Message) -> None:
        """Take back a message that failed."""
        message.attempts += 1
        exhausted = message.attempts >= self.transport.attempts
        (self.failed if exhausted else self.outstanding).append(message)

    def _content(self, emission: Emission, spelling: int) -> Any:
        content = self.transport.encode(emission.happenings, spelling)
        return self.transport.wrap(content) if self.transport.wrap else content
