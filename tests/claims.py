"""What docs/security.md says that a role could not do: for each phrase, the calls that it excludes.

The page has which role cannot do what. tests/local/test_claims.py makes the calls with the role's
permissions. tests/stacks/test_security.py compares the phrases with those of the page, and
evaluates the actions on services that the local cloud lacks.

A call names a resource of a template as `<Catalog/Table>` or, by its ARN, `<arn:Catalog/Table>`.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from tests.assembly import ROOT
from tests.template_roles import ACCOUNT, REGION, TemplateRoles

PAGE = (ROOT / "docs" / "security.md").read_text()

NOT_SHOWN = " (not shown)"
"""End of a phrase that no test shows."""


def table(heading: str) -> dict[str, list[str]]:
    """The rows of the page's table under `heading`: by what is in the first cell, the others."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (.*) \|$", section.split("\n### ")[0], re.MULTILINE)[1:]
    return {first.strip("`"): cells for first, *cells in (row.split(" | ") for row in rows)}


def could_not() -> list[tuple[str, str]]:
    """Each role with each phrase that tests must show."""
    return [
        (role, phrase)
        for role, cells in table("What an attacker could do").items()
        for phrase in cells[2].split("; ")
        if not phrase.endswith(NOT_SHOWN)
    ]


@dataclass(frozen=True)
class Call:
    """A call of the method `method` of boto3's client for `service`.

    `action` is the IAM action that it needs, by AWS's Service Authorization Reference.
    """

    service: str
    method: str
    action: str
    arguments: dict[str, Any]

    def make(self, client: Any, roles: TemplateRoles) -> None:
        """Make the call with `client`, on the resources that `roles` has."""
        getattr(client, self.method)(**json.loads(resolved(json.dumps(self.arguments), roles)))


@dataclass(frozen=True)
class Actions:
    """Actions on `resource`, for policies to be evaluated: the emulator lacks what they need."""

    names: tuple[str, ...]
    resource: str


_PREFIXES = {"dynamodbstreams": "dynamodb", "stepfunctions": "states"}
"""Prefixes of IAM actions that are not boto3's name of the service."""


def call(service: str, method: str, action: str = "", /, **arguments: Any) -> Call:
    """Return a call that needs `action`, by default the action of the operation's name."""
    operation = "".join(word.capitalize() for word in method.split("_"))
    prefix = _PREFIXES.get(service, service)
    return Call(service, method, f"{prefix}:{action or operation}", arguments)


def resolved(text: str, roles: TemplateRoles) -> str:
    """Return `text` with the names and ARNs of the resources in it."""
    text = re.sub("<arn:(.*?)>", lambda match: roles.arn(match[1]), text)
    return re.sub("<(.*?)>", lambda match: roles.name(match[1]), text)


def _in(bucket: str, **more: Any) -> dict[str, Any]:
    return {"Bucket": f"<{bucket}>", **more}


def _read(bucket: str) -> list[Call]:
    return [
        call("s3", "get_object", **_in(bucket, Key="k")),
        call("s3", "get_object", "GetObjectVersion", **_in(bucket, Key="k", VersionId="v")),
        call("s3", "head_object", "GetObject", **_in(bucket, Key="k")),
        call("s3", "select_object_content", "GetObject", **_in(bucket, Key="k", **_SELECT)),
    ]


def _write(bucket: str) -> list[Call]:
    return [
        call("s3", "put_object", **_in(bucket, Key="k", Body="x")),
        call("s3", "create_multipart_upload", "PutObject", **_in(bucket, Key="k")),
        call("s3", "put_object_tagging", **_in(bucket, Key="k", Tagging={"TagSet": []})),
    ]


