"""The Catalog template."""

import json
import re
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.conftest import (
    TRANSPORTS,
    Template,
    arn,
    as_list,
    catalog_table,
    failures,
    key,
    notifications,
    permissions,
    properties,
    read,
    resources,
)

REASONS_FOR_EVERYTHING = {
    (
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
    ): "log deliveries of a state machine have no resources",
    ("cloudwatch:GetMetricData",): "metrics have no resources",
}
"""Actions that a role may allow on `*`, and the reason."""

CDK_PROVIDER = "CustomS3AutoDeleteObjectsCustomResourceProvider"
"""CDK's own function that empties a sandbox bucket, with CDK's own role."""


def role_statements(template: Template) -> Iterator[Any]:
    """Every statement of every policy that a role has."""
    for role in properties(template, "AWS::IAM::Role"):
        for policy in role.get("Policies", []):
            yield from policy["PolicyDocument"]["Statement"]
    for policy in properties(template, "AWS::IAM::Policy"):
        yield from policy["PolicyDocument"]["Statement"]


# Encryption


def test_stored_data_is_under_the_data_key(variant: Template) -> None:
    data = key(variant, "objects, catalog rows")
    [bucket] = properties(variant, "AWS::S3::Bucket")
    [encryption] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": data,
    }
    assert encryption["BucketKeyEnabled"] is True
    for table in properties(variant, "AWS::DynamoDB::Table"):
        assert table["SSESpecification"] == {
            "SSEEnabled": True,
            "SSEType": "KMS",
            "KMSMasterKeyId": data,
        }
    for group in properties(variant, "AWS::Logs::LogGroup"):
        assert group["KmsKeyId"] == data
        assert group["RetentionInDays"] <= 365
    for topic in properties(variant, "AWS::SNS::Topic"):
        assert topic["KmsMasterKeyId"] == data
    for stream in properties(variant, "AWS::Kinesis::Stream", least=0):
        assert stream["StreamEncryption"] == {"EncryptionType": "KMS", "KeyId": data}


UPLOADS: dict[tuple[str | None, str | None], bool] = {
    (None, None): True,
    ("aws:kms", "ours"): True,
    ("aws:kms", "our id"): True,
    **{(algorithm, None): False for algorithm in ("aws:kms", "AES256", "aws:kms:dsse")},
    **{
        (algorithm, key): False
        for algorithm in (None, "AES256", "aws:kms:dsse")
        for key in ("ours", "our id", "another")
    },
    ("aws:kms", "another"): False,
}
"""Encryption headers of an upload, algorithm and key, and whether it is allowed."""


@pytest.mark.parametrize(("headers", "allowed"), list(UPLOADS.items()), ids=str)
def test_an_upload_names_no_encryption_or_this_key(
    variant: Template, headers: tuple[str | None, str | None], allowed: bool
) -> None:
    data = key(variant, "objects, catalog rows")
    algorithm = "s3:x-amz-server-side-encryption"
    request = dict(zip((algorithm, f"{algorithm}-aws-kms-key-id"), headers, strict=True))
    names = {json.dumps(data): "ours", json.dumps({"Ref": data["Fn::GetAtt"][0]}): "our id"}

    def applies(conditions: dict[str, dict[str, Any]]) -> bool:
        assert conditions.keys() == {"Null", "StringNotEquals"}
        [(null, is_null)] = conditions["Null"].items()
        [(name, values)] = conditions["StringNotEquals"].items()
        listed = {names.get(json.dumps(value), value) for value in as_list(values)}
        return (request[null] is None) is (is_null == "true") and request[name] not in listed

    [policy] = properties(variant, "AWS::S3::BucketPolicy")
    denied = [
        applies(statement["Condition"])
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny" and statement["Action"] == "s3:PutObject"
    ]
    assert any(denied) is not allowed


