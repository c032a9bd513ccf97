"""A queue that is fed by the change feed."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.failures import FailureQueue
from stacks.keys import Keys, use_through
from stacks.settings import Settings


class ChangesQueue(Construct):
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
        failures: FailureQueue,
        visibility: cdk.Duration,
        tries: int,
    ) -> None:
        super().__init__(scope, id)
        self._key = keys.queue
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=keys.queue,
            enforce_ssl=True,
            retention_period=cdk.Duration.days(14),
            visibility_timeout=visibility,
            dead_letter_queue=sqs.DeadLetterQueue(queue=failures, max_receive_count=tries),
            removal_policy=settings.removal_policy,
        )
        subscription = sns.CfnSubscription(
            self,
            "Subscription",
            topic_arn=topic.topic_arn,
            protocol="sqs",
            endpoint=self.queue.queue_arn,
            raw_message_delivery=True,
            filter_policy=wanted,
            redrive_policy={"deadLetterTargetArn": failures.queue_arn},
        )
        sender = iam.ServicePrincipal("sns.amazonaws.com")
        this_topic = {"ArnEquals": {"aws:SourceArn": topic.topic_arn}}
        for queue in (self.queue, failures):
            added = queue.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[sender],
                    actions=["sqs:SendMessage"],
                    resources=[queue.queue_arn],
                    conditions=this_topic,
                )
            )
            if added.policy_dependable:
                subscription.node.add_dependency(added.policy_dependable)

    def receive_statements(self, *more: str) -> list[iam.PolicyStatement]:
        """Return what a reader needs to take messages from here, and to do `more` with them."""
        return [
            iam.PolicyStatement(
                actions=["sqs:DeleteMessage", "sqs:ReceiveMessage", *more],
                resources=[self.queue.queue_arn],
            ),
            use_through(self._key, "sqs", "kms:Decrypt"),
        ]