def _delete(bucket: str) -> list[Call]:
    rule = {"ID": "all", "Status": "Enabled", "Prefix": "", "Expiration": {"Days": 1}}
    return [
        call("s3", "delete_object", **_in(bucket, Key="k")),
        call("s3", "delete_object", "DeleteObjectVersion", **_in(bucket, Key="k", VersionId="v")),
        call(
            "s3",
            "delete_objects",
            "DeleteObject",
            **_in(bucket, Delete={"Objects": [{"Key": "k"}]}),
        ),
        call("s3", "delete_bucket", **_in(bucket)),
        call(
            "s3",
            "put_bucket_lifecycle_configuration",
            "PutLifecycleConfiguration",
            **_in(bucket, LifecycleConfiguration={"Rules": [rule]}),
        ),
    ]


def _rows(method: str, **arguments: Any) -> Call:
    return call("dynamodb", method, TableName="<Catalog/Table>", **arguments)


def _statements(verb: str) -> Actions:
    # The emulator has another permission for all statements.
    return Actions((f"dynamodb:PartiQL{verb}",), "<arn:Catalog/Table>")


def _assume(role: str) -> Call:
    name = f"cdk-hnb659fds-{role}-role-{ACCOUNT}-{REGION}"
    return call(
        "sts",
        "assume_role",
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{name}",
        RoleSessionName="claims",
    )


_SELECT = {
    "Expression": "SELECT * FROM S3Object",
    "ExpressionType": "SQL",
    "InputSerialization": {"JSON": {"Type": "LINES"}},
    "OutputSerialization": {"JSON": {}},
}
_BUCKET = "Catalog/Bucket"
_ARTIFACTS = "Delivery/PipelineArtifacts"
_HISTORY = "Governance/RecorderHistory"
_TRAIL = "Governance/TrailBucket"
BUCKETS = [_BUCKET, _ARTIFACTS, _HISTORY, _TRAIL]
"""The buckets that calls name."""
_KEY = {"pk": {"S": "bucket#1#0"}, "sk": {"S": "k"}}

_QUERY = _rows(
    "query",
    KeyConditionExpression="pk = :pk",
    ExpressionAttributeValues={":pk": _KEY["pk"]},
)

READ_OBJECT = _read(_BUCKET)
CHANGE_OBJECT = [
    *_write(_BUCKET),
    *_delete(_BUCKET),
    call("s3", "put_bucket_policy", **_in(_BUCKET, Policy="{}")),
]
LIST_BUCKET = [
    call("s3", "list_objects_v2", "ListBucket", **_in(_BUCKET)),
    call("s3", "list_object_versions", "ListBucketVersions", **_in(_BUCKET)),
    call("s3", "list_multipart_uploads", "ListBucketMultipartUploads", **_in(_BUCKET)),
    call(
        "s3",
        "get_bucket_inventory_configuration",
        "GetInventoryConfiguration",
        **_in(_BUCKET, Id="i"),
    ),
]
LIST_ROWS: list[Call | Actions] = [
    _rows("scan"),
    _QUERY,
    _statements("Select"),
    call(
        "dynamodb",
        "export_table_to_point_in_time",
        TableArn="<arn:Catalog/Table>",
        S3Bucket="bucket",
    ),
]
READ_ROW: list[Call | Actions] = [
    _rows("get_item", Key=_KEY),
    call("dynamodb", "batch_get_item", RequestItems={"<Catalog/Table>": {"Keys": [_KEY]}}),
    call(
        "dynamodb",
        "transact_get_items",
        "GetItem",
        TransactItems=[{"Get": {"TableName": "<Catalog/Table>", "Key": _KEY}}],
    ),
    *LIST_ROWS,
]
DELETE_ROW: list[Call | Actions] = [
    _rows("delete_item", Key=_KEY),
    _statements("Delete"),
    call(
        "dynamodb",
        "batch_write_item",
        RequestItems={"<Catalog/Table>": [{"DeleteRequest": {"Key": _KEY}}]},
    ),
    call(
        "dynamodb",
        "transact_write_items",
        "DeleteItem",
        TransactItems=[{"Delete": {"TableName": "<Catalog/Table>", "Key": _KEY}}],
    ),
    _rows(
        "update_time_to_live",
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "last_modified"},
    ),
    _rows("delete_table"),
]
WRITE_ROW: list[Call | Actions] = [
    _rows("put_item", Item=_KEY),
    _rows("update_item", Key=_KEY),
    _statements("Insert"),
    _statements("Update"),
]
# A batch needs the same permission, but another one in the emulator.
PUBLISH = [
    call(
        "sns",
        "publish",
        TopicArn="<arn:Catalog/ChangesTopic>",
        Message="{}",
        MessageGroupId="g",
    ),
]
_QUEUES = [
    "Catalog/Failures",
    "Catalog/TotalsFailures",
    "Catalog/ChangesFailures",
    "Catalog/TransportEventsQueue",
    "Workers/ExamineDoorQueue",
    "Workers/WorkerDoorQueue",
    "Sql/MirrorChangesQueue",
]
_INGEST = "<arn:Catalog/IngestFunction>"
_IMAGES = {"repositoryName": f"cdk-hnb659fds-container-assets-{ACCOUNT}-{REGION}"}
_ROLE = {"RoleName": "<Catalog/IngestRole>"}
_DATA = {"KeyId": "<arn:Catalog/KeysData>"}
_NO_QUEUE = {"QueueArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:none", "Events": ["s3:ObjectCreated:*"]}
_BUILD = call("codebuild", "start_build", projectName="<Delivery/PipelineDeployProject>")
_DEPLOY = _assume("deploy")
_TASK = {"cluster": "<arn:Workers/WorkerFleetCluster>"}

