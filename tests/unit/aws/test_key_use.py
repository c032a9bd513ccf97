"""The uses of keys in CloudTrail's events, in each of their shapes."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from reinventure.aws.key_use import KeyUse, Page, key_uses

DATA = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
QUEUE = "arn:aws:kms:eu-west-1:123456789012:key/66666666-7777-8888-9999-000000000000"
KEYS = {"DATA": DATA, "QUEUE": QUEUE}
WHEN = datetime(2026, 11, 24, 9, 30, 12, tzinfo=UTC)
SINCE = datetime(2026, 11, 23, tzinfo=UTC)
EVE = "arn:aws:sts::123456789012:assumed-role/Admin/eve"
ROLE = "arn:aws:sts::123456789012:assumed-role/Catalog-IngestRole/ingest"


def event(**fields: Any) -> dict[str, Any]:
    """An event as CloudTrail writes it: `ingest` reads a row, and DynamoDB opens its key."""
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "arn": ROLE,
            "accountId": "123456789012",
            "invokedBy": "dynamodb.amazonaws.com",
        },
        "eventTime": "2026-11-24T09:30:12Z",
        "eventSource": "kms.amazonaws.com",
        "eventName": "Decrypt",
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "dynamodb.amazonaws.com",
        "requestParameters": {
            "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
            "encryptionContext": {"aws:dynamodb:tableName": "Catalog-Table"},
        },
        "responseElements": None,
        "eventID": "e1",
        "resources": [{"accountId": "123456789012", "type": "AWS::KMS::Key", "ARN": DATA}],
        "eventType": "AwsApiCall",
        "managementEvent": True,
        **fields,
    }


REFUSED = event(
    eventID="e2",
    userIdentity={
        "type": "AssumedRole",
        "arn": EVE,
    },
    sourceIPAddress="203.0.113.7",
    requestParameters=None,
    resources=None,
    errorCode="AccessDenied",
    errorMessage=f"User: eve is not authorized to perform: kms:Decrypt on resource: {DATA}",
)
"""Here KMS names the key in the message only."""

OF_OTHERS = event(eventID="e3", resources=[{"ARN": DATA.replace("1111", "abcd")}])


def reply(*events: dict[str, Any], following: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "Events": [
            {"EventId": e["eventID"], "EventTime": WHEN, "CloudTrailEvent": json.dumps(e)}
            for e in events
        ]
    }
    return {**found, "NextToken": following} if following else found


def expected(**more: Any) -> dict[str, Any]:
    return {
        "LookupAttributes": [
            {"AttributeKey": "EventSource", "AttributeValue": "kms.amazonaws.com"}
        ],
        "StartTime": SINCE,
        "MaxResults": 50,
        **more,
    }


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds between lookups, which take no time here."""
    waited: list[float] = []
    clock = SimpleNamespace(sleep=waited.append, monotonic=lambda: 100.0)
    monkeypatch.setattr("reinventure.aws.key_use.time", clock)
    return waited


@pytest.fixture
def stub() -> Iterator[tuple[Any, Stubber]]:
    client = boto3.client("cloudtrail")
    with Stubber(client) as stubber:
        yield client, stubber
        stubber.assert_no_pending_responses()


def test_a_use_has_caller_key_purpose_and_service(
    stub: tuple[Any, Stubber], pauses: list[float]
) -> None:
    client, stubber = stub
    stubber.add_response("lookup_events", reply(event()), expected())
    assert list(key_uses(client, KEYS, SINCE)) == [
        Page(
            calls=1,
            uses=[
                KeyUse(
                    id="e1",
                    time=WHEN,
                    keys=["DATA"],
                    call="Decrypt",
                    who=ROLE,
                    via="dynamodb.amazonaws.com",
                    purpose={"aws:dynamodb:tableName": "Catalog-Table"},
                    error=None,
                    source="dynamodb.amazonaws.com",
                )
            ],
        )
    ]
    assert pauses == []


def test_a_refused_call_is_found_by_its_message(
    stub: tuple[Any, Stubber], pauses: list[float]
) -> None:
    client, stubber = stub
    stubber.add_response("lookup_events", reply(REFUSED), expected())
    [page] = key_uses(client, KEYS, SINCE)
    [use] = page.uses
    assert (use.keys, use.via, use.purpose) == (["DATA"], None, {})
    assert use.error == f"AccessDenied: {REFUSED['errorMessage']}"


def test_calls_with_other_keys_are_counted_and_left_out(
    stub: tuple[Any, Stubber], pauses: list[float]
) -> None:
    client, stubber = stub
    stubber.add_response("lookup_events", reply(OF_OTHERS, event()), expected())
    [page] = key_uses(client, KEYS, SINCE)
    assert (page.calls, [use.id for use in page.uses]) == (2, ["e1"])


@pytest.mark.parametrize(
    ("identity", "who", "via"),
    [
        ({"type": "AWSService", "invokedBy": "sns.amazonaws.com"}, "sns.amazonaws.com", None),
        ({"type": "Root", "arn": "arn:aws:iam::1:root"}, "arn:aws:iam::1:root", None),
        ({"type": "AWSAccount", "principalId": "AIDA:eve", "accountId": "2"}, "AIDA:eve", None),
        ({"type": "AWSAccount", "accountId": "2"}, "2", None),
        (None, "unknown", None),
    ],
)
def test_each_kind_of_caller_has_a_name(
    stub: tuple[Any, Stubber], pauses: list[float], identity: Any, who: str, via: str | None
) -> None:
    client, stubber = stub
    stubber.add_response("lookup_events", reply(event(userIdentity=identity)), expected())
    [page] = key_uses(client, KEYS, SINCE)
    [use] = page.uses
    assert (use.who, use.via) == (who, via)


def test_all_pages_are_read_two_a_second(stub: tuple[Any, Stubber], pauses: list[float]) -> None:
    client, stubber = stub
    stubber.add_response("lookup_events", reply(event(), following="2"), expected())
    stubber.add_response("lookup_events", reply(following="3"), expected(NextToken="2"))
    stubber.add_response("lookup_events", reply(REFUSED), expected(NextToken="3"))
    pages = list(key_uses(client, KEYS, SINCE))
    assert [[use.id for use in page.uses] for page in pages] == [["e1"], [], ["e2"]]
    assert pauses == [0.5, 0.5]


def test_a_call_may_be_about_both_keys(stub: tuple[Any, Stubber], pauses: list[float]) -> None:
    client, stubber = stub
    both = event(resources=[{"ARN": DATA}, {"ARN": QUEUE}])
    stubber.add_response("lookup_events", reply(both), expected())
    [page] = key_uses(client, KEYS, SINCE)
    assert page.uses[0].keys == ["DATA", "QUEUE"]


def test_a_refusal_of_cloudtrail_is_raised(stub: tuple[Any, Stubber], pauses: list[float]) -> None:
    client, stubber = stub
    stubber.add_client_error("lookup_events", "AccessDeniedException")
    with pytest.raises(ClientError):
        list(key_uses(client, KEYS, SINCE))
