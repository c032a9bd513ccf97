"""The schema of the mirror: tables, views, and the user who may read them.

A migration is a file of SQL statements, numbered from 1. Each statement is atomic and idempotent: a
function may end between two of them, and the next one starts over. A deployed migration never
changes; a new one follows. A function of the version before may still write meanwhile, and after a
rollback: its statements must be valid after each statement of the migration.
"""

import re
from collections.abc import Callable
from pathlib import Path

from botocore.exceptions import ClientError

from s3_catalog.exceptions import BusyError
from s3_catalog.model import bucket_name
from s3_catalog.sql_mirror.data_api import DATABASE_NAME, Database, values

MIGRATIONS = Path(__file__).parent / "migrations"

LOCK = "reinventure-schema"
"""The name of the lock (GET_LOCK) that a migration holds."""

LOCK_SECONDS = 10
"""Seconds to wait for the lock while another function migrates."""

READER = "reader"
"""The database user with read-only access."""

_VERSIONS = """CREATE TABLE IF NOT EXISTS schema_versions (
    version INT NOT NULL PRIMARY KEY,
    since TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
) ENGINE = InnoDB"""

_OWN = "{bucket}"
"""In a migration: the name of the bucket of its own, or nothing if there is none."""

_ALREADY = "Duplicate column name"
"""Part of the database's message for a column that exists. MySQL has no `ADD COLUMN IF NOT EXISTS`,
and a check before the statement could be outrun by the same statement, still running."""

_ALTERING = """SELECT COUNT(*) AS running FROM information_schema.processlist
    WHERE db = DATABASE() AND info LIKE 'ALTER TABLE %'"""

_PASSWORD = re.compile(r"[A-Za-z0-9]{20,}")


def migrations() -> dict[int, list[str]]:
    """Return the statements of each migration by its number, in ascending order."""
    return {
        int(path.name.partition("_")[0]): statements(path.read_text(encoding="utf-8"))
        for path in sorted(MIGRATIONS.glob("*.sql"))
    }


def statements(script: str) -> list[str]:
    """Return the statements of `script`: each ends with a semicolon at the end of a line."""
    lines = [line for line in script.splitlines() if not line.startswith("--")]
    return [
        part.strip()
        for part in re.split(r";$", "\n".join(lines), flags=re.MULTILINE)
        if part.strip()
    ]


def migrate(database: Database, own: str | None, password: Callable[[], str]) -> None:
    """Run the migrations that the database lacks, and create `READER` with `password`.

    `own` is the name of the catalog's bucket of its own, if it has one. Rows from before there were
    other buckets are of that one.

    Idempotent, and safe with concurrent calls: one migrates, the others wait. A database with a
    later version stays unchanged. `password` is called only if a migration runs. A statement that
    takes longer than a call may is not cancelled: call again, until it has ended.

    Raises BusyError when the lock is not free in time or such a statement still runs, ValueError
    for a password or name that could end the SQL string it is in, and what `Database.execute`
    raises.
    """
    if own is not None:
        bucket_name.check(own)
    steps = migrations()
    latest = max(steps)
    if _version(database) >= latest:
        return
    # A lock belongs to a connection, and only a transaction keeps its connection. MySQL commits
    # implicitly before each change of the schema; the connection stays the same.
    with database.session() as transaction:

        def run(sql: str) -> object:
            rows = values(database.execute(sql, transaction=transaction))
            return rows[0][0] if rows else None

        if run(f"SELECT GET_LOCK('{LOCK}', {LOCK_SECONDS})") != 1:
            raise BusyError("another function is migrating the schema")
        try:
            if run(_ALTERING):
                raise BusyError("a table is being changed since an earlier call")
            for version in range(_version(database) + 1, latest + 1):
                for step in steps[version]:
                    _change(database, step.replace(_OWN, own or ""))
            for step in _reader_grants(password()):
                run(step)
            numbers = ", ".join(f"({version})" for version in steps)
            # Outside the transaction, which will be rolled back: committed while the lock is held.
            database.execute(f"INSERT IGNORE INTO schema_versions (version) VALUES {numbers}")  # noqa: S608
        finally:
            # The service reuses the connection, and the connection would keep the lock.
            run(f"SELECT RELEASE_LOCK('{LOCK}')")


def _change(database: Database, step: str) -> None:
    """Run a statement of a migration, unless it has taken effect before."""
    try:
        # Not in the transaction of the lock, which ends after three minutes.
        database.execute(step, continue_after_timeout=True)
    except ClientError as error:
        if _ALREADY not in str(error):
            raise


def _version(database: Database) -> int:
    database.execute(_VERSIONS)
    [[version]] = values(
        database.execute("SELECT COALESCE(MAX(version), 0) AS version FROM schema_versions")
    )
    return int(str(version))


def _reader_grants(password: str) -> list[str]:
    # MySQL accepts no parameters in these statements.
    if not _PASSWORD.fullmatch(password):
        raise ValueError("the reader's password must be 20 or more letters and digits")
    user = f"'{READER}'@'%'"
    return [
        f"CREATE USER IF NOT EXISTS {user} IDENTIFIED BY '{password}'",
        f"ALTER USER {user} IDENTIFIED BY '{password}'",
        f"GRANT SELECT ON {DATABASE_NAME}.* TO {user}",
    ]
