"""The proof that an alarm reaches its topic, which is under a customer managed key."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reinventure.aws.connection import config
from reinventure.aws.doctor import polling, temporary_queue
from reinventure.aws.doctor.temporary_queue import TemporaryQueue
from reinventure.aws.queue_subscription import unsubscribe
from reinventure.errors import CheckFailedError

if TYPE_CHECKING:
    import boto3
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_cloudwatch.type_defs import AlarmHistoryItemTypeDef, MetricAlarmTypeDef

PATIENCE_SECONDS = 60

_MESSAGES = "ApproximateNumberOfMessagesVisible"
"""The metric of the alarms that are set off. Alarms on other metrics may roll back a deployment."""

_REASON = "A test by `reinventure doctor`: nothing failed, and there is nothing to do."
_END = "The end of a test by `reinventure doctor`."


def prove(session: "boto3.Session", topic_arn: str, name: str) -> str:
    """Set off an alarm on a dead-letter queue, and return how its notification was seen.

    All subscribers of the topic get the notification, and so does a temporary queue called `name`.
    Raises CheckFailedError when there is none, and botocore's ClientError or BotoCoreError.
    """
    cloudwatch = session.client("cloudwatch", config=config())
    alarm = _alarm(cloudwatch, topic_arn)
    earlier = _actions(cloudwatch, alarm)
    with _subscribed(session, topic_arn, name) as queue, _set_off(cloudwatch, alarm):

        def look() -> str | None:
            if any(_REASON in body for body in queue.receive()):
                return f"the notification of {alarm['AlarmName']} came"
            for action in _actions(cloudwatch, alarm):
                if action not in earlier and "Failed" in action["HistorySummary"]:
                    raise CheckFailedError(_reason(action))
            return None

        if seen := polling.first(look, PATIENCE_SECONDS):
            return seen
        # The subscription may have been too new.
        for action in _actions(cloudwatch, alarm):
            if action not in earlier:
                return f"{alarm['AlarmName']}: {action['HistorySummary']}"
    raise CheckFailedError(f"no notification of {alarm['AlarmName']} came in {PATIENCE_SECONDS} s")


def _alarm(cloudwatch: "CloudWatchClient", topic_arn: str) -> "MetricAlarmTypeDef":
    """Return an alarm on the messages of a dead-letter queue that notifies the topic."""
    pages = cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmTypes=["MetricAlarm"], ActionPrefix=topic_arn
    )
    for page in pages:
        for alarm in page["MetricAlarms"]:
            if alarm.get("MetricName") == _MESSAGES and topic_arn in alarm["AlarmActions"]:
                return alarm
    raise CheckFailedError(f"no alarm on a dead-letter queue notifies {topic_arn}")


def _actions(
    cloudwatch: "CloudWatchClient", alarm: "MetricAlarmTypeDef"
) -> "list[AlarmHistoryItemTypeDef]":
    """Return the latest actions of `alarm`, newest first."""
    reply = cloudwatch.describe_alarm_history(
        AlarmName=alarm["AlarmName"], HistoryItemType="Action", ScanBy="TimestampDescending"
    )
    return reply["AlarmHistoryItems"]


def _reason(action: "AlarmHistoryItemTypeDef") -> str:
    error = json.loads(action.get("HistoryData") or "{}").get("error")
    return f"{action['HistorySummary']}: {error}" if error else action["HistorySummary"]


@contextmanager
def _subscribed(session: "boto3.Session", topic_arn: str, name: str) -> Iterator[TemporaryQueue]:
    """Subscribe a temporary queue to the topic; remove both in the end."""
    sns, sqs = session.client("sns", config=config()), session.client("sqs", config=config())
    # The QUEUE key does not allow this topic. The queue is under a key of SQS.
    with temporary_queue.created(sqs, name, {"SqsManagedSseEnabled": "true"}) as queue:
        queue.allow("sns", topic_arn)
        try:
            sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=queue.arn)
            yield queue
        finally:
            unsubscribe(sns, topic_arn, queue.arn)


@contextmanager
def _set_off(cloudwatch: "CloudWatchClient", alarm: "MetricAlarmTypeDef") -> Iterator[None]:
    """Change the state of `alarm` to ALARM, and back in the end."""
    name, before = alarm["AlarmName"], alarm["StateValue"]
    try:
        if before == "ALARM":  # Only a change notifies.
            cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason=_REASON)
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason=_REASON)
        yield
    finally:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=before, StateReason=_END)
