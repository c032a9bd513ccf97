"""The bucket of the artifacts that the pipeline's stages pass on."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from ..constructs.keys import use_through
from ..constructs.secure_bucket import SecureBucket
from ..settings.settings import Settings

KEY_ACTIONS = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
"""Actions on the pipeline's key to read and to write artifacts."""

_KEEP = cdk.Duration.days(30)


class Artifacts(SecureBucket):
    """A versioned bucket under `key`: a replaced artifact can be compared with the one deployed.

    Artifacts expire after 30 days, their noncurrent versions 30 days later.
    """

    def __init__(self, scope: Construct, id: str, settings: Settings, key: kms.Key) -> None:
        super().__init__(
            scope,
            id,
            settings,
            key=key,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="forget-artifacts",
                    expiration=_KEEP,
                    noncurrent_version_expiration=_KEEP,
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
                )
            ],
            removal_policy=cdk.RemovalPolicy.DESTROY,
            empty_on_destroy=True,
        )
        self._key = key

    def permissions(self, *, write: bool) -> list[iam.PolicyStatement]:
        """Return the permissions to read artifacts, and with `write` to write them."""
        return [
            iam.PolicyStatement(
                actions=[
                    "s3:GetObject",
                    "s3:GetObjectVersion",
                    *(["s3:PutObject"] if write else []),
                ],
                resources=[self.arn_for_objects("*")],
            ),
            iam.PolicyStatement(
                actions=["s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"],
                resources=[self.bucket_arn],
            ),
            use_through(self._key, "s3", *KEY_ACTIONS),
        ]
