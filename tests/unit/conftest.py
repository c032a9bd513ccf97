"""A table on moto, and the ingest function wired to it."""

import importlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest
from moto import mock_aws

from catalog import row as rows
from catalog.row import Row
from catalog.store import Store

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_s3 import S3Client

SHARDS = 4
EVENTS = Path(__file__).parent / "events"


@pytest.fixture(scope="session", autouse=True)
def aws() -> Iterator[None]:
    """AWS as moto mocks it, and credentials that are none."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_CA_BUNDLE"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        with mock_aws():
            yield


@pytest.fixture(scope="session")
def dynamodb(aws: None) -> "DynamoDBClient":
    return boto3.client("dynamodb")


@pytest.fixture(scope="session")
def s3(aws: None) -> "S3Client":
    return boto3.client("s3")


@pytest.fixture
def new_table(dynamodb: "DynamoDBClient") -> Callable[[], str]:
    """A function that makes an empty catalog table and returns its name."""

    def make() -> str:
        name = f"catalog-{uuid4()}"
        dynamodb.create_table(
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

    return make


@pytest.fixture
def table(new_table: Callable[[], str]) -> str:
    return new_table()


@pytest.fixture
def store(dynamodb: "DynamoDBClient", table: str) -> Store:
    return Store(dynamodb, table, SHARDS)


@pytest.fixture
def ingest(table: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The function's module as Lambda loads it: from its environment, once, before any event."""
    monkeypatch.setenv("TABLE_NAME", table)
    monkeypatch.setenv("SHARDS", str(SHARDS))
    return importlib.reload(importlib.import_module("ingest"))


@pytest.fixture
def stored_rows(dynamodb: "DynamoDBClient", table: str) -> Callable[[], list[Row]]:
    """A function that returns every row of the table, tombstones too, by key."""

    def read() -> list[Row]:
        items = dynamodb.scan(TableName=table)["Items"]
        return sorted(map(rows.from_item, items), key=lambda row: row.key)

    return read


def event(name: str) -> Any:
    """The notification in `events/<name>.json`, one of each shape that S3 sends."""
    return json.loads((EVENTS / f"{name}.json").read_text())
