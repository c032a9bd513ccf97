"""Each operation of the client against botocore's, on moto and on the emulator."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError

from s3_catalog.aws_api.access import Access
from s3_catalog.aws_api.signature import Credentials
from tests import empty_table
from tests.moto_endpoint import moto_endpoint

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_s3 import S3Client

    from reinventure.local.cloud import Cloud

Clients = tuple["DynamoDBClient", "S3Client", Access]


@pytest.fixture(scope="module", params=["moto", "emulator"])
def clients(request: pytest.FixtureRequest, aws: None) -> Iterator[Clients]:
    """botocore's two clients, and access to the same service for ours."""
    if request.param == "moto":
        with moto_endpoint() as url:
            access = Access(
                "us-east-1", lambda: Credentials("testing", "testing"), {"AWS_ENDPOINT_URL": url}
            )
            yield boto3.client("dynamodb"), boto3.client("s3"), access
        return
    cloud: Cloud = request.getfixturevalue("local_cloud")
    yield (
        boto3.client("dynamodb", **cloud.access),
        boto3.client("s3", **cloud.access),
        Access.from_env(cloud.environment, lambda: Credentials("test", "test")),
    )


@pytest.fixture(scope="module")
def new_table(clients: Clients) -> Callable[[], str]:
    return lambda: empty_table.new_table(clients[0])


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
    ]


def test_the_outcomes_are_botocores(clients: Clients, new_table: Callable[[], str]) -> None:
    theirs, _, access = clients
    tables = new_table(), new_table()
    ours = run(access.dynamodb(), tables[0])
    expected = run(theirs, tables[1])
    for mine, botocores in zip(ours, expected, strict=True):
        assert mine == botocores
    assert sum(isinstance(each, tuple) for each in ours) >= 4


def test_an_insert_in_a_batch(clients: Clients, new_table: Callable[[], str]) -> None:
    theirs, _, access = clients
    replies = []
    for client in (access.dynamodb(), theirs):
        table = new_table()
        client.put_item(TableName=table, Item=ITEM)
        insert = f"INSERT INTO \"{table}\" VALUE {{'pk': ?, 'sk': ?}}"
        statement = f'UPDATE "{table}" SET "text" = ? WHERE "pk" = ? AND "sk" = ?'  # noqa: S608 (the name is ours)
        statements: Any = [
            {"Statement": statement, "Parameters": [{"S": "new"}, KEY["pk"], KEY["sk"]]},
            {"Statement": statement, "Parameters": [{"S": "new"}, KEY["pk"], {"S": "none"}]},
        ]
        if "amazonaws" not in theirs.meta.endpoint_url:  # moto has no parameters in an INSERT.
            statements += [{"Statement": insert, "Parameters": [{"S": "p"}, {"S": "b"}]}] * 2
        reply = outcome(client.batch_execute_statement, Statements=statements)
        replies.append(str(reply).replace(table, "table"))
    assert replies[0] == replies[1]


def test_a_repeated_transaction_has_one_effect(
    clients: Clients, new_table: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = []
    client: Any = clients[2].dynamodb()
    monkeypatch.setattr(client, "_call", lambda _, request: sent.append(request))
    for _ in range(2):
        client.transact_write_items(TransactItems=[])
    tokens = {request["ClientRequestToken"] for request in sent}
    assert len(tokens) == 2
    assert {len(token) for token in tokens} == {32}
    client.transact_write_items(TransactItems=[], ClientRequestToken="mine")
    assert sent[-1]["ClientRequestToken"] == "mine"


READ = {"Key", "VersionId", "IsLatest", "LastModified", "ETag", "Size", "StorageClass"}
READ |= {"ChecksumAlgorithm", "ChecksumType", "RestoreStatus"}


def test_listings_are_botocores(clients: Clients) -> None:
    _, theirs, access = clients
    ours = access.s3()
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