def test_the_key_of_an_object_stays_and_no_uploader_brings_one(variant: Template) -> None:
    [policy] = properties(variant, "AWS::S3::BucketPolicy")
    [statement] = [
        s
        for s in policy["PolicyDocument"]["Statement"]
        if s["Action"] == "s3:UpdateObjectEncryption"
    ]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", {"AWS": "*"})
    assert "Condition" not in statement
    [bucket] = properties(variant, "AWS::S3::Bucket")
    [encryption] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["BlockedEncryptionTypes"] == {"EncryptionType": ["SSE-C"]}


def test_every_function_with_an_environment_has_it_under_the_data_key(variant: Template) -> None:
    data = key(variant, "objects, catalog rows")
    functions = [f for f in properties(variant, "AWS::Lambda::Function") if "Environment" in f]
    assert functions
    for function in functions:
        assert function["KmsKeyArn"] == data


def test_every_queue_is_under_the_queue_key(variant: Template) -> None:
    for queue in properties(variant, "AWS::SQS::Queue"):
        assert queue["KmsMasterKeyId"] == key(variant, "queues")


def test_keys_rotate_every_year(variant: Template) -> None:
    keys = properties(variant, "AWS::KMS::Key")
    assert len(keys) == 2
    for each in keys:
        assert each["EnableKeyRotation"] is True
        assert each["RotationPeriodInDays"] == 365


def test_a_setting_sets_the_rotation_period(synthesise: Callable[..., Path]) -> None:
    for each in properties(read(synthesise(key_rotation_days="90")), "AWS::KMS::Key"):
        assert each["RotationPeriodInDays"] == 90


def test_a_key_is_used_through_services_only(variant: Template) -> None:
    use = re.compile(r"kms:(Decrypt|Encrypt|GenerateDataKey|ReEncrypt|CreateGrant|\*)")
    for each in properties(variant, "AWS::KMS::Key"):
        for statement in each["KeyPolicy"]["Statement"]:
            if any(map(use.match, as_list(statement["Action"]))):
                conditions = json.dumps(statement["Condition"])
                assert (
                    "kms:ViaService" in conditions
                    or "aws:logs:arn" in conditions
                    # A service principal, with its source: test_transport.py has the details.
                    or ("Service" in statement["Principal"] and "aws:Source" in conditions)
                )


# Access


def test_no_role_allows_other_actions_on_all_resources(variant: Template) -> None:
    for statement in role_statements(variant):
        if "*" in as_list(statement["Resource"]):
            assert tuple(as_list(statement["Action"])) in REASONS_FOR_EVERYTHING


def test_no_role_has_a_wildcard_action(variant: Template) -> None:
    for statement in role_statements(variant):
        assert not [action for action in as_list(statement["Action"]) if "*" in action]


def test_only_the_cdk_function_has_a_managed_policy(variant: Template) -> None:
    for name, role in resources(variant, "AWS::IAM::Role").items():
        assert "ManagedPolicyArns" not in role["Properties"] or name.startswith(CDK_PROVIDER)


def test_ingest_has_these_permissions_only(variant: Template) -> None:
    queues = resources(variant, "AWS::SQS::Queue")
    assert permissions(variant, "IngestRole") == [
        (
            [
                "dynamodb:GetItem",
                "dynamodb:PartiQLInsert",
                "dynamodb:PartiQLUpdate",
                "dynamodb:PutItem",
            ],
            catalog_table(variant),
        ),
        (["kms:Decrypt"], key(variant, "objects, catalog rows")),
        (["s3:ListBucketVersions"], arn(variant, "AWS::S3::Bucket")),
        (
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            arn(variant, "AWS::Logs::LogGroup", "IngestLogs"),
        ),
        (["sqs:SendMessage"], failures(variant)),
        (["kms:Decrypt", "kms:GenerateDataKey"], key(variant, "queues")),
        *(
            (
                ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
                {"Fn::GetAtt": [queue, "Arn"]},
            )
            for queue in queues
            if "Events" in queue
        ),
    ]
    # No separate policy adds to the role.
    for policy in properties(variant, "AWS::IAM::Policy"):
        assert "IngestRole" not in json.dumps(policy["Roles"])


