"""The proof that EventBridge may send to a dead-letter queue under the QUEUE key."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from reinventure.aws.connection import config
from reinventure.aws.doctor import polling, temporary_queue
from reinventure.errors import CheckFailedError

if TYPE_CHECKING:
    import boto3

PATIENCE_SECONDS = 120
"""A new rule may take some time to match."""


def prove(session: "boto3.Session", key_arn: str, name: str) -> str:
    """Have EventBridge fail to deliver an event, and return how the event was seen.

    By a temporary rule called `name`, whose target does not exist, with a temporary queue under the
    key `key_arn` as its dead-letter queue. Raises CheckFailedError when the event does not come,
    and botocore's ClientError or BotoCoreError.
    """
    events = session.client("events", config=config())
    sqs = session.client("sqs", config=config())
    with (
        _rule(events, name) as rule_arn,
        temporary_queue.created(sqs, name, {"KmsMasterKeyId": key_arn}) as queue,
    ):
        queue.allow("events", rule_arn)
        events.put_targets(
            Rule=name,
            Targets=[
                {
                    "Id": "nowhere",
                    "Arn": f"{queue.arn}-nowhere",
                    "DeadLetterConfig": {"Arn": queue.arn},
                    "RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60},
                }
            ],
        )

        def look() -> str | None:
            # Again and again: an event before the rule is in effect is lost.
            events.put_events(Entries=[{"Source": name, "DetailType": "test", "Detail": "{}"}])
            return "an undeliverable event came" if queue.receive() else None

        if seen := polling.first(look, PATIENCE_SECONDS):
            return seen
    raise CheckFailedError(f"no undeliverable event came in {PATIENCE_SECONDS} s")


@contextmanager
def _rule(events: Any, name: str) -> Iterator[str]:
    """Create a rule for events whose source is `name`; yield its ARN, and delete it in the end."""
    try:
        created = events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
        yield created["RuleArn"]
    finally:
        with suppress(events.exceptions.ResourceNotFoundException):
            events.remove_targets(Rule=name, Ids=["nowhere"])
            events.delete_rule(Name=name)
