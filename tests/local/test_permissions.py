"""IAM is enforced: a function can do its work. test_claims.py has what it cannot do."""

import boto3
import pytest
from botocore.exceptions import ClientError

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.contract import dead_letter_queues
from tests.local.lent_role import lent_role

pytestmark = pytest.mark.usefixtures("no_dead_letters")


def test_ingest_may_put_a_row_and_report_a_failure(
    session: boto3.Session, catalog: DeployedCatalog
) -> None:
    as_ingest = lent_role(session, catalog.outputs.ingest_role_id)
    item = {"pk": {"S": "elsewhere#1#0"}, "sk": {"S": "k"}}
    as_ingest.client("dynamodb").put_item(TableName=catalog.table, Item=item)
    as_ingest.client("sqs").send_message(
        QueueUrl=catalog.outputs.failure_queue_url, MessageBody="{}"
    )


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
