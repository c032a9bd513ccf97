"""Each control is violated on purpose, in a template and in a configuration item."""

import json
from pathlib import Path
from typing import Any, cast

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_config as config

from stacks.governance.controls import CONTROLS, SAME_TEXT, Control, check_templates

KEY = {"Fn::Sub": "arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/ours"}

Resources = dict[str, tuple[str, Any]]
"""By logical id: the CloudFormation type and the properties of a resource."""


def policy(kind: str, field: str, target: str, *statements: dict[str, Any]) -> Any:
    """A policy for the resource `target`, which `field` names."""
    reference: Any = {"Ref": target}
    named = reference if kind == "AWS::S3::BucketPolicy" else [reference]
    return kind, {field: named, "PolicyDocument": {"Statement": list(statements)}}


def deny_http(action: str, *, secure: str = "false") -> dict[str, Any]:
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": secure}},
    }


def bucket(**properties: Any) -> Any:
    return "AWS::S3::Bucket", properties


def encrypted(algorithm: str, **key: Any) -> dict[str, Any]:
    default = {"SSEAlgorithm": algorithm, **key}
    configured = [{"ServerSideEncryptionByDefault": default}]
    return {"BucketEncryption": {"ServerSideEncryptionConfiguration": configured}}


CLOSED = {
    "BlockPublicAcls": True,
    "BlockPublicPolicy": True,
    "IgnorePublicAcls": True,
    "RestrictPublicBuckets": True,
}

