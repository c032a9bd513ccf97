"""A table on moto, and the ingest function wired to it."""

import importlib
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from reinventure.local import cloud as clouds
from reinventure.local.cloud import Cloud
from s3_catalog.model.row import Row
from s3_catalog.table import batch_write as batch
from s3_catalog.table.item import from_item
from s3_catalog.table.store import Store
from tests import empty_table

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_s3 import S3Client

SHARDS = 4
BUCKET = "photos-example"
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
def local_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud with nothing deployed, for its DynamoDB."""
    directory = tmp_path_factory.mktemp("cloud")
    yield clouds.start(directory)
    clouds.stop(directory)


@pytest.fixture(scope="session", params=["moto", "emulator"])
def dynamodb(request: pytest.FixtureRequest, aws: None) -> "DynamoDBClient":
    """DynamoDB, twice: moto writes row by row, the local cloud can run PartiQL batches too.

    The rule is one, and so are the tests.
    """
    if request.param == "moto":
        return boto3.client("dynamodb")
    cloud: Cloud = request.getfixturevalue("local_cloud")
    return boto3.client(
        "dynamodb",
        endpoint_url=cloud.endpoint,
        verify=cloud.environment["AWS_CA_BUNDLE"],
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 (the local cloud has no other)
    )


@pytest.fixture(scope="session")
def s3(aws: None) -> "S3Client":
    return boto3.client("s3")


@pytest.fixture
def new_table(dynamodb: "DynamoDBClient") -> Callable[[], str]:
    """A function that makes an empty catalog table and returns its name."""
    return partial(empty_table.new_table, dynamodb)


@pytest.fixture
def table(new_table: Callable[[], str]) -> str:
    return new_table()


@pytest.fixture(scope="session")
def bucket(s3: "S3Client") -> str:
    """The bucket that the events in `events/` are about, versioned."""
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return BUCKET


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
    """The function's module as Lambda loads it: from its environment, once, before any event."""
    monkeypatch.setenv("TABLE_NAME", store.table)
    monkeypatch.setenv("SHARDS", str(SHARDS))
    monkeypatch.setenv("BUCKET_NAME", bucket)
    module = importlib.reload(importlib.import_module("handlers.ingest"))
    monkeypatch.setattr(module, "_store", store)
    if "amazonaws" in dynamodb.meta.endpoint_url:
        # moto's PartiQL knows no parameters in an INSERT.
        monkeypatch.setattr(batch, "write", lambda _, events: [store.write(e) for e in events])
    return module


@pytest.fixture
def stored_rows(dynamodb: "DynamoDBClient", table: str) -> Callable[[], list[Row]]:
    """A function that returns every row of the table, tombstones too, by key."""

    def read() -> list[Row]:
        items = dynamodb.scan(TableName=table)["Items"]
        return sorted(map(from_item, items), key=lambda row: row.key)

    return read


def event(name: str) -> Any:
    """The notification in `events/<name>.json`, one of each shape that S3 sends."""
    return json.loads((EVENTS / f"{name}.json").read_text())