CLAIMS: dict[str, list[Call | Actions]] = {
    "read an object": [*READ_OBJECT],
    "read, change or delete an object": [*READ_OBJECT, *CHANGE_OBJECT],
    "change or delete an object": [*CHANGE_OBJECT],
    "change or delete one elsewhere than below `.reinventure/smoke/`": [*CHANGE_OBJECT],
    "access the bucket": [*LIST_BUCKET, *READ_OBJECT, *CHANGE_OBJECT],
    "list the bucket": [*LIST_BUCKET],
    "list rows": [*LIST_ROWS],
    "delete a row": [*DELETE_ROW],
    "write or delete a row": [*WRITE_ROW, *DELETE_ROW],
    "access the table": [*READ_ROW, *WRITE_ROW, *DELETE_ROW],
    "read or delete a row that is not of the test (evaluated)": [
        Actions(("dynamodb:GetItem", "dynamodb:DeleteItem"), "<arn:Catalog/Table>")
    ],
    "write a row by itself": [*WRITE_ROW],
    "publish": [*PUBLISH],
    "read a message": [call("sqs", "receive_message", QueueUrl=f"<{queue}>") for queue in _QUEUES],
    "read a dead-letter queue": [
        call("sqs", "receive_message", QueueUrl=f"<{queue}>")
        for queue in _QUEUES
        if queue.endswith("Failures")
    ],
    "send to the dead-letter queue of `ingest`": [
        call("sqs", "send_message", QueueUrl="<Catalog/Failures>", MessageBody="{}")
    ],
    "invoke a function": [call("lambda", "invoke", "InvokeFunction", FunctionName=_INGEST)],
    "read a log": [
        call("logs", "get_log_events", logGroupName="/g", logStreamName="s"),
        call("logs", "filter_log_events", logGroupName="/g"),
        call("logs", "start_query", logGroupName="/g", startTime=0, endTime=1, queryString="q"),
    ],
    "push an image": [
        call("ecr", "put_image", **_IMAGES, imageManifest="{}", imageTag="t"),
        call("ecr", "initiate_layer_upload", **_IMAGES),
        call("ecr", "batch_delete_image", **_IMAGES, imageIds=[{"imageTag": "t"}]),
    ],
    "start, stop or define a task": [
        call("ecs", "run_task", **_TASK, taskDefinition="t"),
        call("ecs", "stop_task", **_TASK, task="t"),
        call("ecs", "update_service", **_TASK, service="s"),
        call("ecs", "register_task_definition", family="f", containerDefinitions=[]),
    ],
    "read an object under DATA (evaluated)": [
        Actions(("kms:Decrypt",), "<arn:Catalog/KeysData>"),
    ],
    "delete history": [
        *_delete(_HISTORY),
        *_write(_TRAIL),
        *_delete(_TRAIL),
        call("cloudtrail", "stop_logging", Name="Governance-trail"),
        call("cloudtrail", "delete_trail", Name="Governance-trail"),
    ],
    "publish a version": [
        call("lambda", "publish_version", FunctionName=_INGEST),
        call("lambda", "update_function_code", FunctionName=_INGEST, ZipFile="x"),
    ],
    "become a role of CDK": [
        _assume("deploy"),
        _assume("file-publishing"),
        _assume("image-publishing"),
    ],
    "start a build": [_BUILD],
    "read or replace an artifact": [*_read(_ARTIFACTS), *_write(_ARTIFACTS)],
    "replace an artifact": [*_write(_ARTIFACTS)],
    "read the source (evaluated)": [
        Actions(
            ("codecommit:GitPull", "codecommit:GetFile", "codecommit:GetBlob"),
            "<arn:Delivery/PipelineRepository>",
        )
    ],
    "write to the repository (evaluated)": [
        Actions(
            (
                "codecommit:GitPush",
                "codecommit:PutFile",
                "codecommit:DeleteFile",
                "codecommit:CreateCommit",
                "codecommit:CreateBranch",
                "codecommit:DeleteBranch",
                "codecommit:MergeBranchesByFastForward",
                "codecommit:MergePullRequestByFastForward",
                "codecommit:UpdateDefaultBranch",
                "codecommit:DeleteRepository",
            ),
            "<arn:Delivery/PipelineRepository>",
        )
    ],
    "change the pipeline (evaluated)": [
        Actions(
            (
                "codepipeline:UpdatePipeline",
                "codepipeline:DeletePipeline",
                "codepipeline:PutApprovalResult",
            ),
            "<arn:Delivery/Pipeline>",
        )
    ],
}
"""By phrase, what a role that has it must be denied."""

