"""The second version of the schema, from a mirror of the first: every key gets its bucket.

`version_1.sql` is a mirror of the first version. Its writer may run during the migration and, after
a rollback, long after it.
"""

import json
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from reinventure.local import mariadb
from reinventure.local.data_api_server import DataApiError
from s3_catalog.exceptions import BusyError
from s3_catalog.sql_mirror import schema
from s3_catalog.sql_mirror.data_api import DATABASE_NAME, Database, values
from s3_catalog.sql_mirror.mirror_writer import MirrorWriter
from tests.sql.conftest import BUCKET, CLUSTER, PASSWORD, READER, Service, clear, never
from tests.sql.schedule import ATTACHED, message, mirrored, newest
from tests.waiting import wait_until

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from pymysql.cursors import Cursor

HERE = Path(__file__).parent
DUMP = schema.statements((HERE / "version_1.sql").read_text(encoding="utf-8"))
QUERIES = schema.statements((HERE / "queries_of_version_1.sql").read_text(encoding="utf-8"))

WRITE = """INSERT INTO states (key_bytes, size, etag, version_id, changed_at, event, place)
VALUES (%s, %s, %s, %s, %s, %s, %s) ON DUPLICATE KEY UPDATE
size = IF(VALUES(place) > place, VALUES(size), size),
etag = IF(VALUES(place) > place, VALUES(etag), etag),
version_id = IF(VALUES(place) > place, VALUES(version_id), version_id),
changed_at = IF(VALUES(place) > place, VALUES(changed_at), changed_at),
event = IF(VALUES(place) > place, VALUES(event), event), place = GREATEST(place, VALUES(place))"""
"""The statement of the writer of the first version."""

State = tuple[object, ...]


class Before:
    """A mirror of the first version and its writer, on a connection of their own."""

    def __init__(self, server: Path, connection: "Connection[Cursor]") -> None:
        self._server = server
        self._connection = connection

    def restore(self) -> dict[str, State]:
        """Create the mirror anew, with the reader; return the state of each key."""
        clear(self._server)
        self._run(f"USE {DATABASE_NAME}")
        for statement in DUMP:
            self._run(statement)
        for statement in schema._reader_grants("x" * 32):
            self._run(statement)
        rows = self.rows(
            "SELECT key_bytes, size, etag, version_id, CAST(changed_at AS CHAR), event FROM states"
        )
        return {bytes(key).decode(): tuple(rest) for key, *rest in rows}

    def write(self, key: str, number: int) -> State:
        """Write a state of `key`, which is later with a greater number; return it."""
        place = f"00FF{number:028X}{0:020}"
        time = f"2026-11-21 10:00:00.{number % 1000:03}"
        self._run(
            WRITE, (key.encode(), number, f"e{number}", None, time, "ObjectCreated:Put", place)
        )
        return number, f"e{number}", None, time, "ObjectCreated:Put"

    def rows(self, query: str) -> list[list[Any]]:
        """Return the result of `query`."""
        with self._connection.cursor() as cursor:
            cursor.execute(query)
            return [list(row) for row in cursor.fetchall()]

    def _run(self, statement: str, parameters: tuple[object, ...] | None = None) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(statement, parameters)


@pytest.fixture
def before(server: Path, service: Service) -> Iterator[Before]:
    with mariadb.administer(server) as connection:
        yield Before(server, connection)


def of_own(states: dict[str, State]) -> dict[tuple[str, str], State]:
    """The mirror after the migration: the states from before are of the bucket of its own."""
    return {(BUCKET, key): state for key, state in states.items()}


def test_the_dump_is_what_the_first_migration_creates(before: Before, owner: Database) -> None:
    query = (
        "SELECT table_name, column_name, column_type, collation_name, is_nullable, column_default,"
        " column_key FROM information_schema.columns WHERE table_schema = 'catalog' ORDER BY 1, 2"
    )
    before.restore()
    dumped = before.rows(query)
    clear(before._server)
    owner.execute(schema._VERSIONS)
    for step in schema.migrations()[1]:
        owner.execute(step)
    assert dumped == before.rows(query)


