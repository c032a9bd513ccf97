"""The command in this process, and a catalog on moto that it finds as the stack Catalog."""

from collections.abc import Callable
from uuid import uuid4

import boto3
import pytest
from typer.testing import CliRunner, Result

from reinventure import cli
from reinventure.aws import dead_letters, deployed_catalog, deployed_stack
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.contract import CATALOG, SQL, WORKERS, CatalogOutputs
from reinventure.errors import NoStackError
from tests import empty_table


@pytest.fixture
def run() -> Callable[..., Result]:
    """A function that runs the command with the given arguments."""

    def invoke(*arguments: str, typed: str | None = None) -> Result:
        return CliRunner().invoke(cli.app, arguments, input=typed, prog_name="reinventure")

    return invoke


@pytest.fixture(scope="session")
def session(aws: None) -> boto3.Session:
    """One session for all tests: it loads the models of the services once."""
    return boto3.Session()


@pytest.fixture
def catalog(session: boto3.Session, monkeypatch: pytest.MonkeyPatch) -> DeployedCatalog:
    """An empty versioned bucket and an empty catalog of it, without functions.

    moto's CloudFormation needs packages of many services, so the outputs come from here.
    """
    monkeypatch.setattr(boto3, "Session", lambda **_: session)
    # moto has all messages at once.
    monkeypatch.setattr(dead_letters, "_POLL_SECONDS", 0)
    s3, dynamodb, sqs = session.client("s3"), session.client("dynamodb"), session.client("sqs")
    name = f"unit-{uuid4()}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    urls = [
        sqs.create_queue(
            QueueName=f"{name}-{function}", Attributes={"KmsMasterKeyId": "alias/queue"}
        )["QueueUrl"]
        for function in ("ingest", "totals", "publish", "events")
    ]
    topic = session.client("sns").create_topic(
        Name=f"{name}.fifo", Attributes={"FifoTopic": "true"}
    )
    functions = "arn:aws:lambda:us-east-1:123456789012:function"
    outputs = CatalogOutputs(
        data_key_arn="arn:aws:kms:us-east-1:123456789012:key/data",
        queue_key_arn="arn:aws:kms:us-east-1:123456789012:key/queue",
        bucket_name=name,
        table_name=empty_table.new_table(dynamodb),
        totals_table_name=empty_table.new_table(dynamodb),
        totals_depth=3,
        totals_window=0,
        shards=4,
        failure_queue_url=urls[0],
        ingest_arn=f"{functions}:ingest:live",
        changes_topic_arn=topic["TopicArn"],
        publish_arn=f"{functions}:publish",
        totals_failure_queue_url=urls[1],
        publish_failure_queue_url=urls[2],
        ingest_role_id="AROAINGEST",
        totals_role_id="AROATOTALS",
        publish_role_id="AROAPUBLISH",
        events_queue_url=urls[3],
    )

    def find(client: object, stack: str, kind: type[object]) -> CatalogOutputs:
        if stack in (WORKERS, SQL):
            raise NoStackError
        assert (stack, kind) == (CATALOG, CatalogOutputs)
        return outputs

    monkeypatch.setattr(deployed_stack, "find", find)
    return deployed_catalog.find(session, CATALOG)
