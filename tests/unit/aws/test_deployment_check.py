"""What a deployment would break is found by name before it begins."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import boto3
import pytest
from botocore.stub import Stubber

from reinventure.aws import deployment_check
from reinventure.aws.deployment_check import (
    require_dependent_stacks,
    require_empty_bucket,
    require_empty_queues,
    require_own_bucket_once,
)
from reinventure.errors import UserError

OURS = "reinventure: content inspection of a catalogued bucket"


class Account:
    """An account with the stacks that a test adds, and moto's queues."""

    def __init__(self) -> None:
        self.cloudformation = boto3.client("cloudformation", region_name="us-east-1")
        self.sqs = boto3.client("sqs", region_name="us-east-1")
        self.replies = Stubber(self.cloudformation)
        self.s3 = boto3.client("s3", region_name="us-east-1")
        clients = {"cloudformation": self.cloudformation, "sqs": self.sqs, "s3": self.s3}
        self.session = cast(
            "boto3.Session", SimpleNamespace(client=lambda name, **_: clients[name])
        )

    def missing(self, *stacks: str) -> None:
        for stack in stacks:
            self.replies.add_client_error(
                "describe_stacks",
                "ValidationError",
                f"Stack with id {stack} does not exist",
                expected_params={"StackName": stack},
            )

    def has(self, stack: str, *, description: str = OURS, status: str = "CREATE_COMPLETE") -> None:
        found = {
            "StackName": stack,
            "CreationTime": "2026-11-23T12:00:00Z",
            "StackStatus": status,
            "Description": description,
        }
        self.replies.add_response("describe_stacks", {"Stacks": [found]}, {"StackName": stack})

    def has_bucket(self, bucket: str, policy: str | None) -> None:
        """Let the stack Catalog have `bucket` under the id Bucket, with a deletion policy."""
        self.has("Catalog")
        self.has_resources("Catalog", ("Bucket", "AWS::S3::Bucket", bucket))
        if policy != "not asked for":
            resource = {"Type": "AWS::S3::Bucket"} | ({"DeletionPolicy": policy} if policy else {})
            template = json.dumps({"Resources": {"Bucket": resource}})
            self.replies.add_response(
                "get_template", {"TemplateBody": template}, {"StackName": "Catalog"}
            )

    def has_resources(self, stack: str, *resources: tuple[str, str, str]) -> None:
        summaries = [
            {
                "LogicalResourceId": logical_id,
                "ResourceType": kind,
                "PhysicalResourceId": physical_id,
                "LastUpdatedTimestamp": "2026-11-23T12:00:00Z",
                "ResourceStatus": "CREATE_COMPLETE",
            }
            for logical_id, kind, physical_id in resources
        ]
        self.replies.add_response(
            "list_stack_resources", {"StackResourceSummaries": summaries}, {"StackName": stack}
        )


@pytest.fixture
def account() -> Iterator[Account]:
    account = Account()
    with account.replies:
        yield account
        account.replies.assert_no_pending_responses()


@pytest.fixture
def queue(account: Account) -> str:
    """The URL of an empty queue."""
    return account.sqs.create_queue(QueueName=f"Catalog-Events-{uuid4()}")["QueueUrl"]


def assembly(folder: Path, **stacks: list[str]) -> Path:
    """What `cdk synth` writes for `stacks`, each with resources of these logical ids."""
    for stack, logical_ids in stacks.items():
        template: dict[str, Any] = {"Resources": {each: {} for each in logical_ids}}
        (folder / f"{stack}.template.json").write_text(json.dumps(template))
    return folder


# Stacks that depend on the catalog


@pytest.mark.parametrize(
    ("stack", "before", "settings", "setting"),
    [
        ("Workers", [], "workers=true", "workers=true"),
        ("Sql", ["Workers"], "sql=true", "sql=true"),
        (
            "Governance",
            ["Workers", "Sql"],
            "trail=create or trail=objects or config=create or config=existing",
            "trail=create",
        ),
    ],
)
def test_a_deployed_stack_that_is_not_to_be_deployed_is_refused_by_name(
    account: Account, tmp_path: Path, stack: str, before: list[str], settings: str, setting: str
) -> None:
    account.missing(*before)
    account.has(stack)
    with pytest.raises(UserError) as error:
        require_dependent_stacks(account.session, assembly(tmp_path, Catalog=[]))
    assert str(error.value) == (
        f"the stack {stack} is deployed and depends on the catalog, but its setting is off. "
        f"Set {settings} in cdk.json, or delete the stack first: `cdk destroy {stack} -c {setting}`"
    )


def test_stacks_that_are_to_be_deployed_are_accepted(account: Account, tmp_path: Path) -> None:
    folder = assembly(tmp_path, Catalog=[], Workers=[], Sql=[], Governance=[])
    require_dependent_stacks(account.session, folder)