def test_the_rows_from_before_are_of_the_bucket_of_its_own(
    before: Before, owner: Database, service: Service
) -> None:
    states = before.restore()
    asked = [*QUERIES, "SELECT * FROM objects ORDER BY key_bytes"]
    answers = [before.rows(query) for query in asked]
    assert len(states) == 8
    assert len(answers) == 11
    writer = MirrorWriter(owner, BUCKET, lambda: PASSWORD)
    messages = [message("a", 1, None, 5, bucket=ATTACHED), message("a", 1, None, 5)]
    # The first state is of another bucket; the second is older than the one from before.
    assert writer.apply({str(n): json.dumps(m) for n, m in enumerate(messages)}, never) == {}
    assert mirrored(owner) == of_own(states) | newest(messages[:1])
    owner.execute("DELETE FROM states WHERE bucket = :name", {"name": ATTACHED})
    # Queries from before have the results from before. `*` has one more column, at the end.
    *results, everything = (before.rows(query) for query in asked)
    assert [*results, [row[:-1] for row in everything]] == answers
    reader = Database(service.client(), CLUSTER, READER, never)
    assert values(reader.execute("SELECT DISTINCT bucket FROM objects")) == [[BUCKET]]


@pytest.mark.parametrize("lost", ["the request", "the reply"])
def test_a_migration_that_is_interrupted_anywhere_is_completed_by_the_next(
    before: Before, owner: Database, service: Service, lost: str
) -> None:
    fails_at = 1
    while interrupt(before, owner, service, fails_at, lost):
        fails_at += 1
    assert fails_at > 12


def interrupt(before: Before, owner: Database, service: Service, fails_at: int, lost: str) -> bool:
    """Migrate, with a failure at one request, and then again; return whether it came to that one.

    After each request, a writer of the first version writes.
    """
    expected, number = of_own(before.restore()), count(100)
    service.requests.clear()

    def fail(*_: object) -> DataApiError | None:
        if len(service.requests) == fails_at:
            return DataApiError("InternalServerErrorException", "gone", 500)
        return None

    def write(*_: object) -> None:
        for key in ("a", "new"):
            expected[BUCKET, key] = before.write(key, next(number))

    def write_and_fail(*_: object) -> DataApiError | None:
        write()
        return fail()

    if lost == "the request":
        service.before, service.after = fail, write
    else:
        service.after = write_and_fail
    try:
        schema.migrate(owner, BUCKET, lambda: PASSWORD)
        interrupted = False
    except ClientError:
        interrupted = True
    service.before, service.after = lambda *_: None, write
    # As the service does with a transaction without calls: this releases the lock.
    service.drop()
    schema.migrate(owner, BUCKET, lambda: PASSWORD)
    service.after = lambda *_: None
    assert mirrored(owner) == expected
    versions = before.rows("SELECT version FROM schema_versions ORDER BY version")
    assert versions == [[1], [2]]
    assert before.rows("SELECT DISTINCT bucket FROM objects") == [[BUCKET]]
    return interrupted


def test_a_writer_of_the_first_version_may_write_all_the_time(
    before: Before, owner: Database, server: Path
) -> None:
    expected = of_own(before.restore())
    before._run("DELETE FROM states")
    # Enough rows for the copy of the table to take a moment.
    before._run(
        "INSERT INTO states SELECT CONCAT('many/', seq), seq, 'e', NULL, NOW(), 'e', 'p'"
        " FROM seq_1_to_50000"
    )
    expected.clear()
    written = 0
    done = threading.Event()

    def write() -> None:
        nonlocal written
        with mariadb.administer(server) as connection:
            ours = Before(server, connection)
            ours._run(f"USE {DATABASE_NAME}")
            while not done.is_set() or written < 100:
                written += 1
                key = f"k{written % 7}"
                expected[BUCKET, key] = ours.write(key, written)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        wait_until(lambda: written > 10)
        schema.migrate(owner, BUCKET, lambda: PASSWORD)
        copied = written
        wait_until(lambda: written > copied + 10)
    finally:
        done.set()
        thread.join()
    kept = before.rows("SELECT COUNT(*) FROM states WHERE key_bytes LIKE 'many/%'")
    assert kept == [[50_000]]
    owner.execute("DELETE FROM states WHERE key_bytes LIKE 'many/%'")
    assert mirrored(owner) == expected


def test_without_a_bucket_of_its_own_the_rows_from_before_are_of_none_in_the_catalog(
    before: Before, owner: Database
) -> None:
    before.restore()
    writer = MirrorWriter(owner, None, lambda: PASSWORD)
    messages = [message("a", 1, None, 5, bucket=ATTACHED)]
    assert writer.apply({"m": json.dumps(messages[0])}, never) == {}
    assert mirrored(owner) == newest(messages)


