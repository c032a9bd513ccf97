"""Each operation of the client against botocore's, on moto and on the emulator."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError

from tests import empty_table
from tests.moto_endpoint import moto_endpoint
from tests.our_clients import our_dynamodb, our_s3

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_s3 import S3Client

    from reinventure.local.cloud import Cloud


class Clients(NamedTuple):
    """boto3's two clients, and ours of the same services."""

    dynamodb: "DynamoDBClient"
    s3: "S3Client"
    our_dynamodb: "DynamoDBClient"
    our_s3: "S3Client"


@pytest.fixture(scope="module", params=["moto", "emulator"])
def clients(request: pytest.FixtureRequest, aws: None) -> Iterator[Clients]:
    if request.param == "moto":
        with moto_endpoint() as url:
            theirs = boto3.client("dynamodb"), boto3.client("s3")
            yield Clients(*theirs, our_dynamodb(url), our_s3(url))
        return
    cloud: Cloud = request.getfixturevalue("local_cloud")
    place = cloud.endpoint, cloud.environment["AWS_CA_BUNDLE"]
    theirs = boto3.client("dynamodb", **cloud.access), boto3.client("s3", **cloud.access)
    yield Clients(*theirs, our_dynamodb(*place), our_s3(*place))


@pytest.fixture(scope="module")
def new_table(clients: Clients) -> Callable[[], str]:
    return lambda: empty_table.new_table(clients.dynamodb)


KEY = {"pk": {"S": "p"}, "sk": {"S": "a/\u00e4\n\U0001f600"}}
ITEM: Any = {
    **KEY,
    "text": {"S": '\u0001\\"/ü'},
    "number": {"N": "12345678901234567890.5"},
    "none": {"NULL": True},
    "yes": {"BOOL": True},
    "map": {"M": {"list": {"L": [{"S": "x"}, {"N": "-1"}]}}},
    "texts": {"SS": ["a", "b"]},
}
STALE: Any = {
    "ConditionExpression": "attribute_not_exists(pk)",
    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
}


CAUGHT = {"ConditionalCheckFailedException", "TransactionCanceledException"}
"""Errors that have a class of their own in both clients."""


def outcome(call: Callable[..., Any], **request: Any) -> Any:
    """Return the reply without the metadata, or code, message and attributes of the error."""
    try:
        reply = dict(call(**request))
    except ClientError as error:
        reply = {
            name: value
            for name, value in error.response.items()
            if name not in {"ResponseMetadata", "message", "Message", "Error"}
        }
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        found = error.response["Error"]
        # botocore drops what is null.
        for reason in reply.get("CancellationReasons", []):
            reason.pop("Message", None)
        kind = {type(error).__name__} & CAUGHT
        return kind, found["Code"], found["Message"], status, str(error), reply
    reply.pop("ResponseMetadata", None)
    reply.pop("ConsumedCapacity", None)  # It has the table's name.
    if "Responses" in reply and isinstance(reply["Responses"], dict):
        reply["Responses"] = list(reply["Responses"].values())  # By table.
    return reply


def run(client: "DynamoDBClient", table: str) -> list[Any]:
    """Return the outcomes of each operation in several cases."""
    update: Any = {
        "TableName": table,
        "Key": KEY,
        "UpdateExpression": "ADD #n :n",
        "ExpressionAttributeNames": {"#n": "count"},
        "ExpressionAttributeValues": {":n": {"N": "1"}},
    }
    query: Any = {
        "TableName": table,
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": {"S": "p"}},
        "ConsistentRead": True,
    }
    return [
        outcome(client.put_item, TableName=table, Item=ITEM),
        outcome(client.put_item, TableName=table, Item=ITEM, **STALE),
        outcome(client.put_item, TableName=table, Item={"pk": {"S": "p"}}),
        outcome(client.put_item, TableName=f"{table}-not", Item=ITEM),
        outcome(client.get_item, TableName=table, Key=KEY, ConsistentRead=True),
        outcome(client.get_item, TableName=table, Key={**KEY, "sk": {"S": "none"}}),
        outcome(client.update_item, **update, ReturnValues="ALL_NEW"),
        outcome(client.update_item, **update, ConditionExpression="attribute_not_exists(pk)"),
        outcome(client.query, **query),
        outcome(client.query, **query, Limit=1),
        outcome(client.query, **query, FilterExpression="attribute_exists(nothing)"),
        outcome(
            client.batch_get_item,
            RequestItems={
                table: {"Keys": [KEY, {**KEY, "sk": {"S": "none"}}], "ConsistentRead": True}
            },
        ),
        outcome(client.transact_write_items, TransactItems=[{"Update": update}]),
        outcome(
            client.transact_write_items,
            TransactItems=[
                {"Update": {**update, **STALE}},
                {"Put": {"TableName": table, "Item": {**ITEM, "sk": {"S": "z"}}}},
            ],
        ),
        outcome(client.get_item, TableName=table, Key=KEY, ConsistentRead=True),
        outcome(
            client.delete_item,
            TableName=table,
            Key=KEY,
            ConditionExpression="attribute_not_exists(pk)",
        ),
        outcome(client.delete_item, TableName=table, Key=KEY, ReturnValues="ALL_OLD"),
        outcome(client.delete_item, TableName=table, Key=KEY),
    ]


