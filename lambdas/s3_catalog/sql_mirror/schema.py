"""The tables, brought up to date by whoever writes to them first.

A migration is a file of statements, numbered from 1. Each statement can be run again: a function
may die between two of them. Once deployed, a file is never changed; a new one follows.
"""

import re
from collections.abc import Callable
from pathlib import Path

from s3_catalog.errors import BusyError
from s3_catalog.sql_mirror.data_api import NAME, Database, values

MIGRATIONS = Path(__file__).parent / "migrations"

LOCK = "reinventure-schema"
LOCK_SECONDS = 10
"""How long to wait for another one that is at it."""

READER = "reader"
"""The user of the database who may read, and nothing else."""

_VERSIONS = """CREATE TABLE IF NOT EXISTS schema_versions (
    version INT NOT NULL PRIMARY KEY,
    since TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
) ENGINE = InnoDB"""

_PASSWORD = re.compile(r"[A-Za-z0-9]{20,}")


def migrations() -> dict[int, list[str]]:
    """Return the statements of each migration by its number, in order."""
    return {
        int(path.name.partition("_")[0]): statements(path.read_text(encoding="utf-8"))
        for path in sorted(MIGRATIONS.glob("*.sql"))
    }


def statements(script: str) -> list[str]:
    """Return the statements of `script`, which end with a semicolon at the end of a line."""
    lines = [line for line in script.splitlines() if not line.startswith("--")]
    return [
        part.strip()
        for part in re.split(r";$", "\n".join(lines), flags=re.MULTILINE)
        if part.strip()
    ]


def prepare(database: Database, password: Callable[[], str]) -> None:
    """Bring the tables up to date, and let `READER` in, whose `password` is asked for if need be.

    Safe to run at any time, by several at once: one does it, the others wait. If the database is
    newer than this code, it stays as it is.

    Raises BusyError, ValueError for a password that could end the statement it stands in, and
    what `Database.execute` raises.
    """
    steps = migrations()
    latest = max(steps)
    if _version(database) >= latest:
        return
    # A lock belongs to a connection, and only a transaction has one of its own. MySQL commits
    # before it changes a table; the connection stays.
    with database.session() as transaction:

        def run(sql: str) -> object:
            rows = values(database.execute(sql, transaction=transaction))
            return rows[0][0] if rows else None

        if run(f"SELECT GET_LOCK('{LOCK}', {LOCK_SECONDS})") != 1:
            raise BusyError("another one is changing the tables")
        try:
            for version in range(_version(database) + 1, latest + 1):
                for step in steps[version]:
                    run(step)
            for step in _let_in(password()):
                run(step)
            numbers = ", ".join(f"({version})" for version in steps)
            # Committed at once, while the lock is held: the transaction will be rolled back.
            database.execute(f"INSERT IGNORE INTO schema_versions (version) VALUES {numbers}")  # noqa: S608
        finally:
            # The service keeps the connection for others, and with it what is locked.
            run(f"SELECT RELEASE_LOCK('{LOCK}')")


def _version(database: Database) -> int:
    database.execute(_VERSIONS)
    [[version]] = values(
        database.execute("SELECT COALESCE(MAX(version), 0) AS version FROM schema_versions")
    )
    return int(str(version))


def _let_in(password: str) -> list[str]:
    # What is quoted here cannot be a parameter in MySQL.
    if not _PASSWORD.fullmatch(password):
        raise ValueError("the reader's password must be 20 or more letters and digits")
    user = f"'{READER}'@'%'"
    return [
        f"CREATE USER IF NOT EXISTS {user} IDENTIFIED BY '{password}'",
        f"ALTER USER {user} IDENTIFIED BY '{password}'",
        f"GRANT SELECT ON {NAME}.* TO {user}",
    ]
