"""A queue that is fed by the change feed."""

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
    """A queue under the QUEUE key that gets the messages of `topic` which pass `wanted`.

    `wanted` is a filter policy on their attributes (docs/changes.md); without one, all pass. A
    standard queue: who reads it needs no order, and gets a message twice without harm. What SNS
    cannot deliver, and what was received `tries` times in vain, goes to `failures`.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: Settings,
        *,
        keys: Keys,
        topic: sns.ITopic,
        wanted: Mapping[str, object] | None,
        failures: DeadLetterQueue,
        visibility: cdk.Duration,
        tries: int,
    ) -> None:
        super().__init__(scope, id)
        self._key = keys.queue
        self.queue = WorkQueue(
            self,
            "Queue",
            settings,
            keys=keys,
            failures=failures,
            visibility=visibility,
            tries=tries,
        )
        subscribe(self, topic, self.queue, failures, wanted=wanted)

    def receive_statements(self, *more: str) -> list[iam.PolicyStatement]:
        """Return what a reader needs to take messages from here, and to do `more` with them."""
        return [
            iam.PolicyStatement(
                actions=["sqs:DeleteMessage", "sqs:ReceiveMessage", *more],
                resources=[self.queue.queue_arn],
            ),
            use_through(self._key, "sqs", "kms:Decrypt"),
        ]
