"""The tables: made once, by whoever comes first, whatever dies in between."""

import threading
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from reinventure.local import mariadb
from reinventure.local.data_api_server import DataApiError
from s3_catalog.errors import BusyError
from s3_catalog.sql_mirror import schema
from s3_catalog.sql_mirror.data_api import Database, values
from tests.sql.conftest import CLUSTER, OWNER, PASSWORD, Service, clear, never


@pytest.fixture
def database(server: Path, owner: Database, service: Service) -> Database:
    """A database without tables."""
    clear(server)
    return owner


def versions(database: Database) -> list[object]:
    answer = database.execute("SELECT version FROM schema_versions ORDER BY version")
    return [version for [version] in values(answer)]


def test_they_are_numbered_from_one_without_a_gap() -> None:
    assert list(schema.migrations()) == list(range(1, len(schema.migrations()) + 1))
    assert all(schema.migrations().values())


def test_the_tables_are_made_and_the_next_one_changes_nothing(
    database: Database, service: Service
) -> None:
    schema.prepare(database, lambda: PASSWORD)
    assert versions(database) == list(schema.migrations())
    service.asked.clear()
    schema.prepare(database, never)  # type: ignore[arg-type]
    assert len(service.asked) == 2


def test_every_statement_can_be_run_again(database: Database) -> None:
    schema.prepare(database, lambda: PASSWORD)
    before = database.execute("SHOW CREATE TABLE states")
    for steps in schema.migrations().values():
        for step in steps:
            database.execute(step)
    database.execute("DELETE FROM schema_versions")
    schema.prepare(database, lambda: PASSWORD)
    assert database.execute("SHOW CREATE TABLE states")["records"] == before["records"]


@pytest.mark.parametrize("dies_at", range(4, 12))
def test_one_that_dies_in_between_is_finished_by_the_next(
    database: Database, service: Service, dies_at: int
) -> None:
    def die(*_: object) -> DataApiError | None:
        if len(service.asked) >= dies_at:
            return DataApiError("InternalServerErrorException", "gone", 500)
        return None

    service.before = die
    with pytest.raises(ClientError, match="gone"):
        schema.prepare(database, lambda: PASSWORD)
    service.before = lambda *_: None
    # Its connection is gone as well, and with it what it had locked.
    service.drop()
    schema.prepare(database, lambda: PASSWORD)
    assert versions(database) == list(schema.migrations())
    database.execute("SELECT * FROM objects")


def test_many_at_once_make_them_once(database: Database, service: Service) -> None:
    errors: list[Exception] = []

    def prepare() -> None:
        try:
            schema.prepare(Database(service.client(), CLUSTER, OWNER, never), lambda: PASSWORD)
        except ClientError as error:
            errors.append(error)

    threads = [threading.Thread(target=prepare) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert versions(database) == list(schema.migrations())


def test_one_that_takes_long_is_not_waited_for_for_ever(
    database: Database, server: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "LOCK_SECONDS", 0)
    with mariadb.administer(server) as other, other.cursor() as cursor:
        cursor.execute(f"SELECT GET_LOCK('{schema.LOCK}', 0)")
        with pytest.raises(BusyError):
            schema.prepare(database, lambda: PASSWORD)
    schema.prepare(database, lambda: PASSWORD)


@pytest.mark.parametrize("password", ["short", "x" * 19, "'; DROP TABLE states; -- 123456789", ""])
def test_a_password_cannot_end_its_statement(database: Database, password: str) -> None:
    with pytest.raises(ValueError, match="20 or more letters and digits"):
        schema.prepare(database, lambda: password)


def test_statements_end_at_the_end_of_a_line() -> None:
    script = "-- a; comment;\nSELECT ';' AS a;\n\nSELECT\n  2;\n"
    assert schema.statements(script) == ["SELECT ';' AS a", "SELECT\n  2"]
