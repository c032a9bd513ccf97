"""AWS Config's recorder: the configuration history of this account and region."""

import aws_cdk as cdk
from aws_cdk import aws_config as config
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from ..constructs.keys import use_through
from ..constructs.service_principal import for_this_account
from ..settings.settings import Settings
from .controls import CONTROLS
from .evidence_bucket import evidence_bucket

_NOT_RECORDED = {"AWS::Logs::LogGroup"}
"""Types that Config cannot record; its managed rules evaluate them periodically."""


class ConfigRecorder(Construct):
    """The recorder of the resource types of `CONTROLS`, and the bucket of its delivery channel.

    An account has one recorder and one delivery channel per region. Neither may depend on the
    other: CloudFormation starts the recorder once the channel exists.
    """

    def __init__(self, scope: Construct, id: str, settings: Settings, key: kms.Key) -> None:
        super().__init__(scope, id)
        # Config cannot deliver to a bucket with default object lock.
        bucket = evidence_bucket(self, "History", settings, key, locked=False)
        role = iam.Role(
            self,
            "Role",
            assumed_by=for_this_account("config"),
            # The long list of what Config reads, which AWS keeps up to date.
            managed_policies=[
                iam.ManagedPolicy.from_aws_managed_policy_name("service-role/AWS_ConfigRole")
            ],
            inline_policies={
                "deliver": iam.PolicyDocument(statements=_deliver_statements(bucket, key))
            },
        )
        self.parts = [
            config.CfnConfigurationRecorder(
                self,
                "Recorder",
                role_arn=role.role_arn,
                recording_group=config.CfnConfigurationRecorder.RecordingGroupProperty(
                    all_supported=False,
                    include_global_resource_types=False,
                    resource_types=sorted({p.resource_type for p in CONTROLS} - _NOT_RECORDED),
                ),
            ),
            config.CfnDeliveryChannel(
                self,
                "Channel",
                s3_bucket_name=bucket.bucket_name,
                s3_kms_key_arn=key.key_arn,
            ),
        ]


def _deliver_statements(bucket: s3.IBucket, key: kms.IKey) -> list[iam.PolicyStatement]:
    return [
        iam.PolicyStatement(
            actions=["s3:GetBucketAcl", "s3:ListBucket"], resources=[bucket.bucket_arn]
        ),
        # Config sets this ACL with each object ("Permissions for the IAM Role Assigned to AWS
        # Config", AWS Config Developer Guide).
        iam.PolicyStatement(
            actions=["s3:PutObject", "s3:PutObjectAcl"],
            resources=[bucket.arn_for_objects(f"AWSLogs/{cdk.Aws.ACCOUNT_ID}/Config/*")],
            conditions={"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}},
        ),
        use_through(key, "s3", "kms:Decrypt", "kms:GenerateDataKey"),
    ]
