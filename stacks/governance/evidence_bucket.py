"""Buckets for what must be there when it is asked for: what happened, and what was deployed."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from ..settings.settings import Settings


def evidence_bucket(
    scope: Construct, id: str, settings: Settings, key: kms.IKey, *, locked: bool
) -> s3.Bucket:
    """Return a bucket under `key`, TLS only, that keeps what it gets for as long as logs are kept.

    If it is `locked`, nothing can be overwritten or deleted before: by nobody at all in production
    (compliance mode), so that whoever takes over the account cannot remove the traces; in a sandbox
    by those who may s3:BypassGovernanceRetention, so that it can be cleaned up. It outlives its
    stack.
    """
    production = settings.stage == "production"
    kept = cdk.Duration.days(365 if production else 30)
    retention = None
    if locked:
        retention = (
            s3.ObjectLockRetention.compliance(kept)
            if production
            else s3.ObjectLockRetention.governance(kept)
        )
    return s3.Bucket(
        scope,
        id,
        encryption=s3.BucketEncryption.KMS,
        encryption_key=key,
        # With a bucket key CloudTrail would need to decrypt as well, and KMS would be told of the
        # bucket instead of the trail. CloudTrail User Guide, "Configure KMS key policies".
        bucket_key_enabled=not locked,
        versioned=True,
        object_lock_enabled=locked or None,
        object_lock_default_retention=retention,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        lifecycle_rules=[
            s3.LifecycleRule(
                id="forget",
                # A day later than the lock ends.
                expiration=kept.plus(cdk.Duration.days(1)),
                noncurrent_version_expiration=cdk.Duration.days(1),
            ),
            s3.LifecycleRule(
                id="abort-abandoned-uploads",
                abort_incomplete_multipart_upload_after=cdk.Duration.days(7),
            ),
        ],
        removal_policy=cdk.RemovalPolicy.RETAIN,
    )