def test_the_outcomes_are_botocores(clients: Clients, new_table: Callable[[], str]) -> None:
    tables = new_table(), new_table()
    ours = run(clients.our_dynamodb, tables[0])
    expected = run(clients.dynamodb, tables[1])
    for mine, botocores in zip(ours, expected, strict=True):
        assert mine == botocores
    assert sum(isinstance(each, tuple) for each in ours) >= 4


def test_an_insert_in_a_batch(clients: Clients, new_table: Callable[[], str]) -> None:
    replies = []
    for client in (clients.our_dynamodb, clients.dynamodb):
        table = new_table()
        client.put_item(TableName=table, Item=ITEM)
        insert = f"INSERT INTO \"{table}\" VALUE {{'pk': ?, 'sk': ?}}"
        statement = f'UPDATE "{table}" SET "text" = ? WHERE "pk" = ? AND "sk" = ?'  # noqa: S608 (the name is ours)
        statements: Any = [
            {"Statement": statement, "Parameters": [{"S": "new"}, KEY["pk"], KEY["sk"]]},
            {"Statement": statement, "Parameters": [{"S": "new"}, KEY["pk"], {"S": "none"}]},
        ]
        if (
            "amazonaws" not in clients.dynamodb.meta.endpoint_url
        ):  # moto has no parameters in an INSERT.
            statements += [{"Statement": insert, "Parameters": [{"S": "p"}, {"S": "b"}]}] * 2
        reply = outcome(client.batch_execute_statement, Statements=statements)
        replies.append(str(reply).replace(table, "table"))
    assert replies[0] == replies[1]


READ = {"Key", "VersionId", "IsLatest", "LastModified", "ETag", "Size", "StorageClass"}
READ |= {"ChecksumAlgorithm", "ChecksumType", "RestoreStatus"}


def test_listings_are_botocores(clients: Clients) -> None:
    theirs, ours = clients.s3, clients.our_s3
    for name in (f"bucket-{uuid4()}", f"bucket.{uuid4()}"):
        assert outcome(ours.list_object_versions, Bucket=name)[1] == "NoSuchBucket"
        theirs.create_bucket(Bucket=name)
        theirs.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        keys = ["a", "a", "b c+d%20", "ä/\U0001f600", "z&<>\"'"]
        if "amazonaws" not in theirs.meta.endpoint_url:
            keys.append("\u0001")  # moto's listing of it is no XML.
        for size, key in enumerate(keys):
            theirs.put_object(Bucket=name, Key=key, Body=b"." * size)
        theirs.delete_object(Bucket=name, Key="a")
        requests: list[dict[str, Any]] = [
            {},
            {"Prefix": "a"},
            {"Prefix": "ä/"},
            {"Prefix": "none"},
            {"MaxKeys": 2},
            {"OptionalObjectAttributes": ["RestoreStatus"]},
            {"KeyMarker": "b c+d%20"},
        ]
        for request in requests:
            page = ours.list_object_versions(Bucket=name, **request)
            expected = theirs.list_object_versions(Bucket=name, **request)
            for field in ("IsTruncated", "NextKeyMarker", "NextVersionIdMarker"):
                assert page.get(field) == expected.get(field), (request, field)
            for kind in ("Versions", "DeleteMarkers"):
                entries: Any = expected.get(kind)
                assert page.get(kind) == (
                    entries and [{n: e[n] for n in e if n in READ} for e in entries]
                ), request
