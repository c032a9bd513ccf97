"""Functions of this project, connected to tables of the emulator, whose write units are counted.

The emulator decides whether a write is refused, as DynamoDB would.
"""

import importlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast
from unittest import mock

import boto3

from bench.counted_client import CountedClient
from reinventure.local import background_process
from reinventure.local import cloud as clouds
from s3_catalog import clients

if TYPE_CHECKING:
    from types import ModuleType

    from types_boto3_dynamodb import DynamoDBClient


class EmulatedTables:
    """The DynamoDB of an emulator, by boto3's `client`."""

    def __init__(self, client: "DynamoDBClient") -> None:
        self._client = client

    def new_table(self, name: str) -> str:
        """Create the table `name` with the key schema of all tables here, and return its name."""
        self._client.create_table(
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

    def counted(self) -> CountedClient:
        """Return a client that counts from zero."""
        return CountedClient(self._client)

    def function(
        self, name: str, variables: Mapping[str, str], client: CountedClient
    ) -> Callable[[dict[str, Any]], dict[str, Any]]:
        """Return the function `name` as a new process of Lambda has it, with this `client`."""
        module = f"handlers.{name}"
        with (
            mock.patch.dict(os.environ, variables),
            mock.patch.object(clients, "dynamodb", return_value=client),
        ):
            sys.modules.pop(module, None)
            loaded: ModuleType = importlib.import_module(module)
        return lambda event: cast("dict[str, Any]", loaded.handler(event, None))


@contextmanager
def running() -> Iterator[EmulatedTables]:
    """Run an emulator, with nothing deployed to it, during the body of this context."""
    background_process.end_with_this_process()
    with TemporaryDirectory() as folder:
        cloud = clouds.start(Path(folder) / "cloud")
        try:
            yield EmulatedTables(boto3.client("dynamodb", **cloud.access))
        finally:
            clouds.stop(cloud.directory)
