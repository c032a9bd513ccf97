"""Buckets: under a customer managed key, TLS only, public access blocked."""

from collections.abc import Sequence
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from ..settings.settings import Settings
from .log_group import EncryptedLogGroup

_EMPTYING = "Custom::S3AutoDeleteObjectsCustomResourceProvider"
"""The construct id of CDK's function that empties buckets; each stack has one."""


class SecureBucket(s3.Bucket):
    """A bucket under the customer managed key `key`.

    Its policy denies requests without TLS 1.2, public access is blocked, the bucket's owner owns
    every object, and an uploader cannot bring a key (SSE-C). `bucket_key`: S3 asks KMS once for
    many objects. `lock` is how long, and in which mode, a version can neither be overwritten nor
    deleted. `empty_on_destroy` needs `removal_policy` DESTROY, and is for one bucket of a stack.
    `notifier` is the role of the function that sets its notifications.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: Settings,
        *,
        key: kms.IKey,
        lifecycle_rules: Sequence[s3.LifecycleRule],
        removal_policy: cdk.RemovalPolicy,
        empty_on_destroy: bool = False,
        versioned: bool = False,
        bucket_key: bool = True,
        lock: s3.ObjectLockRetention | None = None,
        notifier: iam.IRole | None = None,
    ) -> None:
        super().__init__(
            scope,
            id,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=bucket_key,
            blocked_encryption_types=[s3.BlockedEncryptionType.SSE_C],
            versioned=versioned,
            object_lock_enabled=True if lock else None,
            object_lock_default_retention=lock,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=lifecycle_rules,
            removal_policy=removal_policy,
            auto_delete_objects=empty_on_destroy,
            notifications_handler_role=notifier,
        )
        if empty_on_destroy:
            self._own_logs_of_emptying(settings, key)

    def _own_logs_of_emptying(self, settings: Settings, key: kms.IKey) -> None:
        """Give CDK's function that empties the bucket a log group of the stack.

        Lambda would create one that outlives the stack. So its role allows this one only, not
        CDK's policy, which allows to create any.
        """
        logs = EncryptedLogGroup(self, "EmptyingLogs", settings, key)
        provider = cdk.Stack.of(self).node.find_child(_EMPTYING)
        function = cast("cdk.CfnResource", provider.node.find_child("Handler"))
        function.add_property_override("LoggingConfig.LogGroup", logs.log_group_name)
        role = cast("cdk.CfnResource", provider.node.find_child("Role"))
        role.add_property_deletion_override("ManagedPolicyArns")
        policy = iam.PolicyDocument(statements=[logs.write_statement()])
        role.add_property_override(
            "Policies", [{"PolicyName": "rights", "PolicyDocument": policy.to_json()}]
        )
