"""Migrations: run once, with concurrent functions and after interruptions."""

import threading
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from reinventure.local import mariadb
from s3_catalog.exceptions import BusyError
from s3_catalog.sql_mirror import schema
from s3_catalog.sql_mirror.data_api import Database, values
from tests.sql.conftest import BUCKET, CLUSTER, OWNER, PASSWORD, Service, clear, never


@pytest.fixture
def database(server: Path, owner: Database, service: Service) -> Database:
    """The database without tables."""
    clear(server)
    return owner


def versions(database: Database) -> list[object]:
    answer = database.execute("SELECT version FROM schema_versions ORDER BY version")
    return [version for [version] in values(answer)]


def test_the_second_migration_changes_nothing(database: Database, service: Service) -> None:
    schema.migrate(database, BUCKET, lambda: PASSWORD)
    assert versions(database) == list(schema.migrations())
    service.requests.clear()
    schema.migrate(database, BUCKET, never)  # type: ignore[arg-type]
    assert len(service.requests) == 2


def test_every_migration_is_idempotent(database: Database) -> None:
    schema.migrate(database, BUCKET, lambda: PASSWORD)
    before = database.execute("SHOW CREATE TABLE states")
    database.execute("DELETE FROM schema_versions")
    schema.migrate(database, BUCKET, lambda: PASSWORD)
    assert database.execute("SHOW CREATE TABLE states")["records"] == before["records"]


def test_concurrent_migrations_run_once(database: Database, service: Service) -> None:
    errors: list[Exception] = []

    def migrate() -> None:
        try:
            ours = Database(service.client(), CLUSTER, OWNER, never)
            schema.migrate(ours, BUCKET, lambda: PASSWORD)
        except ClientError as error:
            errors.append(error)

    threads = [threading.Thread(target=migrate) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert versions(database) == list(schema.migrations())


def test_the_wait_for_the_lock_is_limited(
    database: Database, server: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "LOCK_SECONDS", 0)
    with mariadb.administer(server) as other, other.cursor() as cursor:
        cursor.execute(f"SELECT GET_LOCK('{schema.LOCK}', 0)")
        with pytest.raises(BusyError):
            schema.migrate(database, BUCKET, lambda: PASSWORD)
    schema.migrate(database, BUCKET, lambda: PASSWORD)


@pytest.mark.parametrize("password", ["short", "x" * 19, "'; DROP TABLE states; -- 123456789", ""])
def test_a_password_that_could_end_its_string_is_refused(database: Database, password: str) -> None:
    with pytest.raises(ValueError, match="20 or more letters and digits"):
        schema.migrate(database, BUCKET, lambda: password)