ESCALATIONS: dict[str, Call] = {
    "change its own role": call(
        "iam", "put_role_policy", **_ROLE, PolicyName="p", PolicyDocument="{}"
    ),
    "change who assumes a role": call(
        "iam", "update_assume_role_policy", **_ROLE, PolicyDocument="{}"
    ),
    "make an access key": call("iam", "create_access_key", UserName="user"),
    "become another role": _assume("lookup"),
    "use a key directly": call("kms", "generate_data_key", **_DATA, KeySpec="AES_256"),
    "change a key's policy": call(
        "kms", "put_key_policy", **_DATA, PolicyName="default", Policy="{}"
    ),
    "grant a key": call(
        "kms", "create_grant", **_DATA, GranteePrincipal="p", Operations=["Decrypt"]
    ),
    "delete a key": call("kms", "schedule_key_deletion", **_DATA),
    "change a function": call("lambda", "update_function_code", FunctionName=_INGEST, ZipFile="x"),
    "change its settings": call("lambda", "update_function_configuration", FunctionName=_INGEST),
    "change the policy of a bucket": call(
        "s3", "put_bucket_policy", **_in(_ARTIFACTS, Policy="{}")
    ),
    "copy the bucket elsewhere": call(
        "s3",
        "put_bucket_replication",
        "PutReplicationConfiguration",
        **_in(_BUCKET, ReplicationConfiguration={"Role": "r", "Rules": []}),
    ),
    "change the table's policy": call(
        "dynamodb", "put_resource_policy", ResourceArn="<arn:Catalog/Table>", Policy="{}"
    ),
    "change a queue": call(
        "sqs", "set_queue_attributes", QueueUrl="<Catalog/Failures>", Attributes={}
    ),
    "subscribe to changes": call(
        "sns", "subscribe", TopicArn="<arn:Catalog/ChangesTopic>", Protocol="sqs", Endpoint="e"
    ),
    "read a password": call("secretsmanager", "get_secret_value", SecretId="<arn:Sql/Reader>"),
    "change a stack": call("cloudformation", "delete_stack", StackName="Delivery"),
    "stop the trail": call("cloudtrail", "stop_logging", Name="Governance-trail"),
}
"""What no role could do, but for `POWERS_TO_ESCALATE`."""

