"""The change feed, live: a queue of one's own for as long as one looks.

Whatever way it ends, the queue and its subscription are removed. Only a process that was killed
outright leaves them; it also stops saying that it is alive, and the next one to watch removes them.
"""

import json
import re
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

from reinventure.aws.deployed_catalog import CONFIG, DeployedCatalog
from s3_catalog.feed.message import filterable

HEARTBEAT_SECONDS = 5 * 60
SILENT_SECONDS = 15 * 60
"""How often a watcher says that it is alive, and after which silence it is taken to be dead."""

_WATCHES = "reinventure-watches"
_ALIVE = "reinventure-alive"
"""Tags of a watcher's queue: the topic's ARN, and when it last was alive (seconds since 1970)."""

_POLL_SECONDS = 20
_HIDDEN_SECONDS = 60
_KEPT_SECONDS = 60 * 60
"""How long an unread message is kept: a queue that was left behind does not fill."""

_REMEMBERED = 100_000
"""Keys whose place in the order is remembered; a repeated message comes within minutes."""

_UNSAFE = re.compile(r"[\"\\]")
"""What a filter policy would need escaped, in ways that are easily got wrong."""

Message = dict[str, Any]


class Order:
    """Tells what is new from what was seen before, by the place of a message in its key's order."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, tuple[str, int]] = OrderedDict()

    def is_new(self, message: Message) -> bool:
        """Whether `message` is later than all that was seen of its key; it is seen now."""
        key, place = message["key"], (message["sequencer"], message["asked_at"] or 0)
        if key in self._seen and place <= self._seen[key]:
            return False
        self._seen[key] = place
        self._seen.move_to_end(key)
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return True


class Watch:
    """A temporary queue of its own, subscribed to what changes under `prefix` in `catalog`."""

    def __init__(self, catalog: DeployedCatalog, stack: str, prefix: str) -> None:
        self._sqs = catalog.session.client("sqs", config=CONFIG)
        self._sns = catalog.session.client("sns", config=CONFIG)
        self._catalog = catalog
        self._prefix = prefix
        # The name of a queue has at most 80 characters.
        self._family = f"{stack[:40]}-watch-"
        self._name = f"{self._family}{uuid4().hex[:16]}.fifo"

    @contextmanager
    def listening(self) -> Iterator[Iterator[Message]]:
        """Subscribe, and yield the changes as they come; unsubscribe in the end.

        Each comes once, and those of a key in order. Raises botocore's ClientError or
        BotoCoreError.
        """
        self._sweep()
        try:
            url = self._make_queue()
            self._subscribe(url)
            yield self._messages(url)
        finally:
            # By name: however far it came, nothing stays.
            with suppress(self._sqs.exceptions.QueueDoesNotExist):
                self._remove(self._sqs.get_queue_url(QueueName=self._name)["QueueUrl"])

    def _messages(self, url: str) -> Iterator[Message]:
        order, said = Order(), time.monotonic()
        while True:
            received = self._sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=10,
                WaitTimeSeconds=_POLL_SECONDS,
                VisibilityTimeout=_HIDDEN_SECONDS,
            ).get("Messages", [])
            if received:
                # At once: whoever looks may take longer than a message is hidden. One that could
                # not be deleted comes again, and is not new then.
                self._sqs.delete_message_batch(
                    QueueUrl=url,
                    Entries=[
                        {"Id": str(n), "ReceiptHandle": envelope["ReceiptHandle"]}
                        for n, envelope in enumerate(received)
                    ],
                )
            for envelope in received:
                message: Message = json.loads(envelope["Body"])
                if message["key"].startswith(self._prefix) and order.is_new(message):
                    yield message
            if time.monotonic() - said > HEARTBEAT_SECONDS:
                self._sqs.tag_queue(QueueUrl=url, Tags=_alive())
                said = time.monotonic()

    def _make_queue(self) -> str:
        # The failure queue is under the key that every queue of the stack is under.
        key = self._sqs.get_queue_attributes(
            QueueUrl=self._catalog.failure_queue_url, AttributeNames=["KmsMasterKeyId"]
        )["Attributes"]["KmsMasterKeyId"]
        return self._sqs.create_queue(
            QueueName=self._name,
            Attributes={
                "FifoQueue": "true",
                "DeduplicationScope": "messageGroup",
                "FifoThroughputLimit": "perMessageGroupId",
                "KmsMasterKeyId": key,
                "MessageRetentionPeriod": str(_KEPT_SECONDS),
                "VisibilityTimeout": str(_HIDDEN_SECONDS),
            },
            tags={_WATCHES: self._catalog.changes_topic, **_alive()},
        )["QueueUrl"]

    def _subscribe(self, url: str) -> None:
        arn = self._arn(url)
        statements = [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": self._catalog.changes_topic}},
            },
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sqs:*",
                "Resource": arn,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ]
        policy = {"Version": "2012-10-17", "Statement": statements}
        self._sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
        attributes = {"RawMessageDelivery": "true"}
        if chosen := filter_policy(self._prefix):
            attributes["FilterPolicy"] = json.dumps(chosen)
        self._sns.subscribe(
            TopicArn=self._catalog.changes_topic,
            Protocol="sqs",
            Endpoint=arn,
            Attributes=attributes,
        )

    def _sweep(self) -> None:
        """Remove what watchers left that were killed."""
        pages = self._sqs.get_paginator("list_queues").paginate(QueueNamePrefix=self._family)
        for url in [url for page in pages for url in page.get("QueueUrls", [])]:
            # Another one may be sweeping too.
            with suppress(self._sqs.exceptions.QueueDoesNotExist):
                tags = self._sqs.list_queue_tags(QueueUrl=url).get("Tags", {})
                # Stacks with long names may share the beginning of their queues' names.
                ours = tags.get(_WATCHES) == self._catalog.changes_topic
                if ours and time.time() - float(tags.get(_ALIVE, 0)) > SILENT_SECONDS:
                    self._remove(url)

    def _remove(self, url: str) -> None:
        """Remove a queue, and before it what delivers to it: the next sweep looks for queues."""
        arn = self._arn(url)
        pages = self._sns.get_paginator("list_subscriptions_by_topic").paginate(
            TopicArn=self._catalog.changes_topic
        )
        for subscription in [each for page in pages for each in page["Subscriptions"]]:
            if subscription["Endpoint"] == arn:
                self._sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
        self._sqs.delete_queue(QueueUrl=url)

    def _arn(self, url: str) -> str:
        attributes = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return attributes["Attributes"]["QueueArn"]


def filter_policy(prefix: str) -> dict[str, object] | None:
    """Return a filter policy for keys that begin with `prefix`, or for some more; None for all."""
    safe = _UNSAFE.split(filterable(prefix))[0]
    return {"key": [{"prefix": safe}]} if safe else None


def _alive() -> dict[str, str]:
    return {_ALIVE: str(int(time.time()))}