def test_a_statement_that_outlives_its_call_is_waited_for(
    before: Before, owner: Database, server: Path, service: Service
) -> None:
    states = before.restore()
    change: list[str] = []

    def time_out(_path: str, request: dict[str, Any]) -> DataApiError | None:
        if not request.get("sql", "").startswith("ALTER TABLE"):
            return None
        assert request["continueAfterTimeout"]
        change.append(request["sql"])
        return DataApiError("StatementTimeoutException", "timed out")

    service.before = time_out
    with pytest.raises(ClientError, match="timed out"):
        schema.migrate(owner, BUCKET, lambda: PASSWORD)
    service.before = lambda *_: None

    def go_on() -> None:
        with mariadb.administer(server) as connection, connection.cursor() as cursor:
            cursor.execute(f"USE {DATABASE_NAME}")
            cursor.execute(change[0])

    running = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'ALTER TABLE%'"
    with mariadb.administer(server) as other, other.cursor() as cursor:
        # A transaction that has read the table keeps the statement from its end.
        cursor.execute("START TRANSACTION")
        cursor.execute("SELECT COUNT(*) FROM catalog.states")
        thread = threading.Thread(target=go_on)
        thread.start()
        wait_until(lambda: before.rows(running) == [[1]])
        with pytest.raises(BusyError, match="being changed since an earlier call"):
            schema.migrate(owner, BUCKET, lambda: PASSWORD)
        cursor.execute("ROLLBACK")
        thread.join()
    schema.migrate(owner, BUCKET, lambda: PASSWORD)
    assert mirrored(owner) == of_own(states)


@pytest.mark.parametrize("name", ["x'; DROP TABLE states; --", "photos example", "", "ü-bucket"])
def test_a_name_that_could_end_its_string_is_refused(
    before: Before, owner: Database, name: str
) -> None:
    before.restore()
    with pytest.raises(ValueError, match="a bucket name has 3 to 63"):
        schema.migrate(owner, name, lambda: PASSWORD)


def test_an_error_of_a_statement_is_raised(
    before: Before, owner: Database, service: Service
) -> None:
    def refuse(_path: str, request: dict[str, Any]) -> DataApiError | None:
        if request.get("sql", "").startswith("ALTER TABLE"):
            return DataApiError("DatabaseErrorException", "The table is full; Error code: 1114")
        return None

    states = before.restore()
    service.before = refuse
    with pytest.raises(ClientError, match="The table is full"):
        schema.migrate(owner, BUCKET, lambda: PASSWORD)
    assert before.rows("SELECT version FROM schema_versions") == [[1]]
    service.before = lambda *_: None
    service.drop()
    schema.migrate(owner, BUCKET, lambda: PASSWORD)
    assert mirrored(owner) == of_own(states)


# The tables of the second version


def test_the_longest_values_fit_every_index(tables: Database) -> None:
    lengths = values(
        tables.execute(
            "SELECT s.index_name, CAST(SUM(c.character_octet_length) AS SIGNED) AS octets"
            " FROM information_schema.statistics s JOIN information_schema.columns c"
            " USING (table_schema, table_name, column_name)"
            " WHERE s.table_schema = 'catalog' AND s.table_name = 'states' GROUP BY 1"
        )
    )
    found = {str(name): octets for name, octets in lengths}
    assert found == {
        "PRIMARY": 1087,
        "by_etag": 255,
        "by_key": 1024,
        "by_size": None,
        "by_time": None,
    }
    # InnoDB appends the primary key to the other indexes: 1,342 bytes, of 3,072.
    longest = message("\x01" * 1024, 1, 10**16, 2**63 - 1, bucket="b" * 63)
    longest["new"] |= {"etag": "e" * 255, "version_id": "v" * 1024}
    writer = MirrorWriter(tables, BUCKET, lambda: PASSWORD, _ready=True)
    assert writer.apply({"m": json.dumps(longest)}, never) == {}
    assert mirrored(tables) == newest([longest])


@pytest.mark.parametrize(
    ("where", "index"),
    [
        ("bucket = 'photos-example' AND key_bytes LIKE 'logs/%'", "PRIMARY"),
        ("key_bytes LIKE 'logs/%'", "by_key"),
        ("key_bytes = 'a '", "by_key"),
    ],
)
def test_a_folder_is_found_by_an_index_with_and_without_its_bucket(
    tables: Database, where: str, index: str
) -> None:
    query = f"EXPLAIN SELECT * FROM objects WHERE {where}"  # noqa: S608
    plan = tables.execute(query, include_metadata=True)
    names = [column["label"] for column in plan["columnMetadata"]]
    [row] = values(plan)
    assert index in str(row[names.index("possible_keys")]).split(",")
