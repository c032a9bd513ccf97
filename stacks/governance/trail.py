"""The CloudTrail trail, which records each use of a customer managed key."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudtrail as cloudtrail
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from ..settings.settings import Settings
from .evidence_bucket import evidence_bucket


class Trail(Construct):
    """The management events of all regions, in a bucket with object lock under the key `key`.

    They include those of KMS: the use of a key is a management event. `objects` adds the calls on
    objects whose ARNs begin with one of these: who read, wrote or deleted which one. Each hour
    CloudTrail signs a digest of its files, which `aws cloudtrail validate-logs` checks.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: Settings,
        *,
        key: kms.Key,
        objects: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, id)
        self.bucket = evidence_bucket(self, "Bucket", settings, key, locked=True)
        stack = cdk.Stack.of(self)
        name = f"{stack.stack_name}-trail"
        # By its name: the policies must exist before the trail, and are for this trail only.
        arn = stack.format_arn(service="cloudtrail", resource="trail", resource_name=name)
        cloud_trail = iam.ServicePrincipal("cloudtrail.amazonaws.com")
        this_trail = {"StringEquals": {"aws:SourceArn": arn}}
        for statement in (
            iam.PolicyStatement(
                sid="LetTrailLook",
                principals=[cloud_trail],
                actions=["s3:GetBucketAcl"],
                resources=[self.bucket.bucket_arn],
                conditions=this_trail,
            ),
            iam.PolicyStatement(
                sid="LetTrailWrite",
                principals=[cloud_trail],
                actions=["s3:PutObject"],
                resources=[self.bucket.arn_for_objects(f"AWSLogs/{cdk.Aws.ACCOUNT_ID}/*")],
                conditions={
                    "StringEquals": {
                        "aws:SourceArn": arn,
                        "s3:x-amz-acl": "bucket-owner-full-control",
                    }
                },
            ),
        ):
            self.bucket.add_to_resource_policy(statement)
        for statement in (
            iam.PolicyStatement(
                sid="LetTrailEncrypt",
                principals=[cloud_trail],
                actions=["kms:GenerateDataKey*"],
                resources=["*"],
                conditions={
                    **this_trail,
                    "StringLike": {
                        "kms:EncryptionContext:aws:cloudtrail:arn": stack.format_arn(
                            service="cloudtrail",
                            region="*",
                            resource="trail",
                            resource_name="*",
                        )
                    },
                },
            ),
            iam.PolicyStatement(
                sid="LetTrailFindKey",
                principals=[cloud_trail],
                actions=["kms:DescribeKey"],
                resources=["*"],
                conditions=this_trail,
            ),
        ):
            key.add_to_resource_policy(statement)
        trail = cloudtrail.CfnTrail(
            self,
            "Trail",
            trail_name=name,
            is_logging=True,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            kms_key_id=key.key_arn,
            s3_bucket_name=self.bucket.bucket_name,
            event_selectors=[
                cloudtrail.CfnTrail.EventSelectorProperty(
                    include_management_events=True,
                    read_write_type="All",
                    exclude_management_event_sources=[],
                    data_resources=_objects(objects),
                )
            ],
        )
        trail.node.add_dependency(self.bucket)


def _objects(prefixes: Sequence[str]) -> list[cloudtrail.CfnTrail.DataResourceProperty] | None:
    if not prefixes:
        return None
    return [cloudtrail.CfnTrail.DataResourceProperty(type="AWS::S3::Object", values=list(prefixes))]