SCRATCH: list[tuple[str, Resources]] = [
    (
        "bucket_customer_managed_key",
        {
            "Sound": bucket(**encrypted("aws:kms", KMSMasterKeyID=KEY)),
            "BrokenOpen": bucket(),
            "BrokenOther": bucket(**encrypted("AES256")),
            "BrokenOfAws": bucket(**encrypted("aws:kms")),
        },
    ),
    (
        "bucket_tls_only",
        {
            "Sound": bucket(),
            "SoundPolicy": policy("AWS::S3::BucketPolicy", "Bucket", "Sound", deny_http("s3:*")),
            "BrokenNone": bucket(),
            "BrokenWrong": bucket(),
            "SoundWrongPolicy": policy(
                "AWS::S3::BucketPolicy", "Bucket", "BrokenWrong", deny_http("s3:*", secure="true")
            ),
            "BrokenPart": bucket(),
            "SoundPartPolicy": policy(
                "AWS::S3::BucketPolicy", "Bucket", "BrokenPart", deny_http("s3:GetObject")
            ),
        },
    ),
    # A template without any policy takes another branch of the rule.
    ("bucket_tls_only", {"Broken": bucket()}),
    (
        "bucket_public_access_blocked",
        {
            "Sound": bucket(PublicAccessBlockConfiguration=CLOSED),
            "BrokenNone": bucket(),
            **{
                f"Broken{part}": bucket(
                    PublicAccessBlockConfiguration={k: v for k, v in CLOSED.items() if k != part}
                )
                for part in CLOSED
            },
        },
    ),
    (
        "table_customer_managed_key",
        {
            "Sound": (
                "AWS::DynamoDB::Table",
                {"SSESpecification": {"SSEEnabled": True, "KMSMasterKeyId": KEY}},
            ),
            "BrokenOpen": ("AWS::DynamoDB::Table", {}),
            "BrokenOfAws": ("AWS::DynamoDB::Table", {"SSESpecification": {"SSEEnabled": True}}),
            "BrokenOff": (
                "AWS::DynamoDB::Table",
                {"SSESpecification": {"SSEEnabled": False, "KMSMasterKeyId": KEY}},
            ),
        },
    ),
    (
        "table_point_in_time_recovery",
        {
            "Sound": (
                "AWS::DynamoDB::Table",
                {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}},
            ),
            "BrokenNone": ("AWS::DynamoDB::Table", {}),
            "BrokenOff": (
                "AWS::DynamoDB::Table",
                {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False}},
            ),
        },
    ),
    *(
        (
            f"{name}_customer_managed_key",
            {
                "Sound": (kind, {"KmsMasterKeyId": KEY}),
                "SoundArn": (kind, {"KmsMasterKeyId": "arn:aws:kms:eu-west-1:1:key/ours"}),
                "BrokenOpen": (kind, {}),
                "BrokenOfAws": (kind, {"KmsMasterKeyId": f"alias/aws/{service}"}),
            },
        )
        for name, kind, service in (
            ("queue", "AWS::SQS::Queue", "sqs"),
            ("topic", "AWS::SNS::Topic", "sns"),
        )
    ),
    (
        "stream_customer_managed_key",
        {
            "Sound": (
                "AWS::Kinesis::Stream",
                {"StreamEncryption": {"EncryptionType": "KMS", "KeyId": KEY}},
            ),
            "BrokenOpen": ("AWS::Kinesis::Stream", {}),
            "BrokenOfAws": (
                "AWS::Kinesis::Stream",
                {"StreamEncryption": {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}},
            ),
        },
    ),
    (
        "function_environment_customer_managed_key",
        {
            "Sound": (
                "AWS::Lambda::Function",
                {"Environment": {"Variables": {"A": "b"}}, "KmsKeyArn": KEY},
            ),
            "SoundWithout": ("AWS::Lambda::Function", {}),
            "Broken": ("AWS::Lambda::Function", {"Environment": {"Variables": {"A": "b"}}}),
        },
    ),
    (
        "trail_encrypted_and_validated",
        {
            "Sound": (
                "AWS::CloudTrail::Trail",
                {"KMSKeyId": KEY, "EnableLogFileValidation": True},
            ),
            "BrokenOpen": ("AWS::CloudTrail::Trail", {"EnableLogFileValidation": True}),
            "BrokenLoose": ("AWS::CloudTrail::Trail", {"KMSKeyId": KEY}),
        },
    ),
    (
        "messages_tls_only",
        {
            "Sound": ("AWS::SQS::Queue", {}),
            "SoundPolicy": policy("AWS::SQS::QueuePolicy", "Queues", "Sound", deny_http("sqs:*")),
            "BrokenQueue": ("AWS::SQS::Queue", {}),
            "SoundTopic": ("AWS::SNS::Topic", {}),
            "SoundTopicPolicy": policy(
                "AWS::SNS::TopicPolicy", "Topics", "SoundTopic", deny_http("sns:Publish")
            ),
            "BrokenTopic": ("AWS::SNS::Topic", {}),
            "SoundWrongPolicy": policy(
                "AWS::SNS::TopicPolicy",
                "Topics",
                "BrokenTopic",
                {**deny_http("sns:Publish"), "Effect": "Allow"},
            ),
        },
    ),
    (
        "messages_tls_only",
        {"BrokenQueue": ("AWS::SQS::Queue", {}), "BrokenTopic": ("AWS::SNS::Topic", {})},
    ),
    (
        "function_public_access_blocked",
        {
            "Sound": ("AWS::Lambda::Permission", {"Principal": "123456789012"}),
            "SoundService": (
                "AWS::Lambda::Permission",
                {"Principal": "s3.amazonaws.com", "SourceArn": "arn:aws:s3:::ours"},
            ),
            "BrokenAnybody": ("AWS::Lambda::Permission", {"Principal": "*"}),
            "BrokenService": ("AWS::Lambda::Permission", {"Principal": "s3.amazonaws.com"}),
            "SoundUrl": ("AWS::Lambda::Url", {"AuthType": "AWS_IAM"}),
            "BrokenUrl": ("AWS::Lambda::Url", {"AuthType": "NONE"}),
        },
    ),
    (
        "log_group_customer_managed_key",
        {
            "Sound": ("AWS::Logs::LogGroup", {"KmsKeyId": KEY, "RetentionInDays": 30}),
            "BrokenOpen": ("AWS::Logs::LogGroup", {"RetentionInDays": 30}),
            "BrokenForEver": ("AWS::Logs::LogGroup", {"KmsKeyId": KEY}),
        },
    ),
    (
        "key_rotation_enabled",
        {
            "Sound": ("AWS::KMS::Key", {"EnableKeyRotation": True}),
            "BrokenNone": ("AWS::KMS::Key", {}),
            "BrokenOff": ("AWS::KMS::Key", {"EnableKeyRotation": False}),
        },
    ),
    (
        "volume_encrypted",
        {
            "Sound": ("AWS::EC2::Volume", {"Encrypted": True}),
            "Broken": ("AWS::EC2::Volume", {}),
            "SoundTemplate": (
                "AWS::EC2::LaunchTemplate",
                {"LaunchTemplateData": {"BlockDeviceMappings": [{"Ebs": {"Encrypted": True}}]}},
            ),
            "SoundNone": ("AWS::EC2::LaunchTemplate", {"LaunchTemplateData": {"ImageId": "ami-1"}}),
            "BrokenTemplate": (
                "AWS::EC2::LaunchTemplate",
                {
                    "LaunchTemplateData": {
                        "BlockDeviceMappings": [
                            {"Ebs": {"Encrypted": True}},
                            {"Ebs": {"VolumeSize": 30}},
                        ]
                    }
                },
            ),
            "SoundService": (
                "AWS::ECS::Service",
                {"VolumeConfigurations": [{"ManagedEBSVolume": {"Encrypted": True}}]},
            ),
            "SoundWithout": ("AWS::ECS::Service", {}),
            "BrokenService": (
                "AWS::ECS::Service",
                {"VolumeConfigurations": [{"ManagedEBSVolume": {"SizeInGiB": 30}}]},
            ),
        },
    ),
    (
        "database_encrypted",
        {
            "Sound": ("AWS::RDS::DBCluster", {"StorageEncrypted": True, "KmsKeyId": KEY}),
            "BrokenOpen": ("AWS::RDS::DBCluster", {}),
            "BrokenOfAws": ("AWS::RDS::DBCluster", {"StorageEncrypted": True}),
        },
    ),
    (
        "secret_customer_managed_key",
        {
            "Sound": ("AWS::SecretsManager::Secret", {"KmsKeyId": KEY}),
            "Broken": ("AWS::SecretsManager::Secret", {}),
        },
    ),
]
"""For each control, compliant resources, named Sound..., and violations, named Broken..."""


