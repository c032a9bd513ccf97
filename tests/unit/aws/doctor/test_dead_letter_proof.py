"""The proof of a dead-letter queue, on moto's queues: messages come, stay and are left alone."""

from typing import TYPE_CHECKING

import boto3
import pytest

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.aws.doctor import dead_letter_proof, temporary_queue
from reinventure.aws.doctor.temporary_queue import TemporaryQueue
from reinventure.errors import CheckFailedError
from tests.unit.aws.doctor.conftest import Waits, interrupt, queues

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient


def prove(catalog: DeployedCatalog, name: str) -> str:
    url = catalog.outputs.failure_queue_url
    return dead_letter_proof.prove(catalog.session, url, "alias/queue", name)


def visible(catalog: DeployedCatalog) -> list[str]:
    """The bodies of the messages that any reader would receive."""
    reply = catalog.session.client("sqs").receive_message(
        QueueUrl=catalog.outputs.failure_queue_url, MaxNumberOfMessages=10, VisibilityTimeout=0
    )
    return [message["Body"] for message in reply.get("Messages", [])]


def send(catalog: DeployedCatalog, *bodies: str) -> None:
    for body in bodies:
        catalog.session.client("sqs").send_message(
            QueueUrl=catalog.outputs.failure_queue_url, MessageBody=body
        )


def test_a_message_comes_and_goes_and_others_stay(
    catalog: DeployedCatalog, session: boto3.Session, name: str
) -> None:
    letters = [f"letter {number}" for number in range(12)]
    send(catalog, *letters)
    assert prove(catalog, name) == "a message came, and was deleted"
    assert visible(catalog) == letters[:10]
    assert queues(session, name) == []


def test_a_queue_that_gets_nothing_does_not_work(
    catalog: DeployedCatalog,
    session: boto3.Session,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    waits: Waits,
) -> None:
    send(catalog, "letter")
    # Without a receive, SQS moves nothing.
    monkeypatch.setattr(TemporaryQueue, "receive", lambda _: [])
    with pytest.raises(CheckFailedError, match=r"^a message did not come in 60 s, among 1 others$"):
        prove(catalog, name)
    assert 75 <= waits.now <= 76
    assert visible(catalog) == ["letter"]
    assert queues(session, name) == []


def test_an_interruption_leaves_no_message(
    catalog: DeployedCatalog, session: boto3.Session, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(catalog, "letter")
    receive = TemporaryQueue.receive

    def receive_then_leave(queue: TemporaryQueue) -> list[str]:
        for _ in range(
            2
        ):  # SQS moves a message that was received too often when it is asked again.
            receive(queue)
        interrupt()

    monkeypatch.setattr(TemporaryQueue, "receive", receive_then_leave)
    with pytest.raises(SystemExit):
        prove(catalog, name)
    assert visible(catalog) == ["letter"]
    assert queues(session, name) == []


def test_the_temporary_queue_is_under_the_key_and_deleted_after_an_error(
    session: boto3.Session, name: str
) -> None:
    sqs = session.client("sqs")
    with pytest.raises(ZeroDivisionError):
        fail_in(sqs, name)
    assert queues(session, name) == []


def fail_in(sqs: "SQSClient", name: str) -> None:
    with temporary_queue.created(sqs, name, {"KmsMasterKeyId": "alias/queue"}) as queue:
        attributes = sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["All"])
        assert attributes["Attributes"]["KmsMasterKeyId"] == "alias/queue"
        raise ZeroDivisionError
