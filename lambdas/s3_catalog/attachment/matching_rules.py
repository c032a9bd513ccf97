"""Which rules of the account receive the events of a bucket from EventBridge.

A bucket's switch is for all of them: turned off, every rule would fall silent.
"""

import json
from collections.abc import Collection, Iterator
from typing import Any, Protocol

from botocore.exceptions import ClientError

_EVENT_BUS = "default"
"""The bus that S3 sends to. Archives and AWS's own features have their rules there, too."""


class EventsClient(Protocol):
    """The requests to EventBridge that this module makes, as botocore's client has them."""

    def list_rules(self, **request: str) -> dict[str, Any]:
        """Return a page of the rules of a bus."""

    def test_event_pattern(self, *, EventPattern: str, Event: str) -> dict[str, Any]:  # noqa: N803
        """Return whether an event matches a pattern."""


def matching_rules(
    client: EventsClient,
    bucket: str,
    *,
    partition: str,
    region: str,
    account: str,
    ours: Collection[str] = (),
) -> list[str]:
    """Return the names of the rules, except `ours`, that an event of `bucket` could match.

    In doubt a rule is among them, and disabled rules are: someone may enable them. Only what is the
    same in every event of the bucket can rule one out. A rule for deleted pictures is not ruled
    out, because any bucket may have one.

    Raises botocore's ClientError or BotoCoreError when EventBridge refuses or does not answer.
    """
    event = json.dumps(_event(bucket, partition, region, account))
    return [
        rule["Name"]
        for rule in _rules(client)
        if rule["Name"] not in ours and _could_match(client, rule.get("EventPattern"), event)
    ]


def _rules(client: EventsClient) -> Iterator[dict[str, Any]]:
    page = client.list_rules(EventBusName=_EVENT_BUS)
    yield from page["Rules"]
    while token := page.get("NextToken"):
        page = client.list_rules(EventBusName=_EVENT_BUS, NextToken=token)
        yield from page["Rules"]


def _event(bucket: str, partition: str, region: str, account: str) -> dict[str, Any]:
    """Return an event of `bucket` with what all its events have in common."""
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": account,
        "time": "2026-01-01T00:00:00Z",
        "region": region,
        "resources": [f"arn:{partition}:s3:::{bucket}"],
        "detail": {"bucket": {"name": bucket}},
    }


_COMMON: dict[str, Any] = {
    "source": None,
    "account": None,
    "region": None,
    "resources": None,
    "detail": {"bucket": {"name": None}},
}
"""The fields that are the same in every event of a bucket, as they are nested."""


def _could_match(client: EventsClient, pattern: str | None, event: str) -> bool:
    if pattern is None:  # A rule with a schedule only.
        return False
    parsed = json.loads(pattern)
    if not _may_be_of_objects(parsed.get("detail-type")):
        return False
    common = _common(parsed, _COMMON)
    if not common:
        return True
    try:
        answer = client.test_event_pattern(EventPattern=json.dumps(common), Event=event)
    except ClientError as error:
        if error.response["Error"].get("Code") == "InvalidEventPatternException":
            return True
        raise
    return bool(answer["Result"])


def _may_be_of_objects(kinds: object) -> bool:
    # The kinds of S3's events all begin so: "Object Created". Those of its API calls, which
    # CloudTrail sends with the same source, do not.
    return not isinstance(kinds, list) or any(
        not isinstance(kind, str) or kind.startswith("Object ") for kind in kinds
    )


def _common(pattern: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """Return the part of `pattern` that is about `fields`.

    The rest is taken as matched. Then one branch of `$or` without such a part matches every event,
    and so does the whole.
    """
    kept: dict[str, Any] = {}
    for name, expected in pattern.items():
        if name == "$or" and _is_or(expected):
            branches = [_common(branch, fields) for branch in expected]
            if all(branches):
                kept[name] = branches
        elif name in fields:
            inner = fields[name]
            if inner is None:
                kept[name] = expected
            elif isinstance(expected, dict) and (part := _common(expected, inner)):
                kept[name] = part
    return kept


def _is_or(expected: object) -> bool:
    return isinstance(expected, list) and all(isinstance(branch, dict) for branch in expected)