def test_an_account_without_stacks_is_accepted(account: Account, tmp_path: Path) -> None:
    account.missing("Workers", "Sql", "Governance")
    require_dependent_stacks(account.session, assembly(tmp_path, Catalog=[]))


def test_a_stack_of_another_product_is_accepted(account: Account, tmp_path: Path) -> None:
    account.has("Workers", description="Ours since 2019")
    account.missing("Sql", "Governance")
    require_dependent_stacks(account.session, assembly(tmp_path, Catalog=[]))


@pytest.mark.parametrize("status", ["REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE"])
def test_a_stack_that_was_never_created_is_accepted(
    account: Account, tmp_path: Path, status: str
) -> None:
    account.has("Workers", status=status)
    account.missing("Sql", "Governance")
    require_dependent_stacks(account.session, assembly(tmp_path, Catalog=[]))


@pytest.mark.parametrize("status", ["UPDATE_ROLLBACK_COMPLETE", "DELETE_FAILED"])
def test_a_stack_in_another_state_is_refused(account: Account, tmp_path: Path, status: str) -> None:
    account.has("Workers", status=status)
    with pytest.raises(UserError, match=r"^the stack Workers is deployed"):
        require_dependent_stacks(account.session, assembly(tmp_path, Catalog=[]))


# Queues


def test_a_queue_with_messages_is_not_removed(account: Account, tmp_path: Path, queue: str) -> None:
    """Visible, in flight or delayed: each message is an event that would be lost."""
    account.sqs.send_message(QueueUrl=queue, MessageBody="in flight")
    assert account.sqs.receive_message(QueueUrl=queue, VisibilityTimeout=600)["Messages"]
    account.sqs.send_message(QueueUrl=queue, MessageBody="visible")
    account.sqs.send_message(QueueUrl=queue, MessageBody="delayed", DelaySeconds=600)
    account.has("Catalog")
    account.has_resources(
        "Catalog",
        ("Bucket", "AWS::S3::Bucket", "bucket"),
        ("Failures", "AWS::SQS::Queue", "https://not-asked"),
        ("Events", "AWS::SQS::Queue", queue),
    )
    with pytest.raises(UserError) as error:
        require_empty_queues(account.session, assembly(tmp_path, Catalog=["Failures"]))
    name = queue.rsplit("/", 1)[-1]
    assert str(error.value).startswith(
        f"the deployment would remove the queue {name} of the stack Catalog, with messages "
        "in it (about 3). Deploy again when it is empty: "
    )


def test_an_empty_queue_may_be_removed(account: Account, tmp_path: Path, queue: str) -> None:
    account.has("Catalog")
    account.has_resources("Catalog", ("Events", "AWS::SQS::Queue", queue))
    require_empty_queues(account.session, assembly(tmp_path, Catalog=[]))


def test_a_queue_that_stays_may_have_messages(account: Account, tmp_path: Path, queue: str) -> None:
    account.sqs.send_message(QueueUrl=queue, MessageBody="an event")
    account.has("Catalog")
    account.has_resources("Catalog", ("Events", "AWS::SQS::Queue", queue))
    require_empty_queues(account.session, assembly(tmp_path, Catalog=["Events"]))


def test_a_queue_that_was_deleted_by_hand_has_no_messages(
    account: Account, tmp_path: Path, queue: str
) -> None:
    account.sqs.delete_queue(QueueUrl=queue)
    account.has("Catalog")
    account.has_resources("Catalog", ("Events", "AWS::SQS::Queue", queue))
    require_empty_queues(account.session, assembly(tmp_path, Catalog=[]))


def test_the_queues_of_every_stack_are_checked(
    account: Account, tmp_path: Path, queue: str
) -> None:
    account.sqs.send_message(QueueUrl=queue, MessageBody="a change")
    account.missing("Catalog", "Workers")
    account.has("Sql")
    account.has_resources("Sql", ("Changes", "AWS::SQS::Queue", queue))
    folder = assembly(tmp_path, Catalog=[], Workers=[], Sql=[])
    with pytest.raises(UserError, match=r"of the stack Sql, with messages in it \(about 1\)"):
        require_empty_queues(account.session, folder)


# The bucket of its own


@pytest.fixture
def bucket(account: Account) -> str:
    """The name of a bucket with versions, empty."""
    name = f"catalog-bucket-{uuid4()}"
    account.s3.create_bucket(Bucket=name)
    account.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def test_a_bucket_with_objects_is_not_destroyed(
    account: Account, tmp_path: Path, bucket: str
) -> None:
    account.s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    account.has_bucket(bucket, "Delete")
    with pytest.raises(UserError) as error:
        require_empty_bucket(account.session, assembly(tmp_path, Catalog=["Table"]))
    assert str(error.value) == (
        f"the deployment would destroy the bucket {bucket} with all its objects: the setting "
        "buckets has no `create`. Add it, or empty the bucket first, superseded versions too, as "
        "Empty in the console of S3 does"
    )


