"""Writing rows: the one rule that keeps the catalog correct.

For one key, the latest event wins, in whatever order and however often the events arrive. The rule
is the condition of the write itself (`s3_catalog.table.conditions`), so two writers of one key need
no lock and no read: DynamoDB compares and writes as one step. Which of two events is later follows
from their sequencers and times (`s3_catalog.model.order`).
"""

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, cast

from s3_catalog import key_log
from s3_catalog.model import object_key
from s3_catalog.model import row as rows
from s3_catalog.model.event import MULTIPART_UPLOAD
from s3_catalog.model.order import TOLERANCE, superseded
from s3_catalog.model.timestamps import CLOCKS, microseconds, timestamp, utc_now
from s3_catalog.table import conditions
from s3_catalog.table.deciding_clause import accepting_clause, refusing_clause
from s3_catalog.table.item import from_item, to_item, to_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef, PutItemInputTypeDef

    from s3_catalog.model.event import Event
    from s3_catalog.model.inspection_result import InspectionResult
    from s3_catalog.model.row import Row


class Outcome(Enum):
    """The result of applying an event, or of a lookup, to the row of a key."""

    WRITTEN = "written"
    """The row was written."""

    SUPERSEDED = "superseded"
    """The row already has this event or a later one, and stays."""

    UNCHANGED = "unchanged"
    """The row already agrees with S3, and stays."""

    UNDECIDED = "undecided"
    """Only S3 can decide: sequencers and times contradict each other, or the row holds the result
    of a lookup that may be later than the event."""


class Store:
    """The catalog's table, for writing.

    `shards` is the number of partitions that the rows of a bucket are spread over; every writer
    and reader of a table uses the same (see `s3_catalog.model.object_key.partition`). `clock`
    returns the current time in UTC.

    Every method raises botocore's ClientError or BotoCoreError when DynamoDB could not decide. The
    row is then as it was, or written. Every call is idempotent.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        shards: int,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.client = client
        self.table = table
        self.shards = shards
        self.existing: dict[str, bool] = {}
        """By name of event, whether most of its keys had a row in the last request of a batch.

        A guess, which saves statements and changes no result: see `s3_catalog.table.batch_write`.
        """
        self._clock = clock

    def write(self, event: "Event") -> Outcome:
        """Put the row of a self-contained `event`, unless the table has it or a later state."""
        row = rows.from_event(event)
        request: PutItemInputTypeDef = {
            "TableName": self.table,
            "Item": to_item(row, self.shards),
            "ConditionExpression": conditions.ACCEPTS_EVENT,
            "ExpressionAttributeValues": {
                ":sequencer": {"S": row.sequencer},
                ":multipart_upload": {"S": MULTIPART_UPLOAD},
                ":latest": {"S": timestamp(event.time + TOLERANCE)},
                ":earliest": {"S": timestamp(event.time - TOLERANCE)},
                ":happened": {"N": str(_certainly_before(event))},
            },
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if key_log.ENABLED:
            # It uses no capacity (PutItem, DynamoDB API Reference).
            request["ReturnValues"] = "ALL_OLD"
        try:
            reply = self.client.put_item(**request)
        except self.client.exceptions.ConditionalCheckFailedException as refusal:
            # botocore's type of the error lacks the item.
            old = cast("Mapping[str, AttributeValueTypeDef] | None", refusal.response.get("Item"))
            seen = None if old is None else from_item(old)
            has_it = seen is not None and self.supersedes(seen, event)
            outcome = Outcome.SUPERSEDED if has_it else Outcome.UNDECIDED
            if key_log.ENABLED:
                log_decision(event, outcome, seen)
            return outcome
        if key_log.ENABLED:
            before = reply.get("Attributes")
            log_decision(event, Outcome.WRITTEN, from_item(before) if before else None)
        return Outcome.WRITTEN

    def supersedes(self, row: "Row", event: "Event") -> bool:
        """Return whether `row` certainly has `event` already, or a later one.

        A row with an implausible sequencer does not: its next lookup heals it.
        """
        return superseded(event, row) and not row.implausible(self._clock())

    def read(self, bucket: str, key: str) -> "Row | None":
        """Return the row of `key`, by a consistent read, or None."""
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
        """Put `row` if the row of its key is still `seen`, or still missing; return whether."""
        values: dict[str, AttributeValueTypeDef] = {}
        condition = conditions.ROW_MISSING
        if seen:
            condition = _unchanged(seen, values)
            if seen.inspected:
                values[":inspected"] = to_value(seen.inspected)
                condition += f" AND {conditions.INSPECTION_UNCHANGED}"
            else:
                condition += f" AND {conditions.NOT_INSPECTED}"
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

    def record(self, seen: "Row", result: "InspectionResult") -> bool:
        """Add the inspection `result` to the row, if the row is still of the same object as `seen`.

        Returns whether it is. A version never changes. Without versions the row must be unchanged:
        if the object has been replaced since the row was read, that event is yet to arrive, and it
        writes a row without an inspection result.
        """
        values: dict[str, AttributeValueTypeDef] = {":inspected": to_value(result)}
        if seen.version_id is not None:
            condition = conditions.SAME_VERSION
            values[":version_id"] = {"S": seen.version_id}
        else:
            condition = f"{conditions.SAME_UNVERSIONED_OBJECT} AND {_unchanged(seen, values)}"
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


def log_decision(
    event: "Event", outcome: Outcome, before: "Row | None", clause: str | None = None
) -> None:
    """Log what became of a self-contained `event`, whose row was `before`, None if it had none.

    `clause` is by which it was written, where the row before is not known.
    """
    written = outcome is Outcome.WRITTEN
    if clause is None and written:
        clause = accepting_clause(before)
    elif clause is None and before is not None:
        clause = refusing_clause(before, event, _certainly_before(event))
    key_log.log_event(
        key_log.DECIDED,
        event,
        outcome=outcome.value,
        clause=clause,
        before=key_log.of_row(before),
        after=key_log.of_row(rows.from_event(event) if written else before),
    )


def _certainly_before(event: "Event") -> int:
    """Return the time, in microseconds since 1970, before which no part of `event` happened."""
    # When an upload started is not known as a time: none of the lookups certainly was before it.
    return 0 if event.multipart else microseconds(event.time - CLOCKS)


def _unchanged(seen: "Row", values: "dict[str, AttributeValueTypeDef]") -> str:
    """Return the condition that the row is as `seen`; its values go into `values`."""
    values[":sequencer"] = {"S": seen.sequencer}
    if seen.asked_at is None:
        return conditions.ROW_UNCHANGED
    values[":asked_at"] = {"N": str(seen.asked_at)}
    return conditions.LOOKED_UP_ROW_UNCHANGED
