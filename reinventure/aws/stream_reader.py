"""Reading records of the table's stream again, after Lambda discarded their batch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reinventure.aws.connection import config
from reinventure.errors import RecordsExpiredError

if TYPE_CHECKING:
    import boto3
    from types_boto3_dynamodbstreams.type_defs import RecordTypeDef


@dataclass(frozen=True)
class StreamBatch:
    """Records of one shard of the stream `arn`, from sequence number `first` to `last`, inclusive.

    `size` is their number, `since` the time of the first one (ISO 8601, as Lambda writes it).
    """

    arn: str
    shard: str
    first: str
    last: str
    size: int
    since: str


def batch(info: Mapping[str, Any]) -> StreamBatch:
    """Return the batch of `info`, the field `DDBStreamBatchInfo` of a Lambda failure destination.

    Raises KeyError when a field of it is missing.
    """
    return StreamBatch(
        arn=info["streamArn"],
        shard=info["shardId"],
        first=info["startSequenceNumber"],
        last=info["endSequenceNumber"],
        size=int(info.get("batchSize", 0)),
        since=str(info.get("approximateArrivalOfFirstRecord", "")),
    )


def records(session: "boto3.Session", wanted: StreamBatch) -> list[dict[str, Any]]:
    """Return the records of `wanted`, in the shape of a Lambda event.

    Raises RecordsExpiredError when the stream no longer has all of them, and botocore's ClientError
    or BotoCoreError when it cannot be read.
    """
    streams = session.client("dynamodbstreams", config=config())
    last = int(wanted.last)
    found: list[dict[str, Any]] = []
    try:
        iterator = streams.get_shard_iterator(
            StreamArn=wanted.arn,
            ShardId=wanted.shard,
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            SequenceNumber=wanted.first,
        ).get("ShardIterator")
        # An empty page need not be the last one, and an open shard has no last page.
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
        streams.exceptions.ResourceNotFoundException,  # The shard, or the stream, is gone.
    ) as error:
        raise RecordsExpiredError("the table's stream no longer has the records") from error
    raise RecordsExpiredError("the shard ends before the last record")


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
