"""When a comparison last found a bucket and its catalog equal, for all who use the catalog.

An item for each bucket, in a partition of its own of the totals table. Bucket names are never
empty, so no total is in that partition. It has the moment at which the comparison began: a key that
differed later may have been compared before.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from s3_catalog.model.timestamps import timestamp
from s3_catalog.table.merged_query import merged

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

PARTITION = "#verified"
"""The partition key of these items. Their sort key is the name of the bucket."""

LATER = "attribute_not_exists(verified_at) OR verified_at < :moment"
"""No comparison that began later is recorded. It may have ended before."""


@dataclass(frozen=True, slots=True)
class LastVerified:
    """The moments in the totals `table`. Methods raise botocore's ClientError or BotoCoreError."""

    client: "DynamoDBClient"
    table: str

    def record(self, bucket: str, moment: datetime) -> None:
        """Record that a comparison of the whole `bucket`, begun at `moment`, found it equal.

        Needs the permission dynamodb:UpdateItem. Idempotent; a later moment stays.
        """
        try:
            self.client.update_item(
                TableName=self.table,
                Key={"pk": {"S": PARTITION}, "sk": {"S": bucket}},
                UpdateExpression="SET verified_at = :moment",
                ConditionExpression=LATER,
                ExpressionAttributeValues={":moment": {"S": timestamp(moment)}},
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            return

    def forget(self, bucket: str) -> None:
        """Remove the moment of `bucket`, which left the scope. Idempotent.

        Needs the permission dynamodb:DeleteItem.
        """
        self.client.delete_item(
            TableName=self.table, Key={"pk": {"S": PARTITION}, "sk": {"S": bucket}}
        )

    def moments(self) -> dict[str, datetime]:
        """Return the moment of each bucket that has one, by name of the bucket."""
        found = merged(
            self.client,
            [
                {
                    "TableName": self.table,
                    "KeyConditionExpression": "pk = :partition",
                    "ExpressionAttributeValues": {":partition": {"S": PARTITION}},
                    "ConsistentRead": True,
                }
            ],
        )
        return {
            item["sk"]["S"]: datetime.fromisoformat(item["verified_at"]["S"])
            for _, item in found
            if item
        }
