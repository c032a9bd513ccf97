"""Reading records of the table's stream again, which Lambda gave up on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3

from reinventure.aws.deployed_catalog import CONFIG

if TYPE_CHECKING:
    from types_boto3_dynamodbstreams.type_defs import RecordTypeDef


class ForgottenError(Exception):
    """The stream no longer has the records: it forgets them after 24 hours."""


@dataclass(frozen=True)
class StreamBatch:
    """Records of one shard of the stream `arn`, from the number `first` to `last`, inclusive.

    There are `size` of them; the first was written at `since` (ISO 8601, as Lambda says it).
    """

    arn: str
    shard: str
    first: str
    last: str
    size: int
    since: str


def batch(told: Mapping[str, Any]) -> StreamBatch:
    """Return the batch that Lambda names in `DDBStreamBatchInfo`.

    Raises KeyError when it does not name one.
    """
    return StreamBatch(
        arn=told["streamArn"],
        shard=told["shardId"],
        first=told["startSequenceNumber"],
        last=told["endSequenceNumber"],
        size=int(told.get("batchSize", 0)),
        since=str(told.get("approximateArrivalOfFirstRecord", "")),
    )


def records(session: boto3.Session, wanted: StreamBatch) -> list[dict[str, Any]]:
    """Return the records of `wanted`, in the shape in which Lambda gives them to a function.

    Raises ForgottenError when the stream no longer has all of them, and botocore's ClientError or
    BotoCoreError when it cannot be read.
    """
    streams = session.client("dynamodbstreams", config=CONFIG)
    last = int(wanted.last)
    found: list[dict[str, Any]] = []
    try:
        iterator = streams.get_shard_iterator(
            StreamArn=wanted.arn,
            ShardId=wanted.shard,
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            SequenceNumber=wanted.first,
        ).get("ShardIterator")
        # A page may be empty and not be the last one; an open shard has no last page.
        while iterator:
            page = streams.get_records(ShardIterator=iterator)
            for record in page["Records"]:
                number = int(record["dynamodb"]["SequenceNumber"])
                if number <= last:
                    found.append(_for_lambda(record, wanted.arn))
                if number >= last:
                    return found
            iterator = page.get("NextShardIterator")
    except (
        streams.exceptions.TrimmedDataAccessException,
        streams.exceptions.ResourceNotFoundException,  # The shard is gone, or the stream itself.
    ) as error:
        raise ForgottenError from error
    raise ForgottenError  # The shard ended before the last of them.


def _for_lambda(record: "RecordTypeDef", arn: str) -> dict[str, Any]:
    shaped: dict[str, Any] = {**record, "eventSourceARN": arn}
    data = dict(record["dynamodb"])
    data["ApproximateCreationDateTime"] = record["dynamodb"][
        "ApproximateCreationDateTime"
    ].timestamp()
    if identity := record.get("userIdentity"):
        shaped["userIdentity"] = {
            "principalId": identity.get("PrincipalId"),
            "type": identity.get("Type"),
        }
    return {**shaped, "dynamodb": data}
