"""The proof of EventBridge's dead letters: EventBridge is a double that sends to moto's queue."""

import json
from typing import Any

import boto3
import pytest

from reinventure.aws.doctor import event_rule_proof
from reinventure.errors import CheckFailedError
from tests.unit.aws.doctor.conftest import Session, Waits, interrupt, queues


class Events:
    """EventBridge: from the third event on, a rule sends what it cannot deliver, if it `may`."""

    class exceptions:  # noqa: N801
        ResourceNotFoundException = KeyError

    def __init__(self, session: boto3.Session, *, may: bool = True) -> None:
        self._sqs = session.client("sqs")
        self._may = may
        self.rules: dict[str, list[dict[str, Any]]] = {}
        self.events = 0

    # The parameters are named as in AWS.
    def put_rule(self, *, Name: str, EventPattern: str) -> dict[str, str]:  # noqa: N803
        assert json.loads(EventPattern) == {"source": [Name]}
        self.rules[Name] = []
        return {"RuleArn": f"arn:aws:events:us-east-1:123456789012:rule/{Name}"}

    def put_targets(self, *, Rule: str, Targets: list[dict[str, Any]]) -> None:  # noqa: N803
        self.rules[Rule] = Targets

    def put_events(self, *, Entries: list[dict[str, str]]) -> None:  # noqa: N803
        [entry] = Entries
        [target] = self.rules[entry["Source"]]
        self.events += 1
        assert target["RetryPolicy"]["MaximumRetryAttempts"] == 0
        name = target["DeadLetterConfig"]["Arn"].rpartition(":")[2]
        url = self._sqs.get_queue_url(QueueName=name)["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        assert attributes["Attributes"]["KmsMasterKeyId"] == "alias/queue"
        [allow, _] = json.loads(attributes["Attributes"]["Policy"])["Statement"]
        assert allow["Principal"] == {"Service": "events.amazonaws.com"}
        assert allow["Condition"]["ArnEquals"]["aws:SourceArn"].endswith(f"rule/{entry['Source']}")
        if self._may and self.events > 2:
            self._sqs.send_message(QueueUrl=url, MessageBody=json.dumps(entry))

    def remove_targets(self, *, Rule: str, Ids: list[str]) -> None:  # noqa: N803
        left = [target for target in self.rules[Rule] if target["Id"] not in Ids]
        self.rules[Rule] = left

    def delete_rule(self, *, Name: str) -> None:  # noqa: N803
        assert not self.rules[Name], "EventBridge refuses to delete a rule that has targets"
        del self.rules[Name]


def prove(session: boto3.Session, events: Events, name: str) -> str:
    return event_rule_proof.prove(Session(session, events=events), "alias/queue", name)  # type: ignore[arg-type]


def test_an_event_without_a_target_comes(session: boto3.Session, name: str) -> None:
    events = Events(session)
    assert prove(session, events, name) == "an undeliverable event came"
    assert events.events == 3
    assert events.rules == {}
    assert queues(session, name) == []


def test_events_that_do_not_come_do_not_work(
    session: boto3.Session, name: str, waits: Waits
) -> None:
    events = Events(session, may=False)
    with pytest.raises(CheckFailedError, match=r"^no undeliverable event came in 120 s$"):
        prove(session, events, name)
    assert 120 <= waits.now < 125
    assert events.rules == {}
    assert queues(session, name) == []


def test_an_interruption_leaves_nothing(session: boto3.Session, name: str, waits: Waits) -> None:
    events = Events(session)
    waits.at_first = interrupt
    with pytest.raises(SystemExit):
        prove(session, events, name)
    assert events.rules == {}
    assert queues(session, name) == []
