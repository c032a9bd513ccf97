"""The controls: what holds for every resource of a type, checked at synth and after deployment.

At synth, the CDK evaluates the rule of guard/ against each template; a violation fails the synth.
After deployment, AWS Config evaluates the resources, with a managed rule or, where no managed rule
is as strict, with the same Guard text.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import aws_cdk as cdk

from .remaining_templates import RemainingTemplates

SAME_TEXT = "the rule of stacks/governance/guard/"
"""The Config rule has the Guard text, which has a part for configuration items as well."""

_GUARD = Path(__file__).parent / "guard"


@dataclass(frozen=True)
class Control:
    """What `description` says holds for every resource of CloudFormation type `resource_type`.

    `config_rule` is the identifier of a managed rule of AWS Config, or `SAME_TEXT`, or None if
    Config cannot check it. `at_synth` is whether the file `name` of guard/ checks templates.
    `deployed_as` is the name before 1.0. It stays in the logical id of the Config rule, and in the
    Guard text where Config has that text.
    """

    name: str
    description: str
    resource_type: str
    config_rule: str | None
    at_synth: bool = True
    deployed_as: str | None = None

    @property
    def rule(self) -> str:
        """The Guard text."""
        return (_GUARD / f"{self.name}.guard").read_text(encoding="utf-8")

    @property
    def rule_name(self) -> str:
        """The name of the rule in the Guard text."""
        if self.config_rule == SAME_TEXT:
            return self.deployed_as or self.name
        return self.name

    @property
    def construct_id(self) -> str:
        """The id of the Config rule's construct, on which its logical id depends."""
        return "".join(word.capitalize() for word in (self.deployed_as or self.name).split("_"))


CONTROLS = (
    Control(
        "bucket_customer_managed_key",
        "Buckets are encrypted with a customer managed key",
        "AWS::S3::Bucket",
        "S3_DEFAULT_ENCRYPTION_KMS",
        deployed_as="bucket_under_customer_key",
    ),
    Control(
        "bucket_tls_only",
        "Buckets deny requests without TLS",
        "AWS::S3::Bucket",
        "S3_BUCKET_SSL_REQUESTS_ONLY",
        deployed_as="bucket_takes_tls_only",
    ),
    Control(
        "bucket_public_access_blocked",
        "Buckets block public access",
        "AWS::S3::Bucket",
        "S3_BUCKET_LEVEL_PUBLIC_ACCESS_PROHIBITED",
        deployed_as="bucket_closed_to_the_public",
    ),
    Control(
        "table_customer_managed_key",
        "Tables are encrypted with a customer managed key",
        "AWS::DynamoDB::Table",
        "DYNAMODB_TABLE_ENCRYPTED_KMS",
        deployed_as="table_under_customer_key",
    ),
    Control(
        "table_point_in_time_recovery",
        "Tables have point-in-time recovery enabled",
        "AWS::DynamoDB::Table",
        "DYNAMODB_PITR_ENABLED",
        deployed_as="table_can_be_set_back",
    ),
    # Managed rules accept AWS keys for these types, or do not check queues and environments at all.
    Control(
        "queue_customer_managed_key",
        "Queues are encrypted with a customer managed key",
        "AWS::SQS::Queue",
        SAME_TEXT,
        deployed_as="queue_under_customer_key",
    ),
    Control(
        "topic_customer_managed_key",
        "Topics are encrypted with a customer managed key",
        "AWS::SNS::Topic",
        SAME_TEXT,
        deployed_as="topic_under_customer_key",
    ),
    Control(
        "stream_customer_managed_key",
        "Streams are encrypted with a customer managed key",
        "AWS::Kinesis::Stream",
        SAME_TEXT,
        deployed_as="stream_under_customer_key",
    ),
    Control(
        "function_environment_customer_managed_key",
        "Environments of functions are encrypted with a customer managed key",
        "AWS::Lambda::Function",
        SAME_TEXT,
        deployed_as="function_settings_under_customer_key",
    ),
    Control(
        "trail_encrypted_and_validated",
        "Trails are encrypted with a customer managed key, and have log file validation",
        "AWS::CloudTrail::Trail",
        SAME_TEXT,
        deployed_as="trail_encrypted_and_sealed",
    ),
    # Config does not record the policies of queues and topics.
    Control(
        "messages_tls_only",
        "Queues and topics deny requests without TLS",
        "AWS::SQS::Queue",
        None,
    ),
    Control(
        "function_public_access_blocked",
        "Functions allow no public invocation",
        "AWS::Lambda::Function",
        "LAMBDA_FUNCTION_PUBLIC_ACCESS_PROHIBITED",
        deployed_as="function_closed_to_the_public",
    ),
    Control(
        "log_group_customer_managed_key",
        "Log groups are encrypted with a customer managed key",
        "AWS::Logs::LogGroup",
        "CLOUDWATCH_LOG_GROUP_ENCRYPTED",
        deployed_as="logs_under_customer_key",
    ),
    Control(
        "key_rotation_enabled",
        "Customer managed keys rotate",
        "AWS::KMS::Key",
        "CMK_BACKING_KEY_ROTATION_ENABLED",
        deployed_as="key_rotates",
    ),
    Control(
        "key_not_scheduled_for_deletion",
        "No customer managed key is scheduled for deletion",
        "AWS::KMS::Key",
        "KMS_CMK_NOT_SCHEDULED_FOR_DELETION",
        at_synth=False,
        deployed_as="key_is_kept",
    ),
    Control(
        "volume_encrypted",
        "Volumes are encrypted",
        "AWS::EC2::Volume",
        "ENCRYPTED_VOLUMES",
    ),
    Control(
        "database_encrypted",
        "Databases are encrypted",
        "AWS::RDS::DBCluster",
        "RDS_CLUSTER_ENCRYPTED_AT_REST",
    ),
    Control(
        "secret_customer_managed_key",
        "Secrets are encrypted with a customer managed key",
        "AWS::SecretsManager::Secret",
        "SECRETSMANAGER_USING_CMK",
        deployed_as="secret_under_customer_key",
    ),
)


def check_templates(app: cdk.App) -> None:
    """Fail the synth of `app` if a template violates a rule of the CDK, or one of guard/.

    With `CDK_VALIDATION=false` in the environment, the CDK validates nothing, and preparing the
    rules, which takes a second, is skipped. With `CDK_VALIDATED`, the folder of an assembly whose
    synth has not failed, templates that are the same there are not validated again.
    """
    if os.environ.get("CDK_VALIDATION") == "false":
        return
    rules = [
        cdk.ValidationRuleSource(name=control.name, content=control.rule)
        for control in CONTROLS
        if control.at_synth
    ]
    validated = os.environ.get("CDK_VALIDATED")
    cdk.Validations.of(app).add_plugins(
        RemainingTemplates(Path(validated), rules)
        if validated
        else cdk.CloudFormationValidatePlugin(guard_rules=rules)
    )