def test_superseded_versions_are_objects_as_well(
    account: Account, tmp_path: Path, bucket: str
) -> None:
    account.s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    account.s3.delete_object(Bucket=bucket, Key="k")
    # CloudFormation deletes a bucket for which a template says nothing.
    account.has_bucket(bucket, None)
    with pytest.raises(UserError, match=f"would destroy the bucket {bucket}"):
        require_empty_bucket(account.session, assembly(tmp_path, Catalog=[]))


def test_an_empty_bucket_may_be_destroyed(account: Account, tmp_path: Path, bucket: str) -> None:
    account.has_bucket(bucket, "Delete")
    require_empty_bucket(account.session, assembly(tmp_path, Catalog=[]))


def test_a_bucket_that_was_deleted_by_hand_has_no_objects(
    account: Account, tmp_path: Path, bucket: str
) -> None:
    account.s3.delete_bucket(Bucket=bucket)
    account.has_bucket(bucket, "Delete")
    require_empty_bucket(account.session, assembly(tmp_path, Catalog=[]))


def test_a_retained_bucket_may_have_objects(account: Account, tmp_path: Path, bucket: str) -> None:
    account.s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    account.has_bucket(bucket, "Retain")
    require_empty_bucket(account.session, assembly(tmp_path, Catalog=[]))


def test_a_bucket_whose_deletion_failed_before_stays_as_it_is(
    account: Account, tmp_path: Path, bucket: str
) -> None:
    account.s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    account.has("Catalog")
    account.has_resources("Catalog", ("Before", "AWS::S3::Bucket", bucket))
    account.replies.add_response("get_template", {"TemplateBody": '{"Resources": {}}'})
    require_empty_bucket(account.session, assembly(tmp_path, Catalog=[]))


def test_a_bucket_that_stays_may_have_objects(
    account: Account, tmp_path: Path, bucket: str
) -> None:
    account.s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    account.has_bucket(bucket, "not asked for")
    require_empty_bucket(account.session, assembly(tmp_path, Catalog=["Bucket"]))


def test_without_a_bucket_of_its_own_none_is_destroyed(account: Account, tmp_path: Path) -> None:
    account.has("Catalog")
    account.has_resources("Catalog", ("Table", "AWS::DynamoDB::Table", "table"))
    require_empty_bucket(account.session, assembly(tmp_path, Catalog=[]))
    account.missing("Catalog")
    require_empty_bucket(account.session, tmp_path)


def test_a_deployment_of_other_stacks_destroys_no_bucket(account: Account, tmp_path: Path) -> None:
    require_empty_bucket(account.session, assembly(tmp_path, Sql=[]))


@pytest.mark.parametrize(
    ("attached", "kept", "refused"),
    [
        ("logs-prod,{}", ["Bucket"], True),
        ("{}/in/", ["Bucket"], True),
        ("logs-prod", ["Bucket"], False),
        # It is retained, and no longer the bucket of its own.
        ("{}", ["Table"], False),
    ],
)
def test_the_bucket_of_its_own_is_not_attached_as_well(
    account: Account, tmp_path: Path, bucket: str, attached: str, kept: list[str], refused: bool
) -> None:
    folder = assembly(tmp_path, Catalog=kept)
    path = folder / "Catalog.template.json"
    output = {"AttachedBuckets": {"Value": attached.format(bucket)}}
    path.write_text(json.dumps({**json.loads(path.read_text()), "Outputs": output}))
    account.has_bucket(bucket, "not asked for")
    if refused:
        with pytest.raises(UserError) as error:
            require_own_bucket_once(account.session, folder)
        assert str(error.value) == (
            f"the setting buckets names {bucket}, the bucket of its own of the catalog, which it "
            "has as `create`: name it once"
        )
    else:
        require_own_bucket_once(account.session, folder)
    account.missing("Catalog")
    require_own_bucket_once(account.session, folder)
    require_own_bucket_once(account.session, assembly(tmp_path, Catalog=kept))


# As the pipeline runs it


def test_a_refusal_ends_the_program_with_its_reason(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deployment_check, "session", lambda: account.session)
    account.has("Workers")
    with pytest.raises(SystemExit, match=r"^make ship: the stack Workers is deployed"):
        deployment_check.main(str(assembly(tmp_path, Catalog=[])))
    account.replies.add_client_error("describe_stacks", "AccessDenied", "not authorized")
    with pytest.raises(SystemExit, match=r"^make ship: DescribeStacks: AccessDenied"):
        deployment_check.main(str(tmp_path))


def test_all_checks_pass_in_an_account_without_stacks(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deployment_check, "session", lambda: account.session)
    account.missing("Workers", "Sql", "Governance", "Catalog", "Catalog")
    deployment_check.main(str(assembly(tmp_path, Catalog=[])))
