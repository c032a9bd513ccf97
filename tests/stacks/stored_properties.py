"""Properties of resources on moto, as the APIs of its services return them.

They have the paths that templates have, such as `SSESpecification.KMSMasterKeyId`.
"""

import ast
import json
from collections.abc import Callable, Mapping
from typing import Any

Client = Callable[[str], Any]
"""A function that returns boto3's client for a service."""

Properties = dict[str, Any]
"""Values by path; None is a property that the resource has not."""


def _bucket(client: Client, name: str, _: Properties) -> Properties:
    s3 = client("s3")
    try:
        [rule] = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    except s3.exceptions.ClientError:
        rule = {}
    try:
        block = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    except s3.exceptions.ClientError:
        block = None
    rules = "BucketEncryption.ServerSideEncryptionConfiguration.0"
    return {
        f"{rules}.BucketKeyEnabled": rule.get("BucketKeyEnabled"),
        f"{rules}.ServerSideEncryptionByDefault": rule.get("ApplyServerSideEncryptionByDefault"),
        "PublicAccessBlockConfiguration": block,
        "VersioningConfiguration.Status": s3.get_bucket_versioning(Bucket=name).get("Status"),
    }


def _table(client: Client, name: str, _: Properties) -> Properties:
    dynamodb = client("dynamodb")
    table = dynamodb.describe_table(TableName=name)["Table"]
    encryption = table.get("SSEDescription", {})
    backups = dynamodb.describe_continuous_backups(TableName=name)
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    return {
        "AttributeDefinitions": table["AttributeDefinitions"],
        "BillingMode": table["BillingModeSummary"]["BillingMode"],
        "KeySchema": table["KeySchema"],
        "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled": (
            recovery["PointInTimeRecoveryStatus"] == "ENABLED"
        ),
        "SSESpecification.KMSMasterKeyId": encryption.get("KMSMasterKeyArn"),
        "StreamSpecification.StreamViewType": table.get("StreamSpecification", {}).get(
            "StreamViewType"
        ),
    }


def _stream(client: Client, name: str, _: Properties) -> Properties:
    stream = client("kinesis").describe_stream(StreamName=name)["StreamDescription"]
    return {"StreamEncryption.KeyId": stream.get("KeyId")}


def _queue(client: Client, url: str, _: Properties) -> Properties:
    reply = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    attributes = reply["Attributes"]
    redrive = attributes.get("RedrivePolicy")
    return {
        "KmsMasterKeyId": attributes.get("KmsMasterKeyId"),
        "MessageRetentionPeriod": int(attributes["MessageRetentionPeriod"]),
        "RedrivePolicy": redrive and json.loads(redrive),
        "VisibilityTimeout": int(attributes["VisibilityTimeout"]),
    }


def _topic(client: Client, arn: str, _: Properties) -> Properties:
    attributes = client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]
    return {
        "FifoTopic": attributes.get("FifoTopic") == "true",
        "KmsMasterKeyId": attributes.get("KmsMasterKeyId"),
    }


def _key(client: Client, key_id: str, _: Properties) -> Properties:
    kms = client("kms")
    rotation = kms.get_key_rotation_status(KeyId=key_id)
    return {
        "EnableKeyRotation": rotation["KeyRotationEnabled"],
        # An object, where KMS has a text.
        "KeyPolicy": kms.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"],
        "RotationPeriodInDays": rotation.get("RotationPeriodInDays"),
    }


def _log_group(client: Client, name: str, _: Properties) -> Properties:
    groups = client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    [group] = [each for each in groups if each["logGroupName"] == name]
    return {
        "KmsKeyId": group.get("kmsKeyId"),
        "RetentionInDays": group.get("retentionInDays"),
    }


def _function(client: Client, name: str, _: Properties) -> Properties:
    found = client("lambda").get_function_configuration(FunctionName=name)
    return {
        "Environment": found.get("Environment"),
        "Handler": found["Handler"],
        "KmsKeyArn": found.get("KMSKeyArn"),
        "MemorySize": found["MemorySize"],
        "Role": found["Role"],
        "Runtime": found["Runtime"],
        "Timeout": found["Timeout"],
    }


def _event_source_mapping(client: Client, uuid: str, _: Properties) -> Properties:
    found = client("lambda").get_event_source_mapping(UUID=uuid)
    return {
        "BatchSize": found["BatchSize"],
        "DestinationConfig": found.get("DestinationConfig"),
        "EventSourceArn": found["EventSourceArn"],
        "FunctionName": found["FunctionArn"].rpartition(":")[2],
    }


