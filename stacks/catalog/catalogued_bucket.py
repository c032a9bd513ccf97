"""The catalogued bucket."""

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct, IConstruct

from ..constructs.log_group import EncryptedLogGroup
from ..constructs.secure_bucket import SecureBucket
from ..settings.settings import Settings

EVENTS = [
    s3.EventType.OBJECT_CREATED,
    s3.EventType.OBJECT_REMOVED,
    s3.EventType.LIFECYCLE_EXPIRATION,
]
"""Every event that creates, changes or removes an object."""

_HANDLER = "BucketNotificationsHandler050a0587b7544547bf325f094a3db834"
"""The construct id of CDK's function that sets bucket notifications; each stack has one."""


class CataloguedBucket(Construct):
    """A versioned bucket under the customer managed key `key`, as `SecureBucket` describes.

    Noncurrent versions expire after 30 days, incomplete multipart uploads after 7.
    """

    def __init__(self, scope: Construct, id: str, settings: Settings, key: kms.IKey) -> None:
        super().__init__(scope, id)
        notifier = iam.Role(
            self, "Notifier", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")
        )
        self.bucket = SecureBucket(
            self,
            "Bucket",
            key=key,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="forget-superseded-versions",
                    noncurrent_version_expiration=cdk.Duration.days(30),
                    expired_object_delete_marker=True,
                ),
                s3.LifecycleRule(
                    id="abort-abandoned-uploads",
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(7),
                ),
            ],
            removal_policy=settings.removal_policy,
            empty_on_destroy=(
                settings.stage == "sandbox" and not settings.limits.no_bucket_emptying
            ),
            # CDK would allow its function to configure every bucket and to write to any log.
            notifier=notifier.without_policy_updates(),
        )
        self._notifier_logs = EncryptedLogGroup(self, "NotifierLogs", settings, key)
        for statement in (
            iam.PolicyStatement(
                actions=["s3:PutBucketNotification"], resources=[self.bucket.bucket_arn]
            ),
            self._notifier_logs.write_statement(),
        ):
            notifier.add_to_policy(statement)

    def notify(self, destination: s3.IBucketNotificationDestination) -> None:
        """Send each of `EVENTS` to `destination`."""
        for kind in EVENTS:
            self.bucket.add_event_notification(kind, destination)
        self._keep_notifier_logs()

    def notify_event_bridge(self, ready: IConstruct) -> None:
        """Send all events of the bucket to EventBridge, once `ready` exists."""
        self.bucket.enable_event_bridge_notification()
        self.bucket.node.find_child("Notifications").node.add_dependency(ready)
        self._keep_notifier_logs()

    def _keep_notifier_logs(self) -> None:
        # CDK creates the function with the first notification, and has no parameter for its logs.
        handler = cast(
            "cdk.CfnResource", cdk.Stack.of(self).node.find_child(_HANDLER).node.default_child
        )
        handler.add_property_override("LoggingConfig.LogGroup", self._notifier_logs.log_group_name)
