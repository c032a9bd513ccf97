"""The launch role: Service Catalog creates, updates and deletes products with it.

A person who launches a product needs none of these permissions. They are those that the handlers of
CloudFormation's resource types declare, for the types in the product, less what it does not use;
tests/stacks/test_portfolio.py compares the two. Service Catalog names the stacks of products
`SC-<account>-pp-...`, and CloudFormation names resources after their stacks: so permissions on
resources with names are for these names only.

No permission removes data: buckets, tables, keys, logs and queues outlive the product.
"""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from reinventure.contract import product_stack

from ..constructs.service_principal import for_this_account

_STACK = product_stack(cdk.Aws.ACCOUNT_ID, "*")
_BUCKET = f"sc-{cdk.Aws.ACCOUNT_ID}-pp-*"
"""Like the stack, in lower case."""

_BY_CLOUDFORMATION = {"ForAnyValue:StringEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"}}
"""For resources without a name of ours. Not by tag: in KMS a new tag takes minutes to apply."""

_ON_STACKS = [
    "cloudformation:CreateStack",
    "cloudformation:DeleteStack",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStacks",
    "cloudformation:SetStackPolicy",
    "cloudformation:TagResource",
    "cloudformation:UntagResource",
    "cloudformation:UpdateStack",
]
_ON_BUCKETS = [
    "s3:CreateBucket",
    "s3:DeleteBucketPolicy",
    "s3:GetAccelerateConfiguration",
    "s3:GetAnalyticsConfiguration",
    "s3:GetBucketAbac",
    "s3:GetBucketAcl",
    "s3:GetBucketCORS",
    "s3:GetBucketLogging",
    "s3:GetBucketMetadataTableConfiguration",
    "s3:GetBucketNotification",
    "s3:GetBucketObjectLockConfiguration",
    "s3:GetBucketOwnershipControls",
    "s3:GetBucketPolicy",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketTagging",
    "s3:GetBucketVersioning",
    "s3:GetBucketWebsite",
    "s3:GetEncryptionConfiguration",
    "s3:GetIntelligentTieringConfiguration",
    "s3:GetInventoryConfiguration",
    "s3:GetLifecycleConfiguration",
    "s3:GetMetricsConfiguration",
    "s3:GetReplicationConfiguration",
    "s3:ListTagsForResource",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketTagging",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:TagResource",
    "s3:UntagResource",
]
_ON_TABLES = [
    "dynamodb:CreateTable",
    "dynamodb:DescribeContinuousBackups",
    "dynamodb:DescribeContributorInsights",
    "dynamodb:DescribeKinesisStreamingDestination",
    "dynamodb:DescribeTable",
    "dynamodb:DescribeTimeToLive",
    "dynamodb:GetResourcePolicy",
    "dynamodb:ListTagsOfResource",
    "dynamodb:TagResource",
    "dynamodb:UntagResource",
    "dynamodb:UpdateContinuousBackups",
    "dynamodb:UpdateTable",
    "dynamodb:UpdateTimeToLive",
]
_ON_FUNCTIONS = [
    "lambda:AddPermission",
    "lambda:CreateAlias",
    "lambda:CreateFunction",
    "lambda:DeleteAlias",
    "lambda:DeleteFunction",
    "lambda:DeleteFunctionEventInvokeConfig",
    "lambda:GetAlias",
    "lambda:GetFunction",
    "lambda:GetFunctionCodeSigningConfig",
    "lambda:GetFunctionConfiguration",
    "lambda:GetFunctionEventInvokeConfig",
    "lambda:GetFunctionRecursionConfig",
    "lambda:GetFunctionScalingConfig",
    "lambda:GetPolicy",
    "lambda:GetProvisionedConcurrencyConfig",
    "lambda:GetRuntimeManagementConfig",
    # The function that sets the bucket's notifications is called while the product is launched.
    "lambda:InvokeFunction",
    "lambda:ListTags",
    "lambda:ListVersionsByFunction",
    "lambda:PublishVersion",
    "lambda:PutFunctionEventInvokeConfig",
    "lambda:RemovePermission",
    "lambda:TagResource",
    "lambda:UntagResource",
    "lambda:UpdateAlias",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "lambda:UpdateFunctionEventInvokeConfig",
]
_ON_MAPPINGS = [
    "lambda:CreateEventSourceMapping",
    "lambda:DeleteEventSourceMapping",
    "lambda:GetEventSourceMapping",
    "lambda:UpdateEventSourceMapping",
]
_ON_TAGS_OF_MAPPINGS = ["lambda:ListTags", "lambda:TagResource", "lambda:UntagResource"]
_ON_ROLES = [
    "iam:CreateRole",
    "iam:DeleteRole",
    "iam:DeleteRolePolicy",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
    "iam:PutRolePolicy",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
]
_ON_POLICIES = [
    "iam:CreatePolicy",
    "iam:CreatePolicyVersion",
    "iam:DeletePolicy",
    "iam:DeletePolicyVersion",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:ListEntitiesForPolicy",
    "iam:ListPolicyVersions",
]
"""On managed policies. It may not attach one."""
_ON_LOG_GROUPS = [
    "logs:AssociateKmsKey",
    "logs:CreateLogGroup",
    "logs:DeleteRetentionPolicy",
    "logs:DescribeIndexPolicies",
    "logs:GetDataProtectionPolicy",
    "logs:ListTagsForResource",
    "logs:PutRetentionPolicy",
    "logs:TagResource",
    "logs:UntagResource",
]
_ON_TOPICS = [
    "sns:CreateTopic",
    "sns:DeleteTopic",
    "sns:GetDataProtectionPolicy",
    "sns:GetTopicAttributes",
    "sns:ListSubscriptionsByTopic",
    "sns:ListTagsForResource",
    "sns:SetTopicAttributes",
    "sns:TagResource",
    "sns:UntagResource",
]
_ON_ALARMS = [
    "cloudwatch:DeleteAlarms",
    "cloudwatch:ListTagsForResource",
    "cloudwatch:PutMetricAlarm",
    "cloudwatch:TagResource",
    "cloudwatch:UntagResource",
]
_ON_QUEUES = [
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:CreateQueue",
    "sqs:ListQueueTags",
    "sqs:SetQueueAttributes",
    "sqs:TagQueue",
    "sqs:UntagQueue",
]
_ON_KEYS = [
    "kms:DescribeKey",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateKeyDescription",
    # DynamoDB and Lambda use the key with the permissions of the table's or function's creator.
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
]
_WITHOUT_RESOURCES = [
    "cloudformation:GetTemplateSummary",
    "cloudformation:ValidateTemplate",
    "kms:CreateKey",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
]
"""Actions without resources: "*" is the only one that they accept."""