def _role(client: Client, name: str, expected: Properties) -> Properties:
    iam = client("iam")
    own = {each["PolicyName"] for each in expected.get("Policies", [])}
    return {
        "AssumeRolePolicyDocument": iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"],
        "Policies": [
            {"PolicyName": each, "PolicyDocument": _inline_policy(iam, name, each)}
            for each in iam.list_role_policies(RoleName=name)["PolicyNames"]
            # Others are resources of their own.
            if each in own
        ],
    }


def _policy(client: Client, _: str, expected: Properties) -> Properties:
    [role] = expected["Roles"]
    return {"PolicyDocument": _inline_policy(client("iam"), role, expected["PolicyName"])}


def _inline_policy(iam: Any, role: str, name: str) -> Any:
    document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    # That of a role's own policies is the text of a Python dictionary, where IAM has JSON.
    return ast.literal_eval(document) if isinstance(document, str) else document


def _managed_policy(client: Client, arn: str, _: Properties) -> Properties:
    version = client("iam").get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]
    return {"PolicyDocument": version["Document"]}


def _rule(client: Client, name: str, _: Properties) -> Properties:
    events = client("events")
    rule = events.describe_rule(Name=name)
    return {
        "EventPattern": json.loads(rule.get("EventPattern", "null")),
        "ScheduleExpression": rule.get("ScheduleExpression"),
        "State": rule["State"],
        "Targets": events.list_targets_by_rule(Rule=name)["Targets"],
    }


def _state_machine(client: Client, arn: str, _: Properties) -> Properties:
    found = client("stepfunctions").describe_state_machine(stateMachineArn=arn)
    return {"DefinitionString": found["definition"], "RoleArn": found["roleArn"]}


def _security_group(client: Client, group_id: str, _: Properties) -> Properties:
    [group] = client("ec2").describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    to_all = [{"CidrIp": "0.0.0.0/0"}]
    return {
        "GroupDescription": group["Description"],
        "SecurityGroupEgress": [
            {"IpProtocol": each["IpProtocol"], "CidrIp": "0.0.0.0/0"}
            for each in group["IpPermissionsEgress"]
            if each["IpRanges"] == to_all
        ],
        "SecurityGroupIngress": group["IpPermissions"],
    }


Read = Callable[[Client, str, Properties], Properties]
"""Takes clients, a physical id, and the properties in the template; returns what moto has."""

STORED: Mapping[str, Read] = {
    "AWS::DynamoDB::Table": _table,
    "AWS::EC2::SecurityGroup": _security_group,
    "AWS::Events::Rule": _rule,
    "AWS::IAM::ManagedPolicy": _managed_policy,
    "AWS::IAM::Policy": _policy,
    "AWS::IAM::Role": _role,
    "AWS::KMS::Key": _key,
    "AWS::Kinesis::Stream": _stream,
    "AWS::Lambda::EventSourceMapping": _event_source_mapping,
    "AWS::Lambda::Function": _function,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::S3::Bucket": _bucket,
    "AWS::SNS::Topic": _topic,
    "AWS::SQS::Queue": _queue,
    "AWS::StepFunctions::StateMachine": _state_machine,
}
"""How to read the properties of a type that are compared."""

DEFAULTS: Mapping[str, Properties] = {
    "AWS::EC2::SecurityGroup": {"SecurityGroupIngress": []},
    "AWS::Lambda::Function": {"MemorySize": 128},
    "AWS::SNS::Topic": {"FifoTopic": False},
    "AWS::SQS::Queue": {"VisibilityTimeout": 30},
}
"""What AWS takes for a property that the template leaves out."""

MAY_LACK = (
    # Dead-letter queues.
    ("Failures[0-9A-F]{8}: RedrivePolicy", "AWS::SQS::Queue"),
    # Totals are counted from the catalog's stream.
    ("/TotalsTable.*: StreamSpecification", "AWS::DynamoDB::Table"),
    # A rule has one of both.
    (": (EventPattern|ScheduleExpression)", "AWS::Events::Rule"),
    # A queue's messages go to its dead-letter queue.
    (": DestinationConfig", "AWS::Lambda::EventSourceMapping"),
    # Functions and roles of the CDK's own, whose policies are resources of their own.
    ("/(CustomS3AutoDelete|BucketNotificationsHandler).*: Environment", "AWS::Lambda::Function"),
    ("/(BucketNotifier|PipelineEventsRole)[0-9A-F]{8}: Policies", "AWS::IAM::Role"),
)
"""What a resource may be without: a pattern of `stack/logical id: path`, and the type."""
