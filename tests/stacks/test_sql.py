"""The Sql template."""

import json
import re
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.conftest import (
    Template,
    arn,
    as_list,
    key,
    permissions,
    properties,
    read,
    resources,
)
from tests.stacks.test_workers import Both, both

Synthesise = Callable[..., Path]


@pytest.fixture(scope="session")
def stacks(synthesise: Synthesise) -> Both:
    return both(synthesise(sql="true"), "Sql")


@pytest.fixture(scope="session")
def sql(stacks: Both) -> Template:
    return stacks[0]


@pytest.fixture(scope="session")
def data_key(stacks: Both) -> Any:
    return key(stacks[1], "objects, catalog rows")


@pytest.fixture(scope="session")
def queue_key(stacks: Both) -> Any:
    return key(stacks[1], "queues")


def cluster(template: Template) -> Any:
    [found] = properties(template, "AWS::RDS::DBCluster")
    return found


def test_by_default_there_is_no_mirror(synthesise: Synthesise, template: Template) -> None:
    assert not (synthesise() / "Sql.template.json").exists()
    kinds = {resource["Type"] for resource in template["Resources"].values()}
    assert not [kind for kind in kinds if kind.startswith(("AWS::RDS::", "AWS::SecretsManager::"))]


# The database


def test_the_cluster_is_aurora_mysql_with_long_term_support(sql: Template) -> None:
    assert cluster(sql)["Engine"] == "aurora-mysql"
    assert re.fullmatch(r"8\.0\.mysql_aurora\.3\.10\.\d+", cluster(sql)["EngineVersion"])
    assert cluster(sql)["AutoMinorVersionUpgrade"] is False
    for instance in properties(sql, "AWS::RDS::DBInstance"):
        assert instance["AutoMinorVersionUpgrade"] is False


def test_the_cluster_pauses_at_zero_and_grows_to_the_setting(synthesise: Synthesise) -> None:
    template, _ = both(synthesise(sql="true", sql_max_acu="16", sql_readers="15"), "Sql")
    scaling = cluster(template)["ServerlessV2ScalingConfiguration"]
    assert scaling == {"MinCapacity": 0, "MaxCapacity": 16, "SecondsUntilAutoPause": 300}
    instances = properties(template, "AWS::RDS::DBInstance")
    assert len(instances) == 16
    assert {instance["DBInstanceClass"] for instance in instances} == {"db.serverless"}
    # The first is as large as the writer, for a failover; the others may be small.
    assert sorted(instance["PromotionTier"] for instance in instances) == [0, 1, *[2] * 14]


def test_without_readers_there_is_one_instance(sql: Template) -> None:
    assert len(properties(sql, "AWS::RDS::DBInstance")) == 1


def test_cluster_and_secrets_are_under_the_data_key(sql: Template, data_key: Any) -> None:
    assert cluster(sql)["StorageEncrypted"] is True
    assert cluster(sql)["KmsKeyId"] == data_key
    assert cluster(sql)["ManageMasterUserPassword"] is True
    assert cluster(sql)["MasterUserSecret"] == {"KmsKeyId": data_key}
    assert "MasterUserPassword" not in cluster(sql)
    for secret in properties(sql, "AWS::SecretsManager::Secret"):
        assert secret["KmsKeyId"] == data_key
    for group in properties(sql, "AWS::Logs::LogGroup"):
        assert group["KmsKeyId"] == data_key


def test_connections_need_tls(sql: Template) -> None:
    [group] = resources(sql, "AWS::RDS::DBClusterParameterGroup")
    assert cluster(sql)["DBClusterParameterGroupName"] == {"Ref": group}
    assert properties(sql, "AWS::RDS::DBClusterParameterGroup")[0]["Parameters"] == {
        "require_secure_transport": "ON"
    }


def test_the_data_api_serves_the_database_of_the_code(sql: Template) -> None:
    assert cluster(sql)["EnableHttpEndpoint"] is True
    assert cluster(sql)["DatabaseName"] == "catalog"


def test_the_readers_password_can_be_quoted(sql: Template) -> None:
    [secret] = properties(sql, "AWS::SecretsManager::Secret")
    generated = secret["GenerateSecretString"]
    assert json.loads(generated["SecretStringTemplate"]) == {"username": "reader"}
    assert set(generated["ExcludeCharacters"]) == set(string.punctuation)
    # Otherwise Secrets Manager requires one of the excluded characters.
    assert generated["RequireEachIncludedType"] is False
    assert generated["PasswordLength"] == 32


def test_the_cluster_is_in_three_zones(sql: Template) -> None:
    subnets = resources(sql, "AWS::EC2::Subnet")
    assert [s["Properties"]["AvailabilityZone"] for s in subnets.values()] == [
        {"Fn::Select": [n, {"Fn::GetAZs": ""}]} for n in range(3)
    ]
    [group] = properties(sql, "AWS::RDS::DBSubnetGroup")
    assert group["SubnetIds"] == [{"Ref": name} for name in subnets]


