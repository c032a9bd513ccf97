"""MariaDB behind the local Data API, with boto3 as the client: no part of it is a mock."""

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from reinventure.local import background_process as background
from reinventure.local import data_api_server as data_api
from reinventure.local import mariadb
from reinventure.local.data_api_server import DataApi, DataApiError, Login
from s3_catalog.sql_mirror import schema
from s3_catalog.sql_mirror.data_api import DATABASE_NAME, Database

if TYPE_CHECKING:
    from types_boto3_rds_data import RDSDataServiceClient

BUCKET = "photos-example"
"""The bucket of its own."""

CLUSTER = "arn:aws:rds:eu-west-1:123456789012:cluster:test"
_SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:"  # noqa: S105 (its name)
OWNER, READER = f"{_SECRET}owner", f"{_SECRET}reader"
PASSWORD = "correcthorsebatterystaple"  # noqa: S105 (of a server on a socket of this run)
LOGINS = {OWNER: Login("owner", PASSWORD), READER: Login(schema.READER, PASSWORD)}

Fault = Callable[[str, dict[str, Any]], DataApiError | None]


@dataclass
class Service:
    """The Data API at `url`, with injected faults.

    `before` and `after` return the error of a call, or None: before its statement runs, or after
    it, when the statement has run and only its response is lost.
    """

    url: str
    before: Fault = lambda *_: None
    after: Fault = lambda *_: None
    requests: list[dict[str, Any]] = field(default_factory=list)
    drop: Callable[[], None] = lambda: None
    """Close the connections of all transactions, as the service does with abandoned ones."""

    def client(self) -> "RDSDataServiceClient":
        return boto3.client(
            "rds-data",
            endpoint_url=self.url,
            region_name="eu-west-1",
            aws_access_key_id="x",
            aws_secret_access_key="x",  # noqa: S106 (the local Data API checks none)
            config=Config(retries={"total_max_attempts": 1}),
        )


class FaultyApi(DataApi):
    service: Service

    def answer(self, path: str, request: Any) -> dict[str, Any]:
        self.service.requests.append(request)
        if error := self.service.before(path, request):
            raise error
        answer = super().answer(path, request)
        if error := self.service.after(path, request):
            raise error
        return answer

    def drop(self) -> None:
        for transaction in self._transactions.values():
            transaction.connection.close()
        self._transactions.clear()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The socket of a MariaDB with the user `owner`, who has all privileges."""
    directory = tmp_path_factory.mktemp("sql")
    path = mariadb.start(directory)
    with mariadb.administer(path) as root, root.cursor() as cursor:
        cursor.execute(f"CREATE USER owner@localhost IDENTIFIED BY '{PASSWORD}'")
        cursor.execute("GRANT ALL ON *.* TO owner@localhost WITH GRANT OPTION")
    yield path
    background.stop(directory)


@pytest.fixture(scope="session")
def endpoint(server: Path) -> Iterator[Service]:
    api = FaultyApi(
        CLUSTER,
        LOGINS.__getitem__,
        lambda login, name: mariadb.connect(server, login.user, login.password, name),
    )
    listener = socket.create_server(("127.0.0.1", 0))
    served = data_api.serve(api, listener, None)
    api.service = Service(f"http://127.0.0.1:{listener.getsockname()[1]}")
    api.service.drop = api.drop
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    yield api.service
    served.shutdown()
    thread.join()
    served.server_close()


@pytest.fixture(scope="session")
def client(endpoint: Service) -> "RDSDataServiceClient":
    return endpoint.client()


@pytest.fixture
def service(endpoint: Service) -> Iterator[Service]:
    """The Data API without faults, before and after the test."""
    endpoint.requests.clear()
    yield endpoint
    endpoint.before = endpoint.after = lambda *_: None


def clear(server: Path) -> None:
    """Create the database anew, without tables and without the reader."""
    with mariadb.administer(server) as root, root.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE_NAME}")
        cursor.execute(f"CREATE DATABASE {DATABASE_NAME}")
        cursor.execute(f"DROP USER IF EXISTS {schema.READER}@'%'")


def never() -> None:
    raise AssertionError("the database is not paused")


@pytest.fixture(scope="module")
def owner(client: "RDSDataServiceClient") -> Database:
    """The database with the login of the function."""
    return Database(client, CLUSTER, OWNER, never)


@pytest.fixture(scope="module")
def migrated(server: Path, owner: Database) -> None:
    """A database with the schema, for a module that does not change it."""
    clear(server)
    schema.migrate(owner, BUCKET, lambda: PASSWORD)


@pytest.fixture
def tables(migrated: None, owner: Database, service: Service) -> Database:
    """The database with its tables, empty."""
    owner.execute("DELETE FROM states")
    return owner


@pytest.fixture
def reader(client: "RDSDataServiceClient", tables: Database) -> Database:
    """The same database with the login of the reader."""
    return Database(client, CLUSTER, READER, never)
