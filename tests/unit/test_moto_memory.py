"""What is deleted from moto is not kept in memory: its data live as long as the test run."""

import gc

import boto3
from moto.dynamodb.models.table import Table

from tests.empty_table import new_table


def test_a_deleted_table_and_its_copies_are_gone(aws: None) -> None:
    client = boto3.client("dynamodb")
    name = new_table(client)
    # moto copies the table for it.
    client.transact_write_items(
        TransactItems=[{"Put": {"TableName": name, "Item": {"pk": {"S": "p"}, "sk": {"S": "s"}}}}]
    )
    assert tables(name) == 1
    client.delete_table(TableName=name)
    assert tables(name) == 0


def tables(name: str) -> int:
    """The number of moto's tables of that name in memory."""
    gc.collect()
    return sum(isinstance(each, Table) and each.name == name for each in gc.get_objects())