def test_totals_may_read_the_stream_and_update_totals_only(variant: Template) -> None:
    [totals] = [
        {"Fn::GetAtt": [name, "Arn"]}
        for name in resources(variant, "AWS::DynamoDB::Table", least=2)
        if name.startswith("Totals")
    ]
    allowed = [
        (actions, resource)
        for actions, resource in permissions(variant, "TotalsRole")
        if actions[0].startswith("dynamodb:")
    ]
    assert (["dynamodb:UpdateItem"], totals) in allowed
    [(reading, stream)] = [each for each in allowed if each[1] != totals]
    assert not {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"} & set(reading)
    assert json.dumps(stream).endswith('"/stream/*"]]}')
    [mapping] = [
        m
        for m in properties(variant, "AWS::Lambda::EventSourceMapping")
        if m.get("TumblingWindowInSeconds")
    ]
    assert mapping["MaximumRetryAttempts"] == -1


def test_no_role_may_read_or_write_an_object(variant: Template) -> None:
    actions = {a for s in role_statements(variant) for a in as_list(s["Action"])}
    assert {action for action in actions if action.startswith("s3:")} <= {
        "s3:ListBucket",
        "s3:ListBucketVersions",
        "s3:PutBucketNotification",
    }


def test_ingest_uses_the_data_key_through_dynamodb_only(variant: Template) -> None:
    data = key(variant, "objects, catalog rows")
    [role] = [
        r
        for name, r in resources(variant, "AWS::IAM::Role").items()
        if name.startswith("IngestRole")
    ]
    allowed = role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    statements = [s for s in allowed if s["Resource"] == data]
    assert statements
    for statement in statements:
        assert statement["Action"] == "kms:Decrypt"
        assert "dynamodb." in json.dumps(statement["Condition"]["StringEquals"]["kms:ViaService"])


def test_the_bucket_blocks_public_access(variant: Template) -> None:
    for bucket in properties(variant, "AWS::S3::Bucket"):
        assert bucket["PublicAccessBlockConfiguration"] == {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        }
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}


def policies(template: Template) -> list[list[Any]]:
    kinds = {"AWS::S3::BucketPolicy": 1, "AWS::SQS::QueuePolicy": 1, "AWS::SNS::TopicPolicy": 1}
    return [
        p["PolicyDocument"]["Statement"]
        for kind, least in kinds.items()
        for p in properties(template, kind, least)
    ]


def test_no_policy_allows_every_principal(variant: Template) -> None:
    for statement in (s for policy in policies(variant) for s in policy):
        assert statement["Effect"] == "Deny" or statement["Principal"] not in (
            "*",
            {"AWS": "*"},
        )


def test_bucket_queues_and_topics_deny_requests_without_tls(variant: Template) -> None:
    for policy in policies(variant):
        assert {"Bool": {"aws:SecureTransport": "false"}} in [
            statement.get("Condition") for statement in policy if statement["Effect"] == "Deny"
        ]


# Events


def overlapping(one: Any, other: Any) -> bool:
    """Whether S3 would refuse both in one bucket: an event of both for a key that both match."""

    def rules(configuration: Any) -> dict[str, str]:
        listed = configuration.get("Filter", {}).get("Key", {}).get("FilterRules", [])
        return {rule["Name"].lower(): rule["Value"] for rule in listed}

    def nested(a: str, b: str) -> bool:
        return a.startswith(b) or b.startswith(a)

    events = any(
        nested(a.rstrip("*"), b.rstrip("*")) for a in one["Events"] for b in other["Events"]
    )
    first, second = rules(one), rules(other)
    return (
        events
        and nested(first.get("prefix", ""), second.get("prefix", ""))
        and nested(first.get("suffix", "")[::-1], second.get("suffix", "")[::-1])
    )


