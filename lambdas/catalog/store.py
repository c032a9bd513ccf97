"""Writing rows: the one rule that keeps the catalog correct.

For one key, the event with the greatest sequencer wins, in whatever order and however often the
events arrive. The rule is the condition of the write itself, so two writers of one key need no
lock and no read: DynamoDB compares and writes as one step.
"""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

import botocore.session
from botocore.config import Config

from catalog import row as rows
from catalog.row import Row

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_log = logging.getLogger(__name__)

NEWER = "attribute_not_exists(sequencer) OR sequencer < :sequencer"
"""Holds when the row does not exist or was left by an earlier event than `:sequencer`. An equal
sequencer is the same event again, and changes nothing."""


class Store:
    """The catalog's table, to write to.

    `shards` is the number of partitions that the rows of a bucket are spread over; every writer
    and reader of a table uses the same (see `catalog.key.partition`).
    """

    def __init__(self, client: "DynamoDBClient", table: str, shards: int) -> None:
        self._client = client
        self._table = table
        self._shards = shards

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Store":
        """Return the store that a function's environment names: `TABLE_NAME` and `SHARDS`.

        botocore without boto3, because that starts 50 ms sooner; short timeouts, because the
        function's own is 30 s and a second try is worth more than a long wait.
        """
        client: DynamoDBClient = botocore.session.Session().create_client(  # type: ignore[assignment]
            "dynamodb",
            config=Config(
                connect_timeout=2,
                read_timeout=5,
                retries={"mode": "standard", "total_max_attempts": 4},
            ),
        )
        return cls(client, environment["TABLE_NAME"], int(environment["SHARDS"]))

    def write(self, row: Row) -> bool:
        """Put `row` unless the table already knows of the same or a later event of its key.

        Returns whether it was written. Raises botocore's ClientError or BotoCoreError when
        DynamoDB could not decide; the row is then as it was, or written, and may be tried again.
        """
        try:
            self._client.put_item(
                TableName=self._table,
                Item=rows.to_item(row, self._shards),
                ConditionExpression=NEWER,
                ExpressionAttributeValues={":sequencer": {"S": row.sequencer}},
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True