class LaunchRole(iam.Role):
    """The launch role. Only Service Catalog may assume it, for users of this account."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(
            scope,
            id,
            assumed_by=for_this_account("servicecatalog"),
            description="Creates, updates and deletes products: buckets with catalogs",
            inline_policies={"launch": iam.PolicyDocument(statements=_statements())},
        )


def _statements() -> list[iam.PolicyStatement]:
    functions = _named("lambda", f"function:{_STACK}")
    code = f"cdk-{cdk.DefaultStackSynthesizer.DEFAULT_QUALIFIER}-assets"
    return [
        _allow(_ON_STACKS, _named("cloudformation", f"stack/{_STACK}")),
        _allow(_ON_BUCKETS, f"arn:{cdk.Aws.PARTITION}:s3:::{_BUCKET}"),
        _allow(_ON_TABLES, _named("dynamodb", f"table/{_STACK}")),
        _allow(_ON_FUNCTIONS, functions),
        _allow(_ON_MAPPINGS, "*", {"ArnLike": {"lambda:FunctionArn": functions}}),
        # A mapping has no name of ours, and a request to tag it has no function as condition.
        _allow(_ON_TAGS_OF_MAPPINGS, _named("lambda", "event-source-mapping:*")),
        _allow(_ON_ROLES, _role()),
        _allow(_ON_POLICIES, f"arn:{cdk.Aws.PARTITION}:iam::{cdk.Aws.ACCOUNT_ID}:policy/{_STACK}"),
        _allow(
            ["iam:PassRole"],
            _role(),
            {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
        ),
        _allow(_ON_LOG_GROUPS, _named("logs", f"log-group:{_STACK}")),
        _allow(_ON_TOPICS, _named("sns", _STACK)),
        _allow(_ON_ALARMS, _named("cloudwatch", f"alarm:{_STACK}")),
        # CloudWatch checks this permission against all alarms, whatever the request names.
        _allow(["cloudwatch:DescribeAlarms"], _named("cloudwatch", "alarm:*"), _BY_CLOUDFORMATION),
        _allow(_ON_QUEUES, _named("sqs", _STACK)),
        _allow(_ON_KEYS, _named("kms", "key/*"), _BY_CLOUDFORMATION),
        _allow(_WITHOUT_RESOURCES, "*"),
        # The code is in CDK's bucket of assets, the template in a bucket of Service Catalog.
        _allow(
            ["s3:GetObject"],
            f"arn:{cdk.Aws.PARTITION}:s3:::{code}-{cdk.Aws.ACCOUNT_ID}-{cdk.Aws.REGION}/*.zip",
        ),
        _allow(
            ["s3:GetObject"],
            "*",
            {"StringEquals": {"s3:ExistingObjectTag/servicecatalog:provisioning": "true"}},
        ),
    ]


def _allow(
    actions: list[str], resource: str, conditions: Mapping[str, object] | None = None
) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=actions, resources=[resource], conditions=conditions)


def _named(service: str, resource: str) -> str:
    where = f"{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}"
    return f"arn:{cdk.Aws.PARTITION}:{service}:{where}:{resource}"


def _role() -> str:
    return f"arn:{cdk.Aws.PARTITION}:iam::{cdk.Aws.ACCOUNT_ID}:role/{_STACK}"