def test_no_two_notifications_overlap(variant: Template) -> None:
    for one, other in combinations(notifications(variant), 2):
        assert not overlapping(one, other)


@pytest.mark.parametrize(
    ("one", "other", "refused"),
    [
        (("s3:ObjectCreated:*", "", ""), ("s3:ObjectCreated:Put", "", ""), True),
        (("s3:ObjectCreated:*", "", ""), ("s3:ObjectRemoved:*", "", ""), False),
        (("s3:ObjectCreated:*", "a/", ""), ("s3:ObjectCreated:*", "a/b/", ""), True),
        (("s3:ObjectCreated:*", "a/", ""), ("s3:ObjectCreated:*", "b/", ""), False),
        (("s3:ObjectCreated:*", "a/", ".jpg"), ("s3:ObjectCreated:*", "a/", ".png"), False),
        (("s3:ObjectCreated:*", "a/", ".gz"), ("s3:ObjectCreated:*", "", ".tar.gz"), True),
    ],
)
def test_overlap_is_as_s3_defines_it(
    one: tuple[str, str, str], other: tuple[str, str, str], refused: bool
) -> None:
    def configuration(event: str, prefix: str, suffix: str) -> Any:
        rules = [{"Name": "prefix", "Value": prefix}, {"Name": "suffix", "Value": suffix}]
        return {"Events": [event], "Filter": {"Key": {"FilterRules": rules}}}

    assert overlapping(configuration(*one), configuration(*other)) is refused


def test_failed_events_of_the_alias_go_to_the_dead_letter_queue(variant: Template) -> None:
    [alias] = resources(variant, "AWS::Lambda::Alias")
    [configured] = [
        p
        for p in properties(variant, "AWS::Lambda::EventInvokeConfig")
        if alias in json.dumps(p["Qualifier"])
    ]
    assert configured["MaximumRetryAttempts"] == 2
    assert configured["MaximumEventAgeInSeconds"] == 6 * 3600
    assert configured["DestinationConfig"]["OnFailure"] == {"Destination": failures(variant)}


def test_ingest_runs_as_documented(template: Template) -> None:
    [function] = [
        f
        for f in properties(template, "AWS::Lambda::Function")
        if f["Handler"] == "handlers.ingest.handler"
    ]
    assert function["Timeout"] == 30
    assert function["MemorySize"] == 256
    assert function["Runtime"] == "python3.13"
    assert function["Architectures"] == ["arm64"]
    assert function["LoggingConfig"]["LogFormat"] == "JSON"
    assert "LogGroup" in function["LoggingConfig"]
    assert function["Environment"]["Variables"].keys() == {
        "BUCKET_NAME",
        "SHARDS",
        "TABLE_NAME",
    }


@pytest.mark.parametrize(
    ("handler", "seconds", "mib"),
    [
        ("ingest.handler", 30, 256),
        ("totals.handler", 60, 256),
        ("publish.handler", 60, 256),
        ("pre_traffic.handler", 300, 256),
        ("post_traffic.handler", 60, 256),
    ],
)
def test_each_function_has_its_timeout_and_memory(
    template: Template, handler: str, seconds: int, mib: int
) -> None:
    [function] = [
        f
        for f in properties(template, "AWS::Lambda::Function")
        if f["Handler"] == f"handlers.{handler}"
    ]
    assert (function["Timeout"], function["MemorySize"]) == (seconds, mib)


# Data


def test_the_table_streams_both_images_and_has_point_in_time_recovery(template: Template) -> None:
    catalog = catalog_table(template)["Fn::GetAtt"][0]
    tables = resources(template, "AWS::DynamoDB::Table", least=2)
    assert tables[catalog]["Properties"]["StreamSpecification"] == {
        "StreamViewType": "NEW_AND_OLD_IMAGES"
    }
    for table in (each["Properties"] for each in tables.values()):
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["BillingMode"] == "PAY_PER_REQUEST"


