"""The catalogued bucket."""

from collections.abc import Mapping
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
    s3.EventType.LIFECYCLE_TRANSITION,
    s3.EventType.INTELLIGENT_TIERING,
    s3.EventType.OBJECT_RESTORE,
]
"""Every event that creates, changes or removes an object, or changes how it is stored."""

EVENT_BRIDGE_TYPES = [
    "Object Created",
    "Object Deleted",
    "Object Storage Class Changed",
    "Object Access Tier Changed",
    "Object Restore Initiated",
    "Object Restore Completed",
    "Object Restore Expired",
]
"""The same by EventBridge. Deletions by lifecycle rules are "Object Deleted" as well."""

_MAX_SUPERSEDED = 100
"""Noncurrent versions of an object that S3 keeps, however young. It is the maximum of
`NewerNoncurrentVersions`."""

_HANDLER = "BucketNotificationsHandler050a0587b7544547bf325f094a3db834"
"""The construct id of CDK's function that sets bucket notifications; each stack has one."""


class CataloguedBucket(Construct):
    """A versioned bucket under the customer managed key `key`, as `SecureBucket` describes.

    Every new object is under `key`: an upload names no encryption, or `aws:kms` with this key.
    Noncurrent versions expire after 30 days, and after one if there are `_MAX_SUPERSEDED` newer
    ones; incomplete multipart uploads after 7.
    """

    def __init__(self, scope: Construct, id: str, settings: Settings, key: kms.IKey) -> None:
        super().__init__(scope, id)
        notifier = iam.Role(
            self, "Notifier", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")
        )
        self.bucket = SecureBucket(
            self,
            "Bucket",
            settings,
            key=key,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="forget-superseded-versions",
                    noncurrent_version_expiration=cdk.Duration.days(30),
                    expired_object_delete_marker=True,
                ),
                # A rule of its own: a version expires by either rule. With both limits in one rule,
                # it would have to exceed both.
                s3.LifecycleRule(
                    id="bound-superseded-versions",
                    noncurrent_version_expiration=cdk.Duration.days(1),
                    noncurrent_versions_to_retain=_MAX_SUPERSEDED,
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
        for statement in _only_under(key, self.bucket):
            self.bucket.add_to_resource_policy(statement)
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


def _only_under(key: kms.IKey, bucket: s3.IBucket) -> list[iam.PolicyStatement]:
    """Return the statements that deny objects of `bucket` under any key but `key`.

    An upload without encryption headers gets the bucket's default, which is `key`. Otherwise both
    headers are needed: `aws:kms` alone would be the AWS managed key of the uploader's account. A
    condition that negates also holds for a header that is missing. S3 gives the key's ARN to the
    condition ("Using server-side encryption with AWS KMS keys", S3 User Guide). The key's id is
    accepted as well, which no other key has; an alias is not, because each account may give it to a
    key of its own.
    """
    algorithm = "s3:x-amz-server-side-encryption"
    key_id = "s3:x-amz-server-side-encryption-aws-kms-key-id"

    def deny(sid: str, action: str, conditions: Mapping[str, object]) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            sid=sid,
            effect=iam.Effect.DENY,
            principals=[iam.AnyPrincipal()],
            actions=[action],
            resources=[bucket.arn_for_objects("*")],
            conditions=conditions,
        )

    return [
        deny(
            "DenyOtherAlgorithms",
            "s3:PutObject",
            {"Null": {key_id: "false"}, "StringNotEquals": {algorithm: "aws:kms"}},
        ),
        deny(
            "DenyOtherKeys",
            "s3:PutObject",
            {
                "Null": {algorithm: "false"},
                "StringNotEquals": {key_id: [key.key_arn, key.key_id]},
            },
        ),
        # It changes the key of a stored object, and has no condition key for the new one.
        deny("DenyChangeOfKey", "s3:UpdateObjectEncryption", {}),
    ]
