"""MariaDB, our Data API in front of it, and boto3 in front of that: no part of it is mocked."""

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
from s3_catalog.sql_mirror.data_api import NAME, Database

if TYPE_CHECKING:
    from types_boto3_rds_data import RDSDataServiceClient

CLUSTER = "arn:aws:rds:eu-west-1:123456789012:cluster:test"
_SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:"  # noqa: S105 (its name)
OWNER, READER = f"{_SECRET}owner", f"{_SECRET}reader"
PASSWORD = "correcthorsebatterystaple"  # noqa: S105 (for a server that nobody else can reach)
LOGINS = {OWNER: Login("owner", PASSWORD), READER: Login(schema.READER, PASSWORD)}

Fault = Callable[[str, dict[str, Any]], DataApiError | None]


@dataclass
class Service:
    """The Data API, which can be made to fail.

    `before` and `after` are asked for each call whether it fails before it is done, or after it:
    done, but nobody hears of it.
    """

    url: str
    before: Fault = lambda *_: None
    after: Fault = lambda *_: None
    asked: list[dict[str, Any]] = field(default_factory=list)
    drop: Callable[[], None] = lambda: None
    """Break the connections of all transactions, as the service does with those that are left."""

    def client(self) -> "RDSDataServiceClient":
        return boto3.client(
            "rds-data",
            endpoint_url=self.url,
            region_name="eu-west-1",
            aws_access_key_id="x",
            aws_secret_access_key="x",  # noqa: S106 (it asks nobody)
            config=Config(retries={"total_max_attempts": 1}),
        )


class FaultyApi(DataApi):
    service: Service

    def answer(self, path: str, request: Any) -> dict[str, Any]:
        self.service.asked.append(request)
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
    """The socket of a MariaDB, with a user who may do everything."""
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
    """The Data API, in order, and in order again when the test is over."""
    endpoint.asked.clear()
    yield endpoint
    endpoint.before = endpoint.after = lambda *_: None


def clear(server: Path) -> None:
    """Make an empty database, without the tables that `prepare` makes."""
    with mariadb.administer(server) as root, root.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {NAME}")
        cursor.execute(f"CREATE DATABASE {NAME}")
        cursor.execute(f"DROP USER IF EXISTS {schema.READER}@'%'")


def never() -> None:
    raise AssertionError("the database was not asleep")


@pytest.fixture(scope="module")
def owner(client: "RDSDataServiceClient") -> Database:
    """The database, as the function asks it."""
    return Database(client, CLUSTER, OWNER, never)


@pytest.fixture(scope="module")
def made(server: Path, owner: Database) -> None:
    """A database with its tables, for a module that does not change them."""
    clear(server)
    schema.prepare(owner, lambda: PASSWORD)


@pytest.fixture
def tables(made: None, owner: Database, service: Service) -> Database:
    """The tables, empty."""
    owner.execute("DELETE FROM states")
    return owner


@pytest.fixture
def reader(client: "RDSDataServiceClient", tables: Database) -> Database:
    """The same, as somebody asks it who may only read."""
    return Database(client, CLUSTER, READER, never)
