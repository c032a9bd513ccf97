"""Buckets for evidence: the trail, and the configuration history."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from ..constructs.secure_bucket import SecureBucket
from ..settings.settings import Settings


def evidence_bucket(
    scope: Construct, id: str, settings: Settings, key: kms.IKey, *, locked: bool
) -> SecureBucket:
    """Return a bucket under `key` whose objects expire after the retention period of logs.

    With `locked`, object lock protects them until then: in production in compliance mode, so that
    not even the root user can delete them; in a sandbox in governance mode, so that principals with
    s3:BypassGovernanceRetention can. The bucket outlives its stack.
    """
    production = settings.stage == "production"
    kept = cdk.Duration.days(365 if production else 30)
    lock = None
    if locked:
        lock = (
            s3.ObjectLockRetention.compliance(kept)
            if production
            else s3.ObjectLockRetention.governance(kept)
        )
    return SecureBucket(
        scope,
        id,
        settings,
        key=key,
        # With a bucket key, CloudTrail needs kms:Decrypt as well, and the encryption context names
        # the bucket instead of the trail. CloudTrail User Guide, "Configure KMS key policies".
        bucket_key=not locked,
        versioned=True,
        lock=lock,
        lifecycle_rules=[
            s3.LifecycleRule(
                id="forget",
                # A day after the lock ends.
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
