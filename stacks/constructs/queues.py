"""Queues that a function or a worker reads, and the policies of their senders."""

from collections.abc import Mapping
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct, IConstruct

from ..settings.settings import Settings
from .dead_letter_queue import DeadLetterQueue
from .keys import Keys


class WorkQueue(sqs.Queue):
    """A queue under the QUEUE key. It keeps messages for 14 days, SQS's maximum.

    A received message is invisible for `visibility_timeout`. After `max_receive_count` failed
    receives it goes to `dead_letter_queue`.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: Settings,
        *,
        keys: Keys,
        dead_letter_queue: DeadLetterQueue,
        visibility_timeout: cdk.Duration,
        max_receive_count: int,
    ) -> None:
        super().__init__(
            scope,
            id,
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=keys.queue,
            enforce_ssl=True,
            retention_period=cdk.Duration.days(14),
            visibility_timeout=visibility_timeout,
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=dead_letter_queue, max_receive_count=max_receive_count
            ),
            removal_policy=settings.removal_policy,
        )


def visibility_timeout_for(timeout: cdk.Duration) -> cdk.Duration:
    """Return the visibility timeout of a queue that invokes a function with this `timeout`.

    Six times as long, AWS's advice (Lambda Developer Guide, "Using Lambda with Amazon SQS"): time
    for a batch, and for the retries of a throttled one.
    """
    return cdk.Duration.seconds(6 * timeout.to_seconds())


def allow_send(queue: sqs.Queue, service: str, conditions: Mapping[str, object]) -> IConstruct:
    """Allow `service` to send to `queue` under `conditions`; return the queue's policy."""
    added = queue.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal(f"{service}.amazonaws.com")],
            actions=["sqs:SendMessage"],
            resources=[queue.queue_arn],
            conditions=conditions,
        )
    )
    return cast("IConstruct", added.policy_dependable)


def subscribe(
    scope: Construct,
    topic: sns.ITopic,
    queue: WorkQueue,
    dead_letter_queue: DeadLetterQueue,
    *,
    filter_policy: Mapping[str, object] | None = None,
) -> None:
    """Subscribe `queue` to the messages of `topic` that pass `filter_policy`, with raw delivery.

    Without a filter policy all pass. Undeliverable messages go to `dead_letter_queue`.
    """
    subscription = sns.CfnSubscription(
        scope,
        "Subscription",
        topic_arn=topic.topic_arn,
        protocol="sqs",
        endpoint=queue.queue_arn,
        raw_message_delivery=True,
        filter_policy=filter_policy,
        redrive_policy={"deadLetterTargetArn": dead_letter_queue.queue_arn},
    )
    this_topic = {"ArnEquals": {"aws:SourceArn": topic.topic_arn}}
    for receiver in (queue, dead_letter_queue):
        subscription.node.add_dependency(allow_send(receiver, "sns", this_topic))
