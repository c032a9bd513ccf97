"""Buckets: under a customer managed key, TLS only, public access blocked."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct


class SecureBucket(s3.Bucket):
    """A bucket under the customer managed key `key`.

    Its policy denies requests without TLS 1.2, public access is blocked, and the bucket's owner
    owns every object. `bucket_key`: S3 asks KMS once for many objects. `lock` is how long, and in
    which mode, a version can neither be overwritten nor deleted. `empty_on_destroy` needs
    `removal_policy` DESTROY. `notifier` is the role of the function that sets its notifications.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
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