@pytest.fixture(scope="module")
def violations(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, str, str]]:
    """The report of the synth of `SCRATCH`: rule, severity, path of the construct, message."""
    folder = tmp_path_factory.mktemp("cdk.out")
    app = cdk.App(outdir=str(folder), context={"@aws-cdk/core:validateAgainstDefaultRules": True})
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CDK_VALIDATION", raising=False)
        check_templates(app)
        for number, (_, resources) in enumerate(SCRATCH):
            stack = cdk.Stack(app, f"Scratch{number}")
            for name, (kind, properties) in resources.items():
                cdk.CfnResource(stack, name, type=kind, properties=properties)
        with pytest.raises(RuntimeError, match="ValidationFailed"):
            app.synth()
    report = json.loads((folder / "validation-report.json").read_text())
    return [
        (
            violation["ruleName"],
            violation["severity"],
            construct["constructPath"],
            violation["description"],
        )
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
        for construct in violation["violatingConstructs"]
    ]


@pytest.mark.parametrize(
    ("number", "rule", "resources"),
    [(number, rule, resources) for number, (rule, resources) in enumerate(SCRATCH)],
    ids=[rule for rule, _ in SCRATCH],
)
def test_a_violation_fails_the_synth_and_names_rule_and_resource(
    violations: list[tuple[str, str, str, str]], number: int, rule: str, resources: Resources
) -> None:
    [rule_name] = [control.rule_name for control in CONTROLS if control.name == rule]
    found = {
        path: (severity, message)
        for name, severity, path, message in violations
        if name == rule_name and path.startswith(f"Scratch{number}/")
    }
    assert found.keys() == {
        f"Scratch{number}/{name}" for name in resources if name.startswith("Broken")
    }
    for severity, message in found.values():
        assert severity == "error"
        assert "set " in message or "deny " in message  # what to do


def test_every_rule_has_a_violation() -> None:
    assert {rule for rule, _ in SCRATCH} == {p.name for p in CONTROLS if p.at_synth}


def test_every_file_is_the_rule_of_a_control() -> None:
    files = (Path(__file__).parents[2] / "stacks" / "governance" / "guard").iterdir()
    assert {file.stem for file in files} == {p.name for p in CONTROLS if p.at_synth}


# AWS Config

