"""The proof of an alarm: CloudWatch is a double that publishes to moto's topic."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from reinventure.aws.doctor import alarm_proof
from reinventure.errors import CheckFailedError
from tests.unit.aws.doctor.conftest import Session, Waits, interrupt, queues

DEPTH = "ApproximateNumberOfMessagesVisible"


class CloudWatch:
    """CloudWatch with three alarms, of which one is on a dead-letter queue.

    `notify` publishes a notification to the topic, or does not.
    """

    def __init__(self, session: boto3.Session, topic: str, state: str = "OK") -> None:
        self._sns = session.client("sns")
        self._topic = topic
        self.states = [("Failures", state)]
        self.actions: list[dict[str, str]] = [
            {"Timestamp": "1", "HistorySummary": "Failed to execute action long ago"}
        ]
        self.error: str | None = None
        self.publishes = True

    def get_paginator(self, operation: str) -> "CloudWatch":
        assert operation == "describe_alarms"
        return self

    def paginate(self, **_: object) -> Iterator[dict[str, Any]]:
        alarms = [
            ("Errors", None, [self._topic]),
            ("Others", DEPTH, ["arn:aws:sns:us-east-1:123456789012:others"]),
            ("Failures", DEPTH, [self._topic]),
        ]
        for name, metric, actions in alarms:
            state = self.states[-1][1]
            alarm = {"AlarmName": name, "StateValue": state, "AlarmActions": actions}
            yield {"MetricAlarms": [{**alarm, **({"MetricName": metric} if metric else {})}]}

    # The parameters are named as in AWS.
    def set_alarm_state(self, *, AlarmName: str, StateValue: str, StateReason: str) -> None:  # noqa: N803
        before = self.states[-1][1]
        self.states.append((AlarmName, StateValue))
        if before == StateValue or StateValue != "ALARM":
            return
        done = "Failed" if self.error else "Successfully"
        self.actions.insert(
            0,
            {
                "Timestamp": str(len(self.states)),
                "HistorySummary": f"{done} executed action {self._topic}",
                "HistoryData": json.dumps({"error": self.error} if self.error else {}),
            },
        )
        # Others publish to the topic as well, and not only JSON.
        self._sns.publish(TopicArn=self._topic, Message="any text")
        if self.publishes:
            message = {"AlarmName": AlarmName, "NewStateReason": StateReason}
            self._sns.publish(TopicArn=self._topic, Message=json.dumps(message))

    def describe_alarm_history(self, *, HistoryItemType: str, **_: object) -> dict[str, Any]:  # noqa: N803
        assert HistoryItemType == "Action"
        return {"AlarmHistoryItems": list(self.actions)}


@pytest.fixture
def topic(session: boto3.Session, name: str) -> str:
    return session.client("sns").create_topic(Name=name)["TopicArn"]


def prove(session: boto3.Session, cloudwatch: CloudWatch, topic: str, name: str) -> str:
    return alarm_proof.prove(Session(session, cloudwatch=cloudwatch), topic, name)  # type: ignore[arg-type]


def left(session: boto3.Session, topic: str, name: str) -> list[object]:
    subscriptions = session.client("sns").list_subscriptions_by_topic(TopicArn=topic)
    return [*subscriptions["Subscriptions"], *queues(session, name)]


@pytest.mark.parametrize(
    ("before", "states"),
    [
        ("OK", ["ALARM", "OK"]),
        ("INSUFFICIENT_DATA", ["ALARM", "INSUFFICIENT_DATA"]),
        ("ALARM", ["OK", "ALARM", "ALARM"]),
    ],
)
def test_its_notification_comes_and_its_state_is_as_before(
    session: boto3.Session, topic: str, name: str, before: str, states: list[str]
) -> None:
    cloudwatch = CloudWatch(session, topic, before)
    assert prove(session, cloudwatch, topic, name) == "the notification of Failures came"
    assert cloudwatch.states[1:] == [("Failures", state) for state in states]
    assert left(session, topic, name) == []


def test_the_reason_of_a_refusal_is_from_the_history_of_the_alarm(
    session: boto3.Session, topic: str, name: str, waits: Waits
) -> None:
    cloudwatch = CloudWatch(session, topic)
    cloudwatch.error, cloudwatch.publishes = "no access to the topic's key", False
    with pytest.raises(CheckFailedError, match=r"^Failed executed .*: no access to the topic's k"):
        prove(session, cloudwatch, topic, name)
    assert waits.now == 0
    assert cloudwatch.states[-1] == ("Failures", "OK")
    assert left(session, topic, name) == []


def test_a_publication_is_enough_if_the_subscription_was_too_new(
    session: boto3.Session, topic: str, name: str
) -> None:
    cloudwatch = CloudWatch(session, topic)
    cloudwatch.publishes = False
    seen = prove(session, cloudwatch, topic, name)
    assert seen == f"Failures: Successfully executed action {topic}"


def test_no_notification_and_no_publication_does_not_work(
    session: boto3.Session, topic: str, name: str
) -> None:
    cloudwatch = CloudWatch(session, topic)
    cloudwatch.publishes = False
    cloudwatch.describe_alarm_history = lambda **_: {"AlarmHistoryItems": []}  # type: ignore[method-assign]
    with pytest.raises(CheckFailedError, match=r"^no notification of Failures came in 60 s$"):
        prove(session, cloudwatch, topic, name)
    assert left(session, topic, name) == []


def test_an_interruption_sets_the_alarm_back(
    session: boto3.Session, topic: str, name: str, waits: Waits
) -> None:
    cloudwatch = CloudWatch(session, topic)
    cloudwatch.publishes = False
    waits.at_first = interrupt
    with pytest.raises(SystemExit):
        prove(session, cloudwatch, topic, name)
    assert cloudwatch.states[-1] == ("Failures", "OK")
    assert left(session, topic, name) == []


def test_a_topic_without_an_alarm_on_a_queue_does_not_work(
    session: boto3.Session, name: str
) -> None:
    other = "arn:aws:sns:us-east-1:123456789012:without"
    cloudwatch = CloudWatch(session, "arn:aws:sns:us-east-1:123456789012:any")
    with pytest.raises(
        CheckFailedError, match=f"^no alarm on a dead-letter queue notifies {other}"
    ):
        prove(session, cloudwatch, other, name)
    assert cloudwatch.states[1:] == []