def test_the_network_has_no_route_in_or_out(sql: Template) -> None:
    kinds = {resource["Type"] for resource in sql["Resources"].values()}
    assert not kinds & {
        "AWS::EC2::EIP",
        "AWS::EC2::InternetGateway",
        "AWS::EC2::NatGateway",
        "AWS::EC2::Route",
        "AWS::EC2::SecurityGroupIngress",
        "AWS::EC2::VPCEndpoint",
    }
    assert not [kind for kind in kinds if kind.startswith("Custom::")]
    for subnet in properties(sql, "AWS::EC2::Subnet"):
        assert subnet["MapPublicIpOnLaunch"] is False
    for instance in properties(sql, "AWS::RDS::DBInstance"):
        assert instance["PubliclyAccessible"] is False
    [group] = properties(sql, "AWS::EC2::SecurityGroup")
    assert "SecurityGroupIngress" not in group
    assert [rule["CidrIp"] for rule in group["SecurityGroupEgress"]] == ["255.255.255.255/32"]
    for function in properties(sql, "AWS::Lambda::Function"):
        assert "VpcConfig" not in function


def test_a_sandbox_retains_nothing(sql: Template) -> None:
    policies = {resource.get("DeletionPolicy") for resource in sql["Resources"].values()}
    assert policies == {None, "Delete"}
    assert cluster(sql)["BackupRetentionPeriod"] == 7
    assert cluster(sql)["DeletionProtection"] is False


def test_production_is_deleted_with_a_final_snapshot(synthesise: Synthesise) -> None:
    """All of the database is deleted: what remained would use, and so keep, the rest."""
    assembly = synthesise(sql="true", stage="production", sql_readers="1")
    template = read(assembly, "Sql")
    policies = {
        name: {resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy")}
        for name, resource in template["Resources"].items()
    }
    [name] = resources(template, "AWS::RDS::DBCluster")
    assert policies.pop(name) == {"Snapshot"}
    kept = {name for name, policy in policies.items() if policy == {"Retain"}}
    assert {template["Resources"][name]["Type"] for name in kept} == {
        "AWS::SQS::Queue",
        "AWS::Logs::LogGroup",
    }
    assert all(policies[name] <= {None, "Delete"} for name in policies.keys() - kept)
    assert cluster(template)["DeletionProtection"] is False
    assert cluster(template)["BackupRetentionPeriod"] == 35
    manifest = json.loads((assembly / "manifest.json").read_text())
    assert manifest["artifacts"]["Sql"]["properties"]["terminationProtection"] is True


# The queue of changes


def cluster_arn(name: str) -> Any:
    parts = [
        "arn:",
        {"Ref": "AWS::Partition"},
        ":rds:",
        {"Ref": "AWS::Region"},
        ":",
        {"Ref": "AWS::AccountId"},
        ":cluster:",
        {"Ref": name},
    ]
    return {"Fn::Join": ["", parts]}


def test_mirror_has_these_permissions_only(sql: Template, data_key: Any, queue_key: Any) -> None:
    [name] = resources(sql, "AWS::RDS::DBCluster")
    [reader] = resources(sql, "AWS::SecretsManager::Secret")
    assert permissions(sql, "MirrorRole") == [
        (
            [
                "rds-data:BeginTransaction",
                "rds-data:ExecuteStatement",
                "rds-data:RollbackTransaction",
            ],
            cluster_arn(name),
        ),
        (
            ["secretsmanager:GetSecretValue"],
            [
                {"Fn::GetAtt": [name, "MasterUserSecret.SecretArn"]},
                {"Fn::GetAtt": [reader, "Id"]},
            ],
        ),
        (["kms:Decrypt"], data_key),
        (
            ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
            arn(sql, "AWS::SQS::Queue", "Changes"),
        ),
        (["kms:Decrypt"], queue_key),
        (
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            arn(sql, "AWS::Logs::LogGroup", "Mirror"),
        ),
    ]
    assert not resources(sql, "AWS::IAM::Policy", least=0)
    for role in properties(sql, "AWS::IAM::Role"):
        assert "ManagedPolicyArns" not in role


def test_mirror_uses_the_keys_through_services_only(sql: Template) -> None:
    [role] = properties(sql, "AWS::IAM::Role")
    through = [
        statement["Condition"]["StringEquals"]["kms:ViaService"]["Fn::Join"][1][0]
        for statement in role["Policies"][0]["PolicyDocument"]["Statement"]
        if "kms:Decrypt" in as_list(statement["Action"])
    ]
    assert through == ["secretsmanager.", "sqs."]


def test_all_changes_are_delivered_raw_and_retried_for_20_hours(stacks: Both) -> None:
    sql, catalog = stacks
    [topic] = [
        name
        for name, resource in resources(catalog, "AWS::SNS::Topic").items()
        if resource["Properties"].get("FifoTopic")
    ]
    failures = arn(sql, "AWS::SQS::Queue", "Failures")
    [subscription] = properties(sql, "AWS::SNS::Subscription")
    assert subscription == {
        "Protocol": "sqs",
        "TopicArn": {"Ref": topic},
        "Endpoint": arn(sql, "AWS::SQS::Queue", "Changes"),
        "RawMessageDelivery": True,
        "RedrivePolicy": {"deadLetterTargetArn": failures},
    }
    [queue] = [q for q in properties(sql, "AWS::SQS::Queue") if "RedrivePolicy" in q]
    assert queue["RedrivePolicy"] == {"deadLetterTargetArn": failures, "maxReceiveCount": 100}
    assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600
    [function] = properties(sql, "AWS::Lambda::Function")
    assert queue["VisibilityTimeout"] == 6 * function["Timeout"]
    assert 100 * queue["VisibilityTimeout"] > 16 * 3600


def test_mirror_receives_batches_and_reports_failed_messages(sql: Template) -> None:
    [mapping] = properties(sql, "AWS::Lambda::EventSourceMapping")
    assert mapping["EventSourceArn"] == arn(sql, "AWS::SQS::Queue", "Changes")
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert (mapping["BatchSize"], mapping["MaximumBatchingWindowInSeconds"]) == (100, 1)
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 5}