POWERS_TO_ESCALATE = {
    ("CustomS3AutoDeleteObjectsCustomResourceProviderRole", "change the policy of a bucket"),
    ("MirrorRole", "read a password"),
}
"""The exceptions, which the table of the page has."""

POWERS: dict[str, Call | Actions] = {
    "IngestRole": LIST_BUCKET[1],
    # A totals row has another key: refused by the table, as the others here by what they name.
    "TotalsRole": call(
        "dynamodb", "update_item", TableName="<Catalog/TotalsTable>", Key={"none": {"S": "k"}}
    ),
    "ChangesPublishRole": call(
        "sns", "publish", TopicArn="<arn:Catalog/ChangesTopic>", Message="no group"
    ),
    "BucketNotifier": call(
        "s3",
        "put_bucket_notification_configuration",
        "PutBucketNotification",
        **_in(_BUCKET, NotificationConfiguration={"QueueConfigurations": [_NO_QUEUE]}),
    ),
    "AttachedSwitchRole": Actions(("events:ListRules",), "*"),
    "AttachedCheckRole": Actions(("s3:GetBucketNotification",), "arn:aws:s3:::photos-prod"),
    "ReconcilePlannerRole": LIST_BUCKET[0],
    "ReconcileWorkerRole": _QUERY,
    "ReconcileResultRole": call(
        "dynamodb",
        "update_item",
        TableName="<Catalog/TotalsTable>",
        Key={"pk": {"S": "#verified"}, "none": {"S": "k"}},
    ),
    "ReconcileRole": call("logs", "describe_log_groups"),
    "ReconcileStarter": call(
        "stepfunctions", "start_execution", stateMachineArn="<arn:Catalog/ReconcileMachine>"
    ),
    "ExamineRole": READ_OBJECT[0],
    "WorkerRole": READ_OBJECT[0],
    "WorkerExecutionRole": call("ecr", "batch_get_image", **_IMAGES, imageIds=[{"imageTag": "t"}]),
    "WorkerFleetFlowLogRole": Actions(
        ("logs:DescribeLogStreams",), "<arn:Workers/WorkerFleetFlowLogs>:*"
    ),
    "WorkerFleetRole": call("ecs", "deregister_container_instance", **_TASK, containerInstance="i"),
    "MirrorRole": call("sqs", "receive_message", QueueUrl="<Sql/MirrorChangesQueue>"),
    "CustomS3AutoDeleteObjectsCustomResourceProviderRole": LIST_BUCKET[1],
    "RecorderRole": LIST_BUCKET[0],
    "CanaryBeforeRole": _rows("get_item", Key={**_KEY, "pk": {"S": "reinventure:probe#1#0"}}),
    "CanaryAfterRole": call(
        "cloudwatch", "get_metric_data", MetricDataQueries=[], StartTime=0, EndTime=1
    ),
    "CanaryRole": Actions(("lambda:UpdateAlias",), _INGEST),
    "PipelineRole": _BUILD,
    "PipelineEventsRole": Actions(
        ("codepipeline:StartPipelineExecution",), "<arn:Delivery/Pipeline>"
    ),
    "PipelineBuildRole": _write(_ARTIFACTS)[0],
    "PipelineUpdateRole": _DEPLOY,
    "PipelineDeployRole": _DEPLOY,
    "PipelinePublishRole": _DEPLOY,
    "PipelineSmokeRole": LIST_BUCKET[1],
}
"""Something that each role may do: a session that is refused everything would show nothing."""
