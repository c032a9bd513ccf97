"""IAM is enforced: functions can do their work and nothing else."""

from collections.abc import Callable, Iterator

import boto3
import pytest
from botocore.exceptions import ClientError

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.contract import dead_letter_queues
from tests.local.lent_role import lent_role


@pytest.fixture
def as_ingest(session: boto3.Session, catalog: DeployedCatalog) -> boto3.Session:
    """A session with the permissions of the ingest function: its own role, lent to this test."""
    return lent_role(session, catalog.outputs.ingest_role_id)


@pytest.fixture(autouse=True)
def empty_queues(session: boto3.Session, catalog: DeployedCatalog) -> Iterator[None]:
    yield
    for queue in dead_letter_queues(catalog.outputs):
        session.client("sqs").purge_queue(QueueUrl=queue.url)


def test_it_may_put_a_row_and_report_a_failure(
    as_ingest: boto3.Session, catalog: DeployedCatalog
) -> None:
    item = {"pk": {"S": "elsewhere#1#0"}, "sk": {"S": "k"}}
    as_ingest.client("dynamodb").put_item(TableName=catalog.table, Item=item)
    as_ingest.client("sqs").send_message(
        QueueUrl=catalog.outputs.failure_queue_url, MessageBody="{}"
    )


FORBIDDEN: list[tuple[str, Callable[[boto3.Session, DeployedCatalog], object]]] = [
    (
        "read an object",
        lambda s, c: s.client("s3").get_object(Bucket=c.bucket, Key="secret"),
    ),
    (
        "write an object",
        lambda s, c: s.client("s3").put_object(Bucket=c.bucket, Key="new", Body=b""),
    ),
    (
        "delete an object",
        lambda s, c: s.client("s3").delete_object(Bucket=c.bucket, Key="secret"),
    ),
    ("list the bucket", lambda s, c: s.client("s3").list_objects_v2(Bucket=c.bucket)),
    ("scan the table", lambda s, c: s.client("dynamodb").scan(TableName=c.table)),
    ("delete the table", lambda s, c: s.client("dynamodb").delete_table(TableName=c.table)),
    (
        "delete a row",
        lambda s, c: s.client("dynamodb").delete_item(
            TableName=c.table, Key={"pk": {"S": "elsewhere#1#0"}, "sk": {"S": "k"}}
        ),
    ),
    (
        "read the failures",
        lambda s, c: s.client("sqs").receive_message(QueueUrl=c.outputs.failure_queue_url),
    ),
    ("see other keys", lambda s, _: s.client("kms").list_keys()),
]


@pytest.mark.parametrize("attempt", [a for _, a in FORBIDDEN], ids=[name for name, _ in FORBIDDEN])
def test_it_may_not(
    as_ingest: boto3.Session,
    catalog: DeployedCatalog,
    attempt: Callable[[boto3.Session, DeployedCatalog], object],
) -> None:
    catalog.s3.put_object(Bucket=catalog.bucket, Key="secret", Body=b"secret")
    with pytest.raises(ClientError, match="AccessDenied"):
        attempt(as_ingest, catalog)


@pytest.mark.parametrize("function", ["ingest", "totals", "publish"])
def test_a_function_may_send_to_its_own_dead_letter_queue_only(
    session: boto3.Session, catalog: DeployedCatalog, function: str
) -> None:
    queues = {queue.function: queue for queue in dead_letter_queues(catalog.outputs)}
    assert queues.keys() == {"ingest", "totals", "publish"}
    sqs = lent_role(session, queues[function].role_id).client("sqs")
    sqs.send_message(QueueUrl=queues.pop(function).url, MessageBody="{}")
    for other in queues.values():
        with pytest.raises(ClientError, match="AccessDenied"):
            sqs.send_message(QueueUrl=other.url, MessageBody="{}")


def test_a_permission_of_all_queues_is_not_enough(
    session: boto3.Session, catalog: DeployedCatalog
) -> None:
    for queue in dead_letter_queues(catalog.outputs):
        with pytest.raises(ClientError, match="AccessDenied"):
            session.client("sqs").send_message(QueueUrl=queue.url, MessageBody="{}")