def test_queues_are_under_the_queue_key_and_accept_tls_and_this_topic_only(
    stacks: Both, queue_key: Any
) -> None:
    sql, catalog = stacks
    for queue in properties(sql, "AWS::SQS::Queue", least=2):
        assert queue["KmsMasterKeyId"] == queue_key
    for policy in properties(sql, "AWS::SQS::QueuePolicy", least=2):
        statements = policy["PolicyDocument"]["Statement"]
        [allow] = [each for each in statements if each["Effect"] == "Allow"]
        assert {"Bool": {"aws:SecureTransport": "false"}} in [
            each["Condition"] for each in statements if each["Effect"] == "Deny"
        ]
        assert allow["Principal"] == {"Service": "sns.amazonaws.com"}
        [topic] = allow["Condition"]["ArnEquals"].values()
        assert topic["Ref"] in resources(catalog, "AWS::SNS::Topic")


def test_the_data_key_serves_the_database_and_the_logs_of_the_mirror(stacks: Both) -> None:
    _, catalog = stacks
    [data] = [k for k in properties(catalog, "AWS::KMS::Key") if "objects" in k["Description"]]
    statements = {s["Sid"]: s for s in data["KeyPolicy"]["Statement"]}

    def services(sid: str) -> set[str]:
        names = statements[sid]["Condition"]["StringEquals"]["kms:ViaService"]
        return {name["Fn::Join"][1][0].rstrip(".") for name in names}

    assert services("UseThroughServicesOfSql") == {"rds", "secretsmanager"}
    assert services("LetServicesOfSqlKeepUsing") == {"rds", "secretsmanager"}
    group = json.dumps(statements["EncryptLogsOfSql"]["Condition"])
    assert ":log-group:Sql-*" in group


# Where it can be deployed


def test_the_local_template_lacks_the_cluster_its_network_and_saved_queries_only(
    synthesise: Synthesise, sql: Template
) -> None:
    local = read(synthesise(sql="true", local="true"), "Sql")
    missing = sql["Resources"].keys() - local["Resources"].keys()
    assert {
        kind.split("::")[1]
        for kind in (sql["Resources"][name]["Type"] for name in missing)
        if kind != "AWS::Logs::QueryDefinition"  # (limit no_saved_queries)
    } == {"EC2", "RDS"}
    assert {
        local["Resources"][name]["Type"]
        for name in local["Resources"].keys() - sql["Resources"].keys()
    } == {"AWS::SecretsManager::Secret"}
    [function] = properties(local, "AWS::Lambda::Function")
    assert function["Environment"]["Variables"]["AWS_ENDPOINT_URL_RDS_DATA"] == {"Ref": "DataApi"}
    [theirs] = properties(sql, "AWS::Lambda::Function")
    assert theirs["Environment"]["Variables"].keys() == {
        "BUCKET_NAME",
        "CLUSTER_ARN",
        "READER_SECRET_ARN",
        "SECRET_ARN",
    }


def test_other_buckets_change_nothing_but_the_name_of_the_own_one(
    synthesise: Synthesise, sql: Template
) -> None:
    with_others, _ = both(synthesise(sql="true", buckets="create,photos-prod"), "Sql")
    assert with_others == sql
    attached, _ = both(synthesise(sql="true", buckets="photos-prod,logs-prod/2026/"), "Sql")
    [name] = resources(sql, "AWS::Lambda::Function")
    variables = attached["Resources"][name]["Properties"]["Environment"]["Variables"]
    own = sql["Resources"][name]["Properties"]["Environment"]["Variables"]["BUCKET_NAME"]
    assert attached["Resources"].keys() == sql["Resources"].keys()
    assert "BUCKET_NAME" not in variables
    variables["BUCKET_NAME"] = own
    assert attached == sql


def test_the_template_is_for_any_account_and_region(synthesise: Synthesise) -> None:
    manifest = json.loads((synthesise(sql="true") / "manifest.json").read_text())
    assert manifest["artifacts"]["Sql"]["environment"] == "aws://unknown-account/unknown-region"
    assert "missing" not in manifest
