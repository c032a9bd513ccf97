"""A queue that is subscribed to the change feed."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from ..settings.settings import Settings
from .dead_letter_queue import DeadLetterQueue
from .keys import Keys, use_through
from .queues import WorkQueue, subscribe


class ChangeFeedQueue(Construct):
    """A queue under the QUEUE key, subscribed to the messages of `topic` that pass `filter_policy`.

    The policy filters by message attributes (docs/changes.md); without one, all messages pass. It
    is a standard queue, so its reader must be idempotent. Messages that SNS cannot deliver, or that
    fail `max_receive_count` receives, go to `dead_letter_queue`.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: Settings,
        *,
        keys: Keys,
        topic: sns.ITopic,
        filter_policy: Mapping[str, object] | None,
        dead_letter_queue: DeadLetterQueue,
        visibility_timeout: cdk.Duration,
        max_receive_count: int,
    ) -> None:
        super().__init__(scope, id)
        self._key = keys.queue
        self.queue = WorkQueue(
            self,
            "Queue",
            settings,
            keys=keys,
            dead_letter_queue=dead_letter_queue,
            visibility_timeout=visibility_timeout,
            max_receive_count=max_receive_count,
        )
        subscribe(self, topic, self.queue, dead_letter_queue, filter_policy=filter_policy)

    def receive_statements(self, *more: str) -> list[iam.PolicyStatement]:
        """Return the permissions of a reader of the queue, with the SQS actions `more`."""
        return [
            iam.PolicyStatement(
                actions=["sqs:DeleteMessage", "sqs:ReceiveMessage", *more],
                resources=[self.queue.queue_arn],
            ),
            use_through(self._key, "sqs", "kms:Decrypt"),
        ]
