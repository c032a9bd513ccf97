"""Tables on moto and on the emulator, and the function `ingest` connected to them."""

import importlib
from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, cast

import boto3
import pytest

from reinventure.local import cloud as clouds
from reinventure.local.cloud import Cloud
from s3_catalog.model.row import Row
from s3_catalog.table import batch_write as batch
from s3_catalog.table.item import from_item
from s3_catalog.table.store import Store
from tests import empty_table
from tests.our_clients import CombinedClient, our_dynamodb

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

from tests.unit.conftest import aws, bucket, moto_url, s3

__all__ = ["aws", "bucket", "moto_url", "s3"]

SHARDS = 4


@pytest.fixture(scope="session")
def local_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud with nothing deployed, for its DynamoDB."""
    directory = tmp_path_factory.mktemp("cloud")
    yield clouds.start(directory)
    clouds.stop(directory)


@pytest.fixture(scope="session", params=["moto", "emulator"])
def dynamodb(request: pytest.FixtureRequest, moto_url: str) -> "DynamoDBClient":
    """DynamoDB twice: moto, which writes single rows only, and the emulator, which runs batches.

    Both must pass the same tests. Operations on items are those of our client.
    """
    if request.param == "moto":
        ours, theirs = our_dynamodb(moto_url), boto3.client("dynamodb")
    else:
        cloud: Cloud = request.getfixturevalue("local_cloud")
        ours = our_dynamodb(cloud.endpoint, cloud.environment["AWS_CA_BUNDLE"])
        theirs = boto3.client("dynamodb", **cloud.access)
    return cast("DynamoDBClient", CombinedClient(ours, theirs))


@pytest.fixture
def new_table(dynamodb: "DynamoDBClient") -> Callable[[], str]:
    """A function that makes an empty catalog table and returns its name."""
    return partial(empty_table.new_table, dynamodb)


@pytest.fixture
def table(new_table: Callable[[], str]) -> str:
    return new_table()


@pytest.fixture
def store(dynamodb: "DynamoDBClient", table: str) -> Store:
    return Store(dynamodb, table, SHARDS)


@pytest.fixture
def ingest(
    dynamodb: "DynamoDBClient",
    store: Store,
    bucket: str,
    monkeypatch: pytest.MonkeyPatch,
) -> ModuleType:
    """The function's module, loaded from its environment before any event, as Lambda does."""
    monkeypatch.setenv("TABLE_NAME", store.table)
    monkeypatch.setenv("SHARDS", str(SHARDS))
    monkeypatch.setenv("BUCKET_NAME", bucket)
    module = importlib.reload(importlib.import_module("handlers.ingest"))
    monkeypatch.setattr(module, "_store", store)
    if "amazonaws" in dynamodb.meta.endpoint_url:
        # moto's PartiQL has no parameters in an INSERT.
        monkeypatch.setattr(batch, "write", lambda _, events: [store.write(e) for e in events])
    return module


@pytest.fixture
def stored_rows(dynamodb: "DynamoDBClient", table: str) -> Callable[[], list[Row]]:
    """A function that returns every row of the table, tombstones too, by key."""

    def read() -> list[Row]:
        items = dynamodb.scan(TableName=table)["Items"]
        return sorted(map(from_item, items), key=lambda row: row.key)

    return read
