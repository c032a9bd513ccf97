"""Rows and objects for the tests of the command."""

from typing import Any

from reinventure.aws.deployed_catalog import DeployedCatalog
from s3_catalog.correction import correct
from s3_catalog.model.row import Row
from s3_catalog.table.item import to_item
from tests import doubles


def add_row(catalog: DeployedCatalog, key: str, **attributes: Any) -> Row:
    """Write a row, whatever the bucket has."""
    row = doubles.row(key, bucket=catalog.bucket, **attributes)
    catalog.dynamodb.put_item(TableName=catalog.table, Item=to_item(row, catalog.outputs.shards))
    return row


def put_object(catalog: DeployedCatalog, key: str, body: bytes = b"x") -> None:
    """Put an object, and write its row."""
    catalog.s3.put_object(Bucket=catalog.bucket, Key=key, Body=body)
    correct(catalog.store(), catalog.stored(), key)
