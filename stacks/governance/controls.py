"""What is promised of everything that is deployed, and who checks it, before and afterwards.

Before: CDK evaluates the rule of guard/ against each template, and a broken one fails the synth.
Afterwards: AWS Config judges what is there, by a rule of its own or, where it has none that says as
much, by the very same text.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import aws_cdk as cdk

SAME_TEXT = "the rule of stacks/governance/guard/"
"""AWS Config is given the Guard rule: it says there what it means for a configuration item."""

_GUARD = Path(__file__).parent / "guard"


@dataclass(frozen=True)
class Promise:
    """A sentence that is true of every resource of CloudFormation type `kind`.

    `before`: whether CDK checks it, by the rule `name` of guard/. `afterwards`: what AWS
    Config checks it by: the identifier of a managed rule, or `SAME_TEXT`, or None if it cannot.
    """

    name: str
    says: str
    kind: str
    afterwards: str | None
    before: bool = True

    @property
    def rule(self) -> str:
        """The text of the Guard rule."""
        return (_GUARD / f"{self.name}.guard").read_text(encoding="utf-8")


PROMISES = (
    Promise(
        "bucket_under_customer_key",
        "Objects are under a customer key",
        "AWS::S3::Bucket",
        "S3_DEFAULT_ENCRYPTION_KMS",
    ),
    Promise(
        "bucket_takes_tls_only",
        "Objects are read and written by TLS only",
        "AWS::S3::Bucket",
        "S3_BUCKET_SSL_REQUESTS_ONLY",
    ),
    Promise(
        "bucket_closed_to_the_public",
        "No bucket can be opened to the public",
        "AWS::S3::Bucket",
        "S3_BUCKET_LEVEL_PUBLIC_ACCESS_PROHIBITED",
    ),
    Promise(
        "table_under_customer_key",
        "Rows are under a customer key",
        "AWS::DynamoDB::Table",
        "DYNAMODB_TABLE_ENCRYPTED_KMS",
    ),
    Promise(
        "table_can_be_set_back",
        "A table can be set back to any second of the last 35 days",
        "AWS::DynamoDB::Table",
        "DYNAMODB_PITR_ENABLED",
    ),
    # Config's own rules take a key of AWS for good, or do not look at queues and settings at all.
    Promise(
        "queue_under_customer_key",
        "Messages that wait are under a customer key",
        "AWS::SQS::Queue",
        SAME_TEXT,
    ),
    Promise(
        "topic_under_customer_key",
        "Messages that are published are under a customer key",
        "AWS::SNS::Topic",
        SAME_TEXT,
    ),
    Promise(
        "stream_under_customer_key",
        "Records of a stream are under a customer key",
        "AWS::Kinesis::Stream",
        SAME_TEXT,
    ),
    Promise(
        "function_settings_under_customer_key",
        "The settings of functions are under a customer key",
        "AWS::Lambda::Function",
        SAME_TEXT,
    ),
    Promise(
        "trail_encrypted_and_sealed",
        "What a trail records is under a customer key, and cannot be changed unnoticed",
        "AWS::CloudTrail::Trail",
        SAME_TEXT,
    ),
    # Config does not tell the policies of queues and topics.
    Promise(
        "messages_take_tls_only",
        "Messages are sent, received and published by TLS only",
        "AWS::SQS::Queue",
        None,
    ),
    Promise(
        "function_closed_to_the_public",
        "No function can be called by the public",
        "AWS::Lambda::Function",
        "LAMBDA_FUNCTION_PUBLIC_ACCESS_PROHIBITED",
    ),
    Promise(
        "logs_under_customer_key",
        "Logs are under a customer key",
        "AWS::Logs::LogGroup",
        "CLOUDWATCH_LOG_GROUP_ENCRYPTED",
    ),
    Promise(
        "key_rotates",
        "Customer keys rotate",
        "AWS::KMS::Key",
        "CMK_BACKING_KEY_ROTATION_ENABLED",
    ),
    Promise(
        "key_is_kept",
        "No customer key is about to be deleted",
        "AWS::KMS::Key",
        "KMS_CMK_NOT_SCHEDULED_FOR_DELETION",
        before=False,
    ),
    Promise("volume_encrypted", "Volumes are encrypted", "AWS::EC2::Volume", "ENCRYPTED_VOLUMES"),
    Promise(
        "database_encrypted",
        "Databases are encrypted",
        "AWS::RDS::DBCluster",
        "RDS_CLUSTER_ENCRYPTED_AT_REST",
    ),
    Promise(
        "secret_under_customer_key",
        "Secrets are under a customer key",
        "AWS::SecretsManager::Secret",
        "SECRETSMANAGER_USING_CMK",
    ),
)


def check_templates(app: cdk.App) -> None:
    """Have the synth of `app` fail if a template breaks a rule of CDK, or one of guard/.

    `CDK_VALIDATION=false` in the environment has CDK validate nothing; making the rules ready,
    which takes a second, is left out then as well.
    """
    if os.environ.get("CDK_VALIDATION") == "false":
        return
    cdk.Validations.of(app).add_plugins(
        cdk.CloudFormationValidatePlugin(
            guard_rules=[
                cdk.ValidationRuleSource(name=promise.name, content=promise.rule)
                for promise in PROMISES
                if promise.before
            ]
        )
    )
