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
class Control:
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


CONTROLS = (
    Control(
        "bucket_under_customer_key",
        "Objects are under a customer key",
        "AWS::S3::Bucket",
        "S3_DEFAULT_ENCRYPTION_KMS",
    ),
    Control(
        "bucket_takes_tls_only",
        "Objects are read and written by TLS only",
        "AWS::S3::Bucket",
        "S3_BUCKET_SSL_REQUESTS_ONLY",
    ),
    Control(
        "bucket_closed_to_the_public",
        "No bucket can be opened to the public",
        "AWS::S3::Bucket",
        "S3_BUCKET_LEVEL_PUBLIC_ACCESS_PROHIBITED",
    ),
    Control(
        "table_under_customer_key",
        "Rows are under a customer key",
        "AWS::DynamoDB::Table",
        "DYNAMODB_TABLE_ENCRYPTED_KMS",
    ),
    Control(
        "table_can_be_set_back",
        "A table can be set back to any second of the last 35 days",
        "AWS::DynamoDB::Table",
        "DYNAMODB_PITR_ENABLED",
    ),
    # Config's own rules take a key of AWS for good, or do not look at queues and settings at all.
    Control(
        "queue_under_customer_key",
        "Messages that wait are under a customer key",
        "AWS::SQS::Queue",
        SAME_TEXT,
    ),
    Control(
        "topic_under_customer_key",
        "Messages that are published are under a customer key",
        "AWS::SNS::Topic",
        SAME_TEXT,
    ),
    Control(
        "stream_under_customer_key",
        "Records of a stream are under a customer key",
        "AWS::Kinesis::Stream",
        SAME_TEXT,
    ),
    Control(
        "function_settings_under_customer_key",
        "The settings of functions are under a customer key",
        "AWS::Lambda::Function",
        SAME_TEXT,
    ),
    Control(
        "trail_encrypted_and_sealed",
        "What a trail records is under a customer key, and cannot be changed unnoticed",
        "AWS::CloudTrail::Trail",
        SAME_TEXT,
    ),
    # Config does not tell the policies of queues and topics.
    Control(
        "messages_take_tls_only",
        "Messages are sent, received and published by TLS only",
        "AWS::SQS::Queue",
        None,
    ),
    Control(
        "function_closed_to_the_public",
        "No function can be called by the public",
        "AWS::Lambda::Function",
        "LAMBDA_FUNCTION_PUBLIC_ACCESS_PROHIBITED",
    ),
    Control(
        "logs_under_customer_key",
        "Logs are under a customer key",
        "AWS::Logs::LogGroup",
        "CLOUDWATCH_LOG_GROUP_ENCRYPTED",
    ),
    Control(
        "key_rotates",
        "Customer keys rotate",
        "AWS::KMS::Key",
        "CMK_BACKING_KEY_ROTATION_ENABLED",
    ),
    Control(
        "key_is_kept",
        "No customer key is about to be deleted",
        "AWS::KMS::Key",
        "KMS_CMK_NOT_SCHEDULED_FOR_DELETION",
        before=False,
    ),
    Control("volume_encrypted", "Volumes are encrypted", "AWS::EC2::Volume", "ENCRYPTED_VOLUMES"),
    Control(
        "database_encrypted",
        "Databases are encrypted",
        "AWS::RDS::DBCluster",
        "RDS_CLUSTER_ENCRYPTED_AT_REST",
    ),
    Control(
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
                cdk.ValidationRuleSource(name=control.name, content=control.rule)
                for control in CONTROLS
                if control.before
            ]
        )
    )