ITEMS: list[tuple[str, dict[str, Any], bool]] = [
    *(
        (kind, {"configuration": configuration}, kept)
        for kind, service in (("AWS::SQS::Queue", "sqs"), ("AWS::SNS::Topic", "sns"))
        for configuration, kept in (
            ({"KmsMasterKeyId": "arn:aws:kms:eu-west-1:123456789012:key/ours"}, True),
            ({"KmsMasterKeyId": "1234abcd-12ab-34cd-56ef-1234567890ab"}, True),
            ({"KmsMasterKeyId": f"alias/aws/{service}"}, False),
            ({"KmsMasterKeyId": ""}, False),
            ({"KmsMasterKeyId": None}, False),
            ({"SqsManagedSseEnabled": "true"}, False),
        )
    ),
    *(
        ("AWS::Kinesis::Stream", {"configuration": configuration}, kept)
        for configuration, kept in (
            ({"StreamEncryption": {"EncryptionType": "KMS", "KeyId": "arn:aws:kms:x"}}, True),
            ({"StreamEncryption": {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}}, False),
            ({"StreamEncryption": {"EncryptionType": "NONE"}}, False),
            ({}, False),
        )
    ),
    *(
        ("AWS::Lambda::Function", {"configuration": configuration}, kept)
        for configuration, kept in (
            ({"functionName": "Catalog-IngestFunction-1", "kmskeyArn": "arn:aws:kms:x"}, True),
            ({"functionName": "Catalog-IngestFunction-1"}, False),
            ({"functionName": "Catalog-IngestFunction-1", "kmskeyArn": None}, False),
            ({"functionName": "mine", "handler": "index.handler"}, False),
            ({"functionName": "BucketNotifications"}, False),
            ({"functionName": "Catalog-BucketNotificationsHandler050a0587b7544547b-1"}, True),
            ({"functionName": "Delivery-CustomS3AutoDeleteObjectsCustomResourceP-1"}, True),
            ({"functionName": "SC-123456789012-pp-abcdef-BucketNotificationsHan-1"}, True),
        )
    ),
    *(
        ("AWS::CloudTrail::Trail", {"configuration": configuration}, kept)
        for configuration, kept in (
            ({"kmsKeyId": "arn:aws:kms:x", "logFileValidationEnabled": True}, True),
            ({"kmsKeyId": "arn:aws:kms:x", "logFileValidationEnabled": False}, False),
            ({"logFileValidationEnabled": True}, False),
        )
    ),
]
"""Configuration items, as awslabs/aws-config-resource-schema names their fields, and whether they
comply with the control of their type."""


@jsii.implements(cdk.IPolicyValidationContext)
class OneFile:
    """A template to validate, for the plugin; or anything else that Guard can read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def app_construct(self) -> cdk.App:
        return cdk.App()

    @property
    def stack_templates(self) -> list[cdk.PolicyValidationStack]:
        return [
            cdk.PolicyValidationStack(stack_construct_path="Item", template_path=str(self._path))
        ]


Judges = dict[str, tuple[Control, cdk.CloudFormationValidatePlugin]]


@pytest.fixture(scope="module")
def judges() -> Judges:
    """For each type of resource, its control with a text for Config, and Guard with that text.

    The evaluator is the one of the synth. Config has an older one, guard-2.x.x, which the texts
    must also be for; that only an account can show.
    """
    return {
        control.resource_type: (
            control,
            cdk.CloudFormationValidatePlugin(
                guard_rules=[cdk.ValidationRuleSource(name=control.name, content=control.rule)],
                include_default_rules=False,
            ),
        )
        for control in CONTROLS
        if control.config_rule == SAME_TEXT
    }


@pytest.mark.parametrize(("kind", "item", "kept"), ITEMS, ids=str)
def test_the_same_text_evaluates_configuration_items(
    judges: Judges,
    tmp_path: Path,
    kind: str,
    item: dict[str, Any],
    kept: bool,
) -> None:
    for about, (control, guard) in judges.items():
        path = tmp_path / f"{control.name}.json"
        path.write_text(json.dumps({"resourceType": kind, **item}))
        report = guard.validate(cast("cdk.IPolicyValidationContext", OneFile(path)))
        broken = control.rule_name in {violation.rule_name for violation in report.violations}
        # A rule does not apply to other types.
        assert broken is (about == kind and not kept)


def test_every_text_for_config_has_compliant_and_noncompliant_items() -> None:
    tried = {(kind, kept) for kind, _, kept in ITEMS}
    wanted = {p.resource_type for p in CONTROLS if p.config_rule == SAME_TEXT}
    assert tried == {(kind, kept) for kind in wanted for kept in (True, False)}


KNOWN_TO_CONFIG = {
    *map(
        str, (getattr(config.ManagedRuleIdentifiers, n) for n in dir(config.ManagedRuleIdentifiers))
    ),
    # CDK's list lacks it; control RDS.27 of Security Hub uses it.
    "RDS_CLUSTER_ENCRYPTED_AT_REST",
}
"""The identifiers of managed rules."""


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.name)
def test_config_has_the_managed_rules_and_accepts_the_texts(control: Control) -> None:
    if control.config_rule == SAME_TEXT:
        assert len(control.rule) <= 10_000  # PolicyText, Config API reference
    elif control.config_rule:
        assert control.config_rule in KNOWN_TO_CONFIG
    assert control.config_rule or control.at_synth
