"""The change feed, live: a temporary queue, subscribed for as long as the watcher runs.

The watcher deletes queue and subscription when it ends. A killed process (SIGKILL) leaves them
behind; its heartbeat, a tag of the queue, stops as well, and the next watcher deletes them.
"""

import json
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from reinventure.aws.connection import config
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.aws.queue_policy import only_from
from reinventure.aws.queue_subscription import unsubscribe
from reinventure.contract import watch_queue_prefix
from s3_catalog.feed.message import filterable

HEARTBEAT_SECONDS = 5 * 60
"""Interval of a watcher's heartbeat."""

SILENT_SECONDS = 15 * 60
"""Age of the last heartbeat from which a watcher counts as dead."""

_WATCHES = "reinventure-watches"
_ALIVE = "reinventure-alive"
"""Tags of a watcher's queue: the ARN of the topic, and the heartbeat in seconds since 1970."""

POLL_SECONDS = 20
"""Longest poll of the queue, the limit of SQS."""

_VISIBILITY_TIMEOUT_SECONDS = 60
_RETENTION_SECONDS = 60 * 60
"""Retention of a message: the queue of a killed watcher does not fill."""

_REMEMBERED = 100_000
"""Keys whose last position is kept. A duplicate comes within minutes of the first message."""

_UNSAFE = re.compile(r"[\"\\]")
"""Characters that a filter policy would need escaped: the policy's prefix ends before them."""

Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message, and the time at which SNS sent it to the queue, by the clock of SQS, in UTC."""

    message: Message
    sent_at: datetime


class Order:
    """The last position of each key, by which duplicates and older messages are dropped."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str], tuple[int, str, int]] = OrderedDict()

    def is_new(self, message: Message) -> bool:
        """Whether `message` is newer than all earlier ones of its key; keeps its position."""
        key = message["bucket"], message["key"]
        # Messages of versions before heals have no `healed_at`.
        healed_at = message.get("healed_at") or 0
        position = healed_at, message["sequencer"], message["asked_at"] or 0
        if key in self._seen and position <= self._seen[key]:
            return False
        self._seen[key] = position
        self._seen.move_to_end(key)
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return True


