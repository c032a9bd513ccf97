"""An empty table with the key schema of the catalog's table."""

from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


def new_table(client: "DynamoDBClient", *, stream: bool = False) -> str:
    """Create a table and return its name; `stream` enables its stream."""
    name = f"catalog-{uuid4()}"
    client.create_table(
        StreamSpecification=(
            {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
            if stream
            else {"StreamEnabled": False}
        ),
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
    )
    return name