def test_noncurrent_versions_and_incomplete_uploads_expire(template: Template) -> None:
    [bucket] = properties(template, "AWS::S3::Bucket")
    rules = bucket["LifecycleConfiguration"]["Rules"]
    by_age, by_number = (
        r["NoncurrentVersionExpiration"] for r in rules if "NoncurrentVersionExpiration" in r
    )
    # Both limits in one rule would keep what either of them keeps.
    assert by_age == {"NoncurrentDays": 30}
    assert by_number == {"NoncurrentDays": 1, "NewerNoncurrentVersions": 100}
    assert [r for r in rules if "AbortIncompleteMultipartUpload" in r]
    assert all(rule["Status"] == "Enabled" for rule in rules)


def test_a_sandbox_retains_nothing(variant: Template) -> None:
    policies = {name: r.get("DeletionPolicy") for name, r in variant["Resources"].items()}
    assert "Retain" not in policies.values()
    assert resources(variant, "Custom::S3AutoDeleteObjects")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_production_retains_and_protects_data(
    synthesise: Callable[..., Path], transport: str
) -> None:
    assembly = synthesise(
        stage="production", transport=transport, reconcile="nightly", kinesis="true"
    )
    template = read(assembly)
    for kind in (
        "AWS::S3::Bucket",
        "AWS::DynamoDB::Table",
        "AWS::KMS::Key",
        "AWS::SQS::Queue",
        "AWS::Logs::LogGroup",
    ):
        for resource in resources(template, kind).values():
            assert resource["DeletionPolicy"] == "Retain"
            assert resource["UpdateReplacePolicy"] == "Retain"
    # It costs by the hour, and has copies of the last day only.
    [stream] = resources(template, "AWS::Kinesis::Stream").values()
    assert stream["DeletionPolicy"] == "Delete"
    assert stream["UpdateReplacePolicy"] == "Delete"
    for table in properties(template, "AWS::DynamoDB::Table", least=2):
        assert table["DeletionProtectionEnabled"] is True
    assert "Custom::S3AutoDeleteObjects" not in json.dumps(template)
    manifest = json.loads((assembly / "manifest.json").read_text())
    assert manifest["artifacts"]["Catalog"]["properties"]["terminationProtection"] is True


# Where it can be deployed


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_local_template_differs_by_the_limits_of_the_emulator_only(
    synthesise: Callable[..., Path], transport: str
) -> None:
    local = read(synthesise(transport=transport, local="true"))["Resources"]
    theirs = read(synthesise(transport=transport, canary="off"))["Resources"]
    missing = theirs.keys() - local.keys()
    assert all(
        re.search("AutoDeleteObjects|EmptyingLogs", name)
        or theirs[name]["Type"] in ("AWS::Lambda::Version", "AWS::Logs::QueryDefinition")
        for name in missing
    )
    assert not local.keys() - theirs.keys()
    changed = {name for name in local if local[name] != theirs[name]}
    assert {local[name]["Type"] for name in changed} == {
        "AWS::S3::Bucket",  # loses a tag, and its policy a statement, for the custom resource
        "AWS::S3::BucketPolicy",
        "AWS::Lambda::Alias",  # points to $LATEST
        "AWS::Lambda::Function",  # `publish` fails whole batches, `totals` has one shard
        "AWS::IAM::Role",  # sns:PublishBatch, no permission of its own in AWS
    }


def test_the_template_is_for_any_account_and_region(synthesise: Callable[..., Path]) -> None:
    assembly = synthesise()
    manifest = json.loads((assembly / "manifest.json").read_text())
    assert manifest["artifacts"]["Catalog"]["environment"] == "aws://unknown-account/unknown-region"
    assert "missing" not in manifest
