"""The Governance template; our own templates comply with every control."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from stacks.governance.conformance_pack import ConformancePackStack
from stacks.governance.controls import CONTROLS, SAME_TEXT
from stacks.governance.rule_regions import MISSING
from stacks.settings.settings import Settings
from tests import assembly
from tests.assembly import ROOT
from tests.stacks.assemblies import Assemblies
from tests.stacks.conftest import (
    Template,
    as_list,
    permissions,
    properties,
    resources,
)

EVENT_BRIDGE = {"Service": "events.amazonaws.com"}
VARIANTS = [
    {"config": "existing"},
    {"trail": "create"},
    {"config": "create", "trail": "create"},
    {"config": "create", "trail": "create", "stage": "production"},
]


@pytest.fixture(scope="session")
def govern(assemblies: Assemblies) -> Callable[..., Path]:
    """A function that returns the folder of the cloud assembly for given settings."""
    return assemblies.governance


def read(assembly: Path, stack: str = "Governance") -> Template:
    template: Template = json.loads((assembly / f"{stack}.template.json").read_text())
    return template


@pytest.fixture
def everything(govern: Callable[..., Path]) -> Template:
    return read(govern(config="create", trail="create"))


@pytest.fixture(params=VARIANTS, ids=lambda settings: "-".join(map("=".join, settings.items())))
def variant(request: pytest.FixtureRequest, govern: Callable[..., Path]) -> Template:
    return read(govern(**request.param))


# At synth


def test_our_own_templates_violate_no_control(all_stacks: Path) -> None:
    report = json.loads((all_stacks / "validation-report.json").read_text())
    assert [v for plugin in report["pluginReports"] for v in plugin["violations"]] == []
    manifest = json.loads((all_stacks / "manifest.json").read_text())
    stacks = {
        name
        for name, artifact in manifest["artifacts"].items()
        if artifact["type"] == "aws:cloudformation:stack"
    }
    assert stacks >= {"Catalog", "Governance", "ConformancePack"}
    # A report without violations does not list its rules.
    assert "\ncheck_templates(app)\n" in (ROOT / "app.py").read_text()


def test_without_settings_there_is_no_governance(assemblies: Assemblies) -> None:
    folder = assemblies.app(local="true")
    assert not list(folder.glob("Governance.*"))


# AWS Config


def test_config_has_a_rule_for_every_control_that_it_can_check(govern: Callable[..., Path]) -> None:
    rules = properties(read(govern(config="existing")), "AWS::Config::ConfigRule")
    by_sentence = {rule["Description"]: rule for rule in rules}
    assert by_sentence.keys() == {p.description for p in CONTROLS if p.config_rule}
    for control in CONTROLS:
        if control.config_rule is None:
            continue
        rule = by_sentence[control.description]
        if control.config_rule != SAME_TEXT:
            assert rule["Source"] == {"Owner": "AWS", "SourceIdentifier": control.config_rule}
            continue
        details = rule["Source"]["CustomPolicyDetails"]
        file = ROOT / "stacks" / "governance" / "guard" / f"{control.name}.guard"
        assert details["PolicyText"] == file.read_text()
        assert details["PolicyRuntime"] == "guard-2.x.x"
        assert rule["Source"]["Owner"] == "CUSTOM_POLICY"
        assert rule["Scope"] == {"ComplianceResourceTypes": [control.resource_type]}
        assert {d["MessageType"] for d in rule["Source"]["SourceDetails"]} == {
            "ConfigurationItemChangeNotification",
            "OversizedConfigurationItemChangeNotification",
        }


def test_the_logical_ids_of_config_rules_are_those_that_are_deployed(
    govern: Callable[..., Path],
) -> None:
    rules = resources(read(govern(config="existing")), "AWS::Config::ConfigRule")
    assert set(rules) == {
        "RulesBucketClosedToThePublic3CE519C3",
        "RulesBucketTakesTlsOnly0D2E4769",
        "RulesBucketUnderCustomerKeyB20E7D49",
        "RulesDatabaseEncrypted45B8C97B",
        "RulesFunctionClosedToThePublicE1ABE74A",
        "RulesFunctionSettingsUnderCustomerKey60106361",
        "RulesKeyIsKept3036F0AB",
        "RulesKeyRotatesE79578D7",
        "RulesLogsUnderCustomerKey316ADD92",
        "RulesQueueUnderCustomerKey77309AAB",
        "RulesSecretUnderCustomerKey8CF4193E",
        "RulesStreamUnderCustomerKey9BB251B7",
        "RulesTableCanBeSetBack94E828FA",
        "RulesTableUnderCustomerKey7AB674AE",
        "RulesTopicUnderCustomerKey7039130B",
        "RulesTrailEncryptedAndSealedE96E8CC7",
        "RulesVolumeEncrypted3F689C6C",
    }


@pytest.mark.parametrize("region", sorted({"eu-west-1"}.union(*MISSING.values())))
def test_rules_that_a_region_lacks_are_left_out_and_named(
    everything: Template, region: str
) -> None:
    conditions = everything["Conditions"]

    def value(expression: Any) -> Any:
        """What CloudFormation makes of `expression` in `region`; None for AWS::NoValue."""
        if not isinstance(expression, dict):
            return expression
        [(function, argument)] = expression.items()
        evaluate: dict[str, Callable[[], Any]] = {
            "Condition": lambda: value(conditions[argument]),
            "Fn::Equals": lambda: value(argument[0]) == value(argument[1]),
            "Fn::Not": lambda: not value(argument[0]),
            "Fn::And": lambda: all(map(value, argument)),
            "Fn::Or": lambda: any(map(value, argument)),
            "Fn::If": lambda: value(argument[1 if value(conditions[argument[0]]) else 2]),
            "Fn::Join": lambda: argument[0].join(x for x in map(value, argument[1]) if x),
            "Ref": lambda: {"AWS::Region": region, "AWS::NoValue": None}.get(argument, argument),
        }
        return evaluate[function]()

    lacking = [c for c in CONTROLS if region in MISSING.get(c.config_rule or "", ())]
    rules = resources(everything, "AWS::Config::ConfigRule")
    created = {
        name: rule["Properties"]["Description"]
        for name, rule in rules.items()
        if "Condition" not in rule or value({"Condition": rule["Condition"]})
    }
    assert set(created.values()) == {
        c.description for c in CONTROLS if c.config_rule and c not in lacking
    }
    # A rule of EventBridge that referred to a rule that is not there would fail the stack.
    pattern = rule(everything, "AWS Config")["EventPattern"]["detail"]["configRuleName"]
    assert {name for name in map(value, pattern) if name} == created.keys()
    note = value(everything["Outputs"]["ControlsWithoutRule"]["Value"])
    assert note == (", ".join(c.name for c in lacking) or "none")


def test_every_rule_that_a_region_lacks_is_one_of_ours() -> None:
    assert MISSING.keys() <= {c.config_rule for c in CONTROLS}
    assert not any("us-east-1" in regions for regions in MISSING.values())


def test_a_conformance_pack_has_the_rules_of_its_region(tmp_path: Path) -> None:
    def build(app: cdk.App, name: str, settings: Settings) -> cdk.Stack:
        return ConformancePackStack(app, name, region="mx-central-1")

    pack = read(assembly.write(build, "ConformancePack", tmp_path / "out"), "ConformancePack")
    found = {
        rule["Source"].get("SourceIdentifier")
        for rule in properties(pack, "AWS::Config::ConfigRule")
    }
    assert not found & {"RDS_CLUSTER_ENCRYPTED_AT_REST", "DYNAMODB_PITR_ENABLED"}
    assert "KMS_CMK_NOT_SCHEDULED_FOR_DELETION" in found
    assert pack.keys() == {"Resources"}


def test_with_an_existing_recorder_none_is_created(govern: Callable[..., Path]) -> None:
    kinds = {r["Type"] for r in read(govern(config="existing"))["Resources"].values()}
    assert not kinds & {
        "AWS::Config::ConfigurationRecorder",
        "AWS::Config::DeliveryChannel",
        "AWS::S3::Bucket",
    }


def test_without_config_there_are_no_config_rules(govern: Callable[..., Path]) -> None:
    assert "AWS::Config::" not in json.dumps(read(govern(trail="create")))


def test_config_rules_depend_on_recorder_and_channel_which_are_independent(
    everything: Template,
) -> None:
    [(recorder, recording)] = resources(everything, "AWS::Config::ConfigurationRecorder").items()
    [(channel, delivering)] = resources(everything, "AWS::Config::DeliveryChannel").items()
    assert channel not in recording.get("DependsOn", [])
    assert recorder not in delivering.get("DependsOn", [])
    for rule in resources(everything, "AWS::Config::ConfigRule").values():
        assert {recorder, channel} <= set(rule["DependsOn"])


def test_the_recorder_records_the_types_of_the_controls_only(everything: Template) -> None:
    [recorder] = properties(everything, "AWS::Config::ConfigurationRecorder")
    group = recorder["RecordingGroup"]
    assert group["AllSupported"] is False
    assert set(group["ResourceTypes"]) == {p.resource_type for p in CONTROLS} - {
        "AWS::Logs::LogGroup"
    }


def test_the_recorder_may_deliver_to_its_bucket_only(everything: Template) -> None:
    actions = [actions for actions, _ in permissions(everything, "RecorderRole")]
    assert actions == [
        ["s3:GetBucketAcl", "s3:ListBucket"],
        ["s3:PutObject", "s3:PutObjectAcl"],
        ["kms:Decrypt", "kms:GenerateDataKey"],
    ]
    [role] = properties(everything, "AWS::IAM::Role")
    [deliver] = role["Policies"]
    put = deliver["PolicyDocument"]["Statement"][1]
    assert put["Condition"] == {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}
    [managed] = role["ManagedPolicyArns"]
    assert json.dumps(managed).endswith(':iam::aws:policy/service-role/AWS_ConfigRole"]]}')
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "config.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_a_conformance_pack_has_config_rules_only(govern: Callable[..., Path]) -> None:
    assembly = govern(config="existing")
    pack = read(assembly, "ConformancePack")
    assert pack.keys() == {"Resources"}
    assert properties(pack, "AWS::Config::ConfigRule") == properties(
        read(assembly), "AWS::Config::ConfigRule"
    )
    assert len(pack["Resources"]) == len(properties(pack, "AWS::Config::ConfigRule"))
    # TemplateBody of PutConformancePack, Config API reference
    assert (assembly / "ConformancePack.template.json").stat().st_size <= 51_200


# The trail


def test_the_trail_records_every_use_of_a_key_and_has_file_validation(everything: Template) -> None:
    [trail] = properties(everything, "AWS::CloudTrail::Trail")
    assert trail["IsLogging"] is True
    assert trail["IsMultiRegionTrail"] is True
    assert trail["EnableLogFileValidation"] is True
    assert trail["KMSKeyId"] == audit_key(everything)
    [selector] = trail["EventSelectors"]
    assert selector["IncludeManagementEvents"] is True
    assert selector["ReadWriteType"] == "All"
    assert "kms.amazonaws.com" not in selector.get("ExcludeManagementEventSources", [])


def test_the_trail_records_calls_on_the_catalogs_objects_if_asked_to(
    govern: Callable[..., Path], everything: Template
) -> None:
    buckets = "create,logs-prod/2026/,photos-prod"
    [trail] = properties(read(govern(trail="objects", buckets=buckets)), "AWS::CloudTrail::Trail")
    [selector] = trail["EventSelectors"]
    [objects] = selector["DataResources"]
    assert objects["Type"] == "AWS::S3::Object"
    # Of the bucket of its own the ARN is known at deployment only.
    own, *attached = objects["Values"]
    [imported, slash] = own["Fn::Join"][1]
    assert "Bucket" in json.dumps(imported)
    assert slash == "/"
    assert [each["Fn::Join"][1][-1] for each in attached] == [
        ":s3:::logs-prod/2026/",
        ":s3:::photos-prod/",
    ]
    [only_management] = properties(everything, "AWS::CloudTrail::Trail")
    assert "DataResources" not in only_management["EventSelectors"][0]


@pytest.mark.parametrize(
    ("stage", "mode", "days"), [("sandbox", "GOVERNANCE", 30), ("production", "COMPLIANCE", 365)]
)
def test_records_of_the_trail_are_locked_until_they_expire(
    govern: Callable[..., Path], stage: str, mode: str, days: int
) -> None:
    template = read(govern(config="create", trail="create", stage=stage))
    [bucket] = [
        r["Properties"]
        for name, r in resources(template, "AWS::S3::Bucket").items()
        if name.startswith("Trail")
    ]
    assert bucket["ObjectLockEnabled"] is True
    assert bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"] == {
        "Mode": mode,
        "Days": days,
    }
    [forget] = [r for r in bucket["LifecycleConfiguration"]["Rules"] if "ExpirationInDays" in r]
    assert forget["ExpirationInDays"] > days


def test_the_bucket_of_config_has_no_object_lock(everything: Template) -> None:
    [history] = [
        r["Properties"]
        for name, r in resources(everything, "AWS::S3::Bucket").items()
        if name.startswith("Recorder")
    ]
    assert "ObjectLockConfiguration" not in history


def test_cloudtrail_may_write_for_this_trail_only(everything: Template) -> None:
    [trail] = properties(everything, "AWS::CloudTrail::Trail")
    policies = [
        *(p["PolicyDocument"] for p in properties(everything, "AWS::S3::BucketPolicy")),
        *(k["KeyPolicy"] for k in properties(everything, "AWS::KMS::Key")),
    ]
    allowed = [
        statement
        for policy in policies
        for statement in policy["Statement"]
        if statement["Principal"] == {"Service": "cloudtrail.amazonaws.com"}
    ]
    assert {a for s in allowed for a in as_list(s["Action"])} == {
        "s3:GetBucketAcl",
        "s3:PutObject",
        "kms:GenerateDataKey*",
        "kms:DescribeKey",
    }
    for statement in allowed:
        source = statement["Condition"]["StringEquals"]["aws:SourceArn"]
        assert json.dumps(source).endswith(f':trail/{trail["TrailName"]}"]]}}')


# Evidence and notices


def audit_key(template: Template) -> Any:
    [name] = resources(template, "AWS::KMS::Key")
    return {"Fn::GetAtt": [name, "Arn"]}


def test_evidence_is_under_the_audit_key_and_outlives_the_stack(
    variant: Template,
) -> None:
    audit = audit_key(variant)
    for bucket in properties(variant, "AWS::S3::Bucket", least=0):
        [encryption] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert encryption["ServerSideEncryptionByDefault"]["KMSMasterKeyID"] == audit
    for topic in properties(variant, "AWS::SNS::Topic"):
        assert topic["KmsMasterKeyId"] == audit
    for kind in ("AWS::S3::Bucket", "AWS::KMS::Key"):
        for resource in resources(variant, kind, least=0).values():
            assert resource["DeletionPolicy"] == "Retain"


def test_the_audit_key_is_used_through_services_only(variant: Template) -> None:
    [audit] = properties(variant, "AWS::KMS::Key")
    for statement in audit["KeyPolicy"]["Statement"]:
        if any(
            re.match(r"kms:(Decrypt|Generate|Encrypt)", a) for a in as_list(statement["Action"])
        ):
            conditions = json.dumps(statement.get("Condition"))
            assert (
                "kms:ViaService" in conditions
                or "aws:Source" in conditions
                # EventBridge sends nothing for a condition.
                or statement["Principal"] == EVENT_BRIDGE
            )


def rule(template: Template, word: str) -> Any:
    [found] = [p for p in properties(template, "AWS::Events::Rule") if word in p["Description"]]
    return found


def test_changed_compliance_with_every_rule_is_published(everything: Template) -> None:
    pattern = rule(everything, "AWS Config")["EventPattern"]
    assert pattern["source"] == ["aws.config"]
    assert pattern["detail-type"] == ["Config Rules Compliance Change"]
    named = re.findall(r'"Ref": "(Rules\w+)"', json.dumps(pattern["detail"]["configRuleName"]))
    assert named == list(resources(everything, "AWS::Config::ConfigRule"))


def test_tampering_with_keys_and_denied_use_are_published(variant: Template) -> None:
    tampering = rule(variant, "disabled")["EventPattern"]["detail"]
    assert {"DisableKey", "ScheduleKeyDeletion"} <= set(tampering["eventName"])
    denied = rule(variant, "not allowed")["EventPattern"]["detail"]
    assert denied["errorCode"] == [{"prefix": "AccessDenied"}]
    # Both keys of the catalog, whether KMS names the key or its message does.
    assert len(tampering["resources"]["ARN"]) == 2
    by_resource, by_message = denied["$or"]
    assert by_resource == {"resources": tampering["resources"]}
    assert [
        wildcard["wildcard"]["Fn::Join"][1][1] for wildcard in by_message["errorMessage"]
    ] == tampering["resources"]["ARN"]
    for each in (rule(variant, "disabled"), rule(variant, "not allowed")):
        # Rules in other states do not receive read-only events, such as Decrypt.
        assert each["State"] == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


def test_event_bridge_publishes_without_conditions_and_with_tls_only(variant: Template) -> None:
    """EventBridge sends SNS and KMS nothing of its rules, so a condition would drop all notices."""
    rules = resources(variant, "AWS::Events::Rule")
    [topic] = resources(variant, "AWS::SNS::Topic")
    [policy] = properties(variant, "AWS::SNS::TopicPolicy")
    [allowed] = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
    assert allowed["Principal"] == EVENT_BRIDGE
    assert allowed["Resource"] == {"Ref": topic}
    assert "Condition" not in allowed
    [audit] = properties(variant, "AWS::KMS::Key")
    [use] = [s for s in audit["KeyPolicy"]["Statement"] if s["Principal"] == EVENT_BRIDGE]
    assert use["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert "Condition" not in use
    [denied] = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Deny"]
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    for each in rules.values():
        assert [t["Arn"] for t in each["Properties"]["Targets"]] == [{"Ref": topic}]


def test_the_pack_has_no_metadata_of_the_cli(all_stacks: Path) -> None:
    assert "Metadata" in json.dumps(read(all_stacks, "Governance"))
    assert "Metadata" not in json.dumps(read(all_stacks, "ConformancePack"))


# Where it can be deployed


def test_the_stack_is_for_any_account_and_protected_in_production(
    govern: Callable[..., Path],
) -> None:
    assembly = govern(config="create", trail="create", stage="production")
    manifest = json.loads((assembly / "manifest.json").read_text())
    governance = manifest["artifacts"]["Governance"]
    assert governance["environment"] == "aws://unknown-account/unknown-region"
    assert governance["properties"]["terminationProtection"] is True
