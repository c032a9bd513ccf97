"""The ways from S3 to `ingest`; the setting `transport` chooses one.

CDK's own destinations allow S3, SNS and EventBridge to use a key and a queue on behalf of any
account. So the policies are written out here, with the source of each permission.
"""

from typing import cast

import aws_cdk as cdk
import jsii
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_notifications as notifications
from aws_cdk import aws_sns as sns
from constructs import Construct, IConstruct

from reinventure.event_patterns import DETAIL_TYPES

from ..constructs.keys import Keys, allow_service
from ..constructs.queues import WorkQueue, allow_send, subscribe, visibility_timeout_for
from ..constructs.service_principal import THIS_ACCOUNT
from ..settings.settings import Settings
from .catalogued_bucket import CataloguedBucket
from .ingest_function import IngestFunction


def connect(
    scope: Construct,
    settings: Settings,
    keys: Keys,
    bucket: CataloguedBucket,
    ingest: IngestFunction,
) -> WorkQueue | None:
    """Connect the events of `bucket` to `ingest`, by the transport of `settings`.

    The target is the alias of `ingest`, so that CodeDeploy can shift traffic between versions.
    Returns the queue from which `ingest` receives, if the transport has one.
    """
    match settings.transport:
        case "lambda":
            bucket.notify(notifications.LambdaDestination(ingest.alias))
        case "sqs" | "sns":
            kind = ThroughQueue if settings.transport == "sqs" else ThroughTopic
            through = kind(scope, "Transport", settings, keys=keys, bucket=bucket, ingest=ingest)
            return through.queue
        case "eventbridge":
            ThroughEventBridge(
                scope, "Transport", settings, keys=keys, bucket=bucket, ingest=ingest
            )
    return None


class ThroughQueue(Construct):
    """S3 sends to a queue, from which `ingest` receives up to 100 messages at a time."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: Settings,
        *,
        keys: Keys,
        bucket: CataloguedBucket,
        ingest: IngestFunction,
    ) -> None:
        super().__init__(scope, id)
        self.queue = EventsQueue(self, "Events", settings, keys=keys, ingest=ingest).queue
        this_bucket = {**THIS_ACCOUNT, "ArnEquals": {"aws:SourceArn": bucket.bucket.bucket_arn}}
        allow_send(self.queue, "s3", this_bucket)
        allow_service(keys.queue, "s3", this_bucket, settings)
        bucket.notify(
            cast(
                "s3.IBucketNotificationDestination",
                _Destination(
                    self.queue,
                    self.queue.queue_arn,
                    s3.BucketNotificationDestinationType.QUEUE,
                ),
            )
        )


class ThroughTopic(Construct):
    """S3 publishes to a topic with raw delivery to a queue like `ThroughQueue`'s.

    Others may subscribe to the topic. Undeliverable messages go to the dead-letter queue.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: Settings,
        *,
        keys: Keys,
        bucket: CataloguedBucket,
        ingest: IngestFunction,
    ) -> None:
        super().__init__(scope, id)
        topic = sns.Topic(self, "Topic", master_key=keys.data, enforce_ssl=True)
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("s3.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={
                    **THIS_ACCOUNT,
                    "ArnEquals": {"aws:SourceArn": bucket.bucket.bucket_arn},
                },
            )
        )
        # For the account: the bucket is under the same key, and a condition on it would be a cycle.
        allow_service(keys.data, "s3", THIS_ACCOUNT, settings)

        self.queue = EventsQueue(self, "Events", settings, keys=keys, ingest=ingest).queue
        # The topic's ARN, which includes the account, is the only condition key that SNS sends KMS.
        this_topic = {"ArnEquals": {"aws:SourceArn": topic.topic_arn}}
        allow_service(keys.queue, "sns", this_topic, settings)
        subscribe(self, topic, self.queue, ingest.dead_letter_queue)
        bucket.notify(
            cast(
                "s3.IBucketNotificationDestination",
                # S3 may publish once everything here exists, the subscription included.
                _Destination(self, topic.topic_arn, s3.BucketNotificationDestinationType.TOPIC),
            )
        )


class ThroughEventBridge(Construct):
    """S3 sends all its events to EventBridge, where a rule selects those of objects for `ingest`.

    Events that EventBridge cannot deliver, or that `ingest` fails on, go to the dead-letter queue.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: Settings,
        *,
        keys: Keys,
        bucket: CataloguedBucket,
        ingest: IngestFunction,
    ) -> None:
        super().__init__(scope, id)
        rule = events.Rule(
            self,
            "Rule",
            description="Created, changed and deleted objects of the catalogued bucket",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=list(DETAIL_TYPES),
                detail={"bucket": {"name": [bucket.bucket.bucket_name]}},
            ),
        )
        # EventBridge drops events that match no rule.
        bucket.notify_event_bridge(ready=rule)
        # For the account: the rule needs the queue, the queue needs the key, and a condition on the
        # rule would be a cycle. The queue's own policy, by CDK, allows this rule only.
        allow_service(keys.queue, "events", THIS_ACCOUNT, settings)
        rule.add_target(ingest.rule_target())


class EventsQueue(Construct):
    """A queue that invokes `ingest` with up to 100 messages, those of one second at most.

    A message that failed 20 receives, which takes an hour at least, goes to the dead-letter queue;
    the rest of its batch does not. Throttling (the account's concurrency limit) also counts as a
    failed receive.
    """

    def __init__(
        self, scope: Construct, id: str, settings: Settings, keys: Keys, ingest: IngestFunction
    ) -> None:
        super().__init__(scope, id)
        self.queue = WorkQueue(
            self,
            "Queue",
            settings,
            keys=keys,
            dead_letter_queue=ingest.dead_letter_queue,
            visibility_timeout=visibility_timeout_for(ingest.timeout),
            max_receive_count=20,
        )
        ingest.allow_receive(self.queue)
        ingest.alias.add_event_source_mapping(
            "Events",
            event_source_arn=self.queue.queue_arn,
            batch_size=100,
            max_batching_window=cdk.Duration.seconds(1),
            report_batch_item_failures=True,
        )


@jsii.implements(s3.IBucketNotificationDestination)
class _Destination:
    """A destination whose policies exist already; CDK's own destinations would add broader ones.

    The notification is set after `needed` and all below it, because S3 tests a destination at once.
    """

    def __init__(
        self, needed: IConstruct, arn: str, type: s3.BucketNotificationDestinationType
    ) -> None:
        self._config = s3.BucketNotificationDestinationConfig(
            arn=arn, type=type, dependencies=[needed]
        )

    def bind(
        self, _scope: Construct, _bucket: s3.IBucket
    ) -> s3.BucketNotificationDestinationConfig:
        return self._config
