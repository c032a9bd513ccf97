"""Writing rows: the one rule that keeps the catalog correct.

For one key, the event with the greatest sequencer wins, in whatever order and however often the
events arrive. The rule is the condition of the write itself, so two writers of one key need no
lock and no read: DynamoDB compares and writes as one step.
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, cast

import botocore.session

from s3_catalog.client_config import CONFIG
from s3_catalog.model import object_key
from s3_catalog.model import row as rows
from s3_catalog.model.inspection_result import Inspection
from s3_catalog.model.timestamps import microseconds
from s3_catalog.table.item import from_item, to_item, to_value

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from s3_catalog.model.event import Event
    from s3_catalog.model.row import Row

SETTLED = (
    "attribute_not_exists(sequencer) OR (sequencer < :sequencer"
    " AND (attribute_not_exists(asked_at) OR asked_at < :settled))"
)
"""Holds when `:sequencer` is later than all that the row knows.

The row does not exist; or an earlier event left it, and if S3 was asked meanwhile, the event
happened after that (at `:settled` or later). An equal sequencer is the same event again."""

UNCHANGED = "sequencer = :sequencer AND asked_at = :asked_at"
UNCHANGED_EVENT = "sequencer = :sequencer AND attribute_not_exists(asked_at)"
ABSENT = "attribute_not_exists(sequencer)"
"""Hold when the row is as it was seen: an answer of S3, an event's own word, or not there."""

INSPECTED = "inspected = :inspected"
NOT_INSPECTED = "attribute_not_exists(inspected)"
"""Hold when what is known of the object's contents is as it was seen."""

SAME_VERSION = "version_id = :version_id"
SAME_ETAG = "attribute_not_exists(version_id) AND etag = :etag"
"""Hold when the row is of the object that was looked at. An ETag is not enough by itself."""

CLOCKS = timedelta(minutes=5)
"""How far S3's clock, which stamps events, and ours may be apart."""


class Outcome(Enum):
    """What became of an event."""

    WRITTEN = "written"
    """The row now says what the event said."""

    STALE = "stale"
    """The row knew of the same event or a later one, and stayed."""

    UNSURE = "unsure"
    """The row holds an answer of S3 that may be newer than the event: S3 must be asked again."""


class Store:
    """The catalog's table, to write to.

    `shards` is the number of partitions that the rows of a bucket are spread over; every writer
    and reader of a table uses the same (see `s3_catalog.model.object_key.partition`).

    Every method raises botocore's ClientError or BotoCoreError when DynamoDB could not decide; the
    row is then as it was, or written, and the call may be repeated.
    """

    def __init__(self, client: "DynamoDBClient", table: str, shards: int) -> None:
        self.client = client
        self.table = table
        self.shards = shards

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Store":
        """Return the store that a function's environment names: `TABLE_NAME` and `SHARDS`.

        botocore without boto3, because that starts 50 ms sooner.
        """
        session = botocore.session.Session()
        client = session.create_client("dynamodb", config=CONFIG)
        return cls(
            cast("DynamoDBClient", client), environment["TABLE_NAME"], int(environment["SHARDS"])
        )

    def write(self, event: "Event") -> Outcome:
        """Put the row of a conclusive `event` unless the table knows the same or better."""
        row = rows.from_event(event)
        try:
            self.client.put_item(
                TableName=self.table,
                Item=to_item(row, self.shards),
                ConditionExpression=SETTLED,
                ExpressionAttributeValues={
                    ":sequencer": {"S": row.sequencer},
                    ":settled": {"N": str(microseconds(event.time - CLOCKS))},
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self.client.exceptions.ConditionalCheckFailedException as refusal:
            # botocore's type for errors does not know of the item that comes along.
            old = cast("Mapping[str, AttributeValueTypeDef] | None", refusal.response.get("Item"))
            known = old is not None and old["sequencer"]["S"] >= row.sequencer
            return Outcome.STALE if known else Outcome.UNSURE
        return Outcome.WRITTEN

    def read(self, bucket: str, key: str) -> "Row | None":
        """Return the row of `key`, with every write that was acknowledged before, or None."""
        reply = self.client.get_item(
            TableName=self.table,
            Key={
                "pk": {"S": object_key.partition(bucket, key, self.shards)},
                "sk": {"S": key},
            },
            ConsistentRead=True,
        )
        return from_item(reply["Item"]) if "Item" in reply else None

    def replace(self, seen: "Row | None", row: "Row") -> bool:
        """Put `row` if the row of that key is still as it was `seen`; return whether it was."""
        values: dict[str, AttributeValueTypeDef] = {}
        condition = ABSENT
        if seen:
            condition = _unchanged(seen, values)
            if seen.inspected:
                values[":inspected"] = to_value(seen.inspected)
            condition += f" AND {INSPECTED if seen.inspected else NOT_INSPECTED}"
        try:
            if values:
                self.client.put_item(
                    TableName=self.table,
                    Item=to_item(row, self.shards),
                    ConditionExpression=condition,
                    ExpressionAttributeValues=values,
                )
            else:
                self.client.put_item(
                    TableName=self.table,
                    Item=to_item(row, self.shards),
                    ConditionExpression=condition,
                )
        except self.client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def record(self, seen: "Row", inspection: Inspection) -> bool:
        """Add `inspection` to the row if it still is of the object that `seen` is of.

        Returns whether it was. A version is the same object for ever. Without versions the row must
        be unchanged: were the object replaced since the row was read, then the event of that is
        still to come, and its row will know nothing of an inspection.
        """
        values: dict[str, AttributeValueTypeDef] = {":inspected": to_value(inspection)}
        if seen.version_id is not None:
            condition = SAME_VERSION
            values[":version_id"] = {"S": seen.version_id}
        else:
            condition = f"{SAME_ETAG} AND {_unchanged(seen, values)}"
            values[":etag"] = {"S": seen.etag or ""}
        try:
            self.client.update_item(
                TableName=self.table,
                Key={
                    "pk": {"S": object_key.partition(seen.bucket, seen.key, self.shards)},
                    "sk": {"S": seen.key},
                },
                UpdateExpression="SET inspected = :inspected",
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            return False
        return True


def _unchanged(seen: "Row", values: "dict[str, AttributeValueTypeDef]") -> str:
    """Return the condition that the row is as `seen`; its values go into `values`."""
    values[":sequencer"] = {"S": seen.sequencer}
    if seen.asked_at is None:
        return UNCHANGED_EVENT
    values[":asked_at"] = {"N": str(seen.asked_at)}
    return UNCHANGED
