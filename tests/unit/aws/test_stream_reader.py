"""Reading a batch that Lambda discarded from the stream again."""

import json
from datetime import UTC, datetime
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError

from reinventure.aws.stream_reader import StreamBatch, records
from reinventure.errors import RecordsExpiredError
from s3_catalog.table import stream_record
from tests.stream_records import LIVE, record

ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/Catalog/stream/2026"
WRITTEN = datetime(2026, 11, 23, 10, 15, 30, 500_000, tzinfo=UTC)


class Session:
    """A session of boto3 with a stream of `pages`; each is the answer to one request."""

    def __init__(self, aws: boto3.Session, pages: list[list[Any]], *, closed: bool = False) -> None:
        self.exceptions = aws.client("dynamodbstreams").exceptions
        self._pages, self._closed = pages, closed
        self.asked: dict[str, Any] = {}
        self.read = 0
        self.refusal: ClientError | None = None

    def client(self, name: str, **_: Any) -> "Session":
        assert name == "dynamodbstreams"
        return self

    def get_shard_iterator(self, **asked: Any) -> dict[str, str]:
        self.asked = asked
        return {"ShardIterator": "0"}

    def get_records(self, ShardIterator: str) -> dict[str, Any]:  # noqa: N803 (boto3's name)
        if self.refusal:
            raise self.refusal
        self.read += 1
        n = int(ShardIterator)
        page: dict[str, Any] = {"Records": self._pages[n]}
        if not (self._closed and n == len(self._pages) - 1):
            page["NextShardIterator"] = str(n + 1)
        return page


@pytest.fixture(scope="module")
def real(aws: None) -> boto3.Session:
    return boto3.Session()


def stored(number: int) -> dict[str, Any]:
    """A record as boto3 returns it."""
    made = record(number, None, LIVE)
    del made["eventSourceARN"]
    made["dynamodb"]["ApproximateCreationDateTime"] = WRITTEN
    return made


def wanted(first: int, last: int) -> StreamBatch:
    zeros = "0" * 20
    return StreamBatch(ARN, "shard", f"{first}{zeros}", f"{last}{zeros}", last - first + 1, "")


def test_it_reads_from_the_first_to_the_last_record_only(real: boto3.Session) -> None:
    session = Session(real, [[stored(9)], [], [stored(10), stored(11), stored(12)], [stored(13)]])
    found = records(cast("boto3.Session", session), wanted(9, 11))
    assert [each["eventID"] for each in found] == [f"{n:032x}" for n in (9, 10, 11)]
    assert session.read == 3
    assert session.asked == {
        "StreamArn": ARN,
        "ShardId": "shard",
        "ShardIteratorType": "AT_SEQUENCE_NUMBER",
        "SequenceNumber": "9" + "0" * 20,
    }


def test_the_records_have_expired_if_the_shard_ends_before_the_last(real: boto3.Session) -> None:
    session = Session(real, [[stored(9)], [stored(10)]], closed=True)
    with pytest.raises(RecordsExpiredError):
        records(cast("boto3.Session", session), wanted(9, 11))


def test_a_record_has_the_shape_of_a_lambda_event(real: boto3.Session) -> None:
    made = stored(1)
    made["userIdentity"] = {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}
    session = Session(real, [[made]])
    [found] = json.loads(json.dumps(records(cast("boto3.Session", session), wanted(1, 1))))
    as_lambda = {**record(1, None, LIVE), "eventSourceARN": ARN}
    as_lambda["dynamodb"]["ApproximateCreationDateTime"] = WRITTEN.timestamp()
    as_lambda["userIdentity"] = {"principalId": "dynamodb.amazonaws.com", "type": "Service"}
    assert found == as_lambda
    assert stream_record.parse(found).new == LIVE


@pytest.mark.parametrize("code", ["TrimmedDataAccessException", "ResourceNotFoundException"])
def test_records_that_the_stream_no_longer_has_have_expired(real: boto3.Session, code: str) -> None:
    session = Session(real, [])
    session.refusal = getattr(session.exceptions, code)({"Error": {"Code": code}}, "GetRecords")
    with pytest.raises(RecordsExpiredError):
        records(cast("boto3.Session", session), wanted(1, 1))


def test_another_error_of_the_stream_is_raised(real: boto3.Session) -> None:
    session = Session(real, [])
    session.refusal = ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetRecords")
    with pytest.raises(ClientError, match="AccessDenied"):
        records(cast("boto3.Session", session), wanted(1, 1))
