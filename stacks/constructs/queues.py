"""Queues that a function or a worker is fed by, and who may fill them."""

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
    """A queue under the QUEUE key, in which messages wait for up to 14 days, SQS's longest.

    One that was taken is hidden for `visibility`; what was taken `tries` times in vain goes to
    `failures`.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: Settings,
        *,
        keys: Keys,
        failures: DeadLetterQueue,
        visibility: cdk.Duration,
        tries: int,
    ) -> None:
        super().__init__(
            scope,
            id,
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=keys.queue,
            enforce_ssl=True,
            retention_period=cdk.Duration.days(14),
            visibility_timeout=visibility,
            dead_letter_queue=sqs.DeadLetterQueue(queue=failures, max_receive_count=tries),
            removal_policy=settings.removal_policy,
        )


def visibility_of(timeout: cdk.Duration) -> cdk.Duration:
    """Return how long a function with this `timeout` needs a message to be hidden.

    What AWS asks for: time for a batch, and for the retries of one that was throttled.
    """
    return cdk.Duration.seconds(6 * timeout.to_seconds())


def let_send(queue: sqs.Queue, service: str, conditions: Mapping[str, object]) -> IConstruct:
    """Let `service` send to `queue` under `conditions` only; return the policy that says so."""
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
    failures: DeadLetterQueue,
    *,
    wanted: Mapping[str, object] | None = None,
) -> None:
    """Have `topic` deliver to `queue`, as it is, the messages whose attributes pass `wanted`.

    Without a filter policy, all. What cannot be delivered goes to `failures`.
    """
    subscription = sns.CfnSubscription(
        scope,
        "Subscription",
        topic_arn=topic.topic_arn,
        protocol="sqs",
        endpoint=queue.queue_arn,
        raw_message_delivery=True,
        filter_policy=wanted,
        redrive_policy={"deadLetterTargetArn": failures.queue_arn},
    )
    this_topic = {"ArnEquals": {"aws:SourceArn": topic.topic_arn}}
    for receiver in (queue, failures):
        subscription.node.add_dependency(let_send(receiver, "sns", this_topic))