class Watch:
    """A temporary queue, subscribed to the changes under `prefix` in `catalog`.

    They are those of its bucket, or with `every_bucket` of all its buckets. `between` is called
    before each poll of the queue, at least every `poll_seconds`; it may raise.
    """

    def __init__(
        self,
        catalog: DeployedCatalog,
        prefix: str,
        between: Callable[[], None] = lambda: None,
        *,
        every_bucket: bool = False,
        poll_seconds: int = POLL_SECONDS,
    ) -> None:
        self._sqs = catalog.session.client("sqs", config=config())
        self._sns = catalog.session.client("sns", config=config())
        self._failure_queue_url = catalog.outputs.failure_queue_url
        self._topic = catalog.outputs.changes_topic_arn
        self._bucket, self._prefix = None if every_bucket else catalog.bucket, prefix
        # A deployment of the version before has one bucket, and no attribute to filter by.
        self._one_of_many = self._bucket if len(catalog.scope.buckets) > 1 else None
        self._between, self._poll_seconds = between, poll_seconds
        self._queue_prefix = watch_queue_prefix(catalog.stack)
        self._name = f"{self._queue_prefix}{uuid4().hex[:16]}.fifo"

    @contextmanager
    def listening(self) -> Iterator[Iterator[Message]]:
        """Subscribe, and yield an iterator over the changes as they come; unsubscribe in the end.

        The iterator yields each change once, and those of a key in order. Raises botocore's
        ClientError or BotoCoreError.
        """
        with self.arriving() as arrivals:
            yield (arrival.message for arrival in arrivals)

    @contextmanager
    def arriving(self) -> Iterator[Iterator[Arrival]]:
        """As `listening`, with the time at which each change came."""
        self._sweep()
        try:
            url = self._make_queue()
            self._subscribe(url)
            yield self._arrivals(url)
        finally:
            # By name: the queue may exist even if create_queue had no answer.
            with suppress(self._sqs.exceptions.QueueDoesNotExist):
                self._remove(self._sqs.get_queue_url(QueueName=self._name)["QueueUrl"])

    def _arrivals(self, url: str) -> Iterator[Arrival]:
        order, beat = Order(), time.monotonic()
        while True:
            self._between()
            received = self._sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=10,
                WaitTimeSeconds=self._poll_seconds,
                VisibilityTimeout=_VISIBILITY_TIMEOUT_SECONDS,
                MessageSystemAttributeNames=["SentTimestamp"],
            ).get("Messages", [])
            if received:
                # Before they are shown: that may take longer than the visibility timeout. A message
                # that could not be deleted comes again, and is a duplicate then.
                self._sqs.delete_message_batch(
                    QueueUrl=url,
                    Entries=[
                        {"Id": str(n), "ReceiptHandle": envelope["ReceiptHandle"]}
                        for n, envelope in enumerate(received)
                    ],
                )
            for envelope in received:
                message: Message = json.loads(envelope["Body"])
                ours = self._bucket in (None, message["bucket"])
                if ours and message["key"].startswith(self._prefix) and order.is_new(message):
                    sent = int(envelope["Attributes"]["SentTimestamp"])
                    yield Arrival(message, datetime.fromtimestamp(sent / 1000, UTC))
            if time.monotonic() - beat > HEARTBEAT_SECONDS:
                self._sqs.tag_queue(QueueUrl=url, Tags=_heartbeat())
                beat = time.monotonic()

    def _make_queue(self) -> str:
        # All queues of the stack are encrypted with one key: take the dead-letter queue's.
        key = self._sqs.get_queue_attributes(
            QueueUrl=self._failure_queue_url, AttributeNames=["KmsMasterKeyId"]
        )["Attributes"]["KmsMasterKeyId"]
        return self._sqs.create_queue(
            QueueName=self._name,
            Attributes={
                "FifoQueue": "true",
                "DeduplicationScope": "messageGroup",
                "FifoThroughputLimit": "perMessageGroupId",
                "KmsMasterKeyId": key,
                "MessageRetentionPeriod": str(_RETENTION_SECONDS),
                "VisibilityTimeout": str(_VISIBILITY_TIMEOUT_SECONDS),
            },
            tags={_WATCHES: self._topic, **_heartbeat()},
        )["QueueUrl"]

    def _subscribe(self, url: str) -> None:
        arn = self._arn(url)
        policy = only_from("sns", self._topic, arn)
        self._sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        attributes = {"RawMessageDelivery": "true"}
        if chosen := filter_policy(self._prefix, self._one_of_many):
            attributes["FilterPolicy"] = json.dumps(chosen)
        self._sns.subscribe(
            TopicArn=self._topic,
            Protocol="sqs",
            Endpoint=arn,
            Attributes=attributes,
        )

    def _sweep(self) -> None:
        """Delete the queues and subscriptions of killed watchers of this topic."""
        pages = self._sqs.get_paginator("list_queues").paginate(QueueNamePrefix=self._queue_prefix)
        for url in [url for page in pages for url in page.get("QueueUrls", [])]:
            # Another watcher may delete it at the same time.
            with suppress(self._sqs.exceptions.QueueDoesNotExist):
                tags = self._sqs.list_queue_tags(QueueUrl=url).get("Tags", {})
                # Stacks with long names may share the prefix of their queues.
                ours = tags.get(_WATCHES) == self._topic
                if ours and time.time() - float(tags.get(_ALIVE, 0)) > SILENT_SECONDS:
                    self._remove(url)

    def _remove(self, url: str) -> None:
        """Delete the queue, its subscription first: a later sweep finds subscriptions by queue."""
        unsubscribe(self._sns, self._topic, self._arn(url))
        self._sqs.delete_queue(QueueUrl=url)

    def _arn(self, url: str) -> str:
        attributes = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return attributes["Attributes"]["QueueArn"]


def filter_policy(prefix: str, bucket: str | None) -> dict[str, object]:
    """Return a subscription's filter policy, which matches at least the keys under `prefix`.

    They are those of `bucket`; None stands for every bucket. The policy is empty when no filter is
    needed or possible. Messages of other keys that match are dropped when read.
    """
    safe = _UNSAFE.split(filterable(prefix))[0]
    policy: dict[str, object] = {"key": [{"prefix": safe}]} if safe else {}
    return {**policy, "bucket": [bucket]} if bucket else policy


def _heartbeat() -> dict[str, str]:
    return {_ALIVE: str(int(time.time()))}
