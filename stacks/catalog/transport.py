"""The ways from S3 to `ingest`, one of which is deployed.

CDK would let S3, SNS and EventBridge use a key without saying for whom, and send to a queue for any
account. So the policies are written out here: which service may send what, for whose sake.
"""

from typing import cast

import aws_cdk as cdk
import jsii
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_notifications as notifications
from aws_cdk import aws_sns as sns
from constructs import Construct, IConstruct

from ..constructs.keys import Keys, let_service_use
from ..constructs.queues import WorkQueue, let_send, subscribe, visibility_of
from ..settings.settings import Settings
from .catalogued_bucket import CataloguedBucket
from .ingest_function import IngestFunction

_THIS_ACCOUNT = {"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}}


def connect(
    scope: Construct,
    settings: Settings,
    keys: Keys,
    bucket: CataloguedBucket,
    ingest: IngestFunction,
) -> None:
    """Have the events of `bucket` reach `ingest` by the transport that `settings` choose.

    Always its alias, not the function: what is called can then be shifted between versions.
    """
    match settings.transport:
        case "lambda":
            bucket.notify(notifications.LambdaDestination(ingest.alias))
        case "sqs":
            ThroughQueue(scope, "Transport", settings, keys=keys, bucket=bucket, ingest=ingest)
        case "sns":
            ThroughTopic(scope, "Transport", settings, keys=keys, bucket=bucket, ingest=ingest)
        case "eventbridge":
            ThroughEventBridge(scope, "Transport", keys=keys, bucket=bucket, ingest=ingest)


class ThroughQueue(Construct):
    """S3 sends to a queue, from which `ingest` takes up to 100 events at a time."""

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
        events_queue = EventsQueue(self, "Events", settings, keys=keys, ingest=ingest)
        this_bucket = {**_THIS_ACCOUNT, "ArnEquals": {"aws:SourceArn": bucket.bucket.bucket_arn}}
        let_send(events_queue.queue, "s3", this_bucket)
        let_service_use(keys.queue, "s3", this_bucket)
        bucket.notify(
            cast(
                "s3.IBucketNotificationDestination",
                _Prepared(
                    events_queue.queue,
                    events_queue.queue.queue_arn,
                    s3.BucketNotificationDestinationType.QUEUE,
                ),
            )
        )


class ThroughTopic(Construct):
    """S3 publishes to a topic, which others may subscribe to; ours is a queue as without a topic.

    The topic delivers what S3 wrote as it is. What it cannot deliver goes to the failure queue.
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
                    **_THIS_ACCOUNT,
                    "ArnEquals": {"aws:SourceArn": bucket.bucket.bucket_arn},
                },
            )
        )
        # Not for this bucket only: it is under the same key, which would then depend on it.
        let_service_use(keys.data, "s3", _THIS_ACCOUNT)

        events_queue = EventsQueue(self, "Events", settings, keys=keys, ingest=ingest)
        # The account is part of a topic's name, which is all that SNS is known to tell KMS.
        this_topic = {"ArnEquals": {"aws:SourceArn": topic.topic_arn}}
        let_service_use(keys.queue, "sns", this_topic)
        subscribe(self, topic, events_queue.queue, ingest.failures)
        bucket.notify(
            cast(
                "s3.IBucketNotificationDestination",
                # Once it publishes, there must be somebody who gets it.
                _Prepared(self, topic.topic_arn, s3.BucketNotificationDestinationType.TOPIC),
            )
        )


class ThroughEventBridge(Construct):
    """S3 sends all its events to EventBridge, where a rule picks those that `ingest` is to see.

    What EventBridge cannot deliver goes to the failure queue; what `ingest` fails to do, as well.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        keys: Keys,
        bucket: CataloguedBucket,
        ingest: IngestFunction,
    ) -> None:
        super().__init__(scope, id)
        rule = events.Rule(
            self,
            "Rule",
            description="Objects of the catalogued bucket that came to exist, changed or ceased",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                # Deletions by lifecycle rules are "Object Deleted" as well.
                detail_type=["Object Created", "Object Deleted"],
                detail={"bucket": {"name": [bucket.bucket.bucket_name]}},
            ),
        )
        # EventBridge forgets what no rule asks for.
        bucket.notify_event_bridge(ready=rule)
        # Not for this rule only: its target needs the queue, the queue the key, and the key would
        # need the rule. CDK has the queue itself accept this rule only.
        let_service_use(keys.queue, "events", _THIS_ACCOUNT)
        rule.add_target(
            targets.LambdaFunction(
                cast("lambda_.IFunction", ingest.alias), dead_letter_queue=ingest.failures
            )
        )


class EventsQueue(Construct):
    """A queue of which `ingest` gets 100 messages at a time, or as many as a second brings.

    A message that was taken 20 times in vain, for an hour at least, goes to the failure queue; the
    others of its batch do not. A function that may not run just now, as others have used up what
    the account may run at once, is such a time, too.
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
            failures=ingest.failures,
            visibility=visibility_of(ingest.timeout),
            tries=20,
        )
        ingest.let_receive(self.queue)
        ingest.alias.add_event_source_mapping(
            "Events",
            event_source_arn=self.queue.queue_arn,
            batch_size=100,
            max_batching_window=cdk.Duration.seconds(1),
            report_batch_item_failures=True,
        )


@jsii.implements(s3.IBucketNotificationDestination)
class _Prepared:
    """A destination with policies of its own; CDK's destinations would add broader ones.

    S3 is told of it when `needed` and all in it, policies too, are there: S3 tries it at once.
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
