"""The program of examples/csv_to_duckdb: any order of messages ends with the newest rows, once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import duckdb
import pytest

from tests.component.examples.messages import KEY, example, lives, message

SCRIPT = "csv_to_duckdb/csv_to_duckdb.py"
MISTAKES = {
    "no positions": ("if known and position <= known[0]:", "if False:"),
    "no mark of a heal": ("{healed:020}", f"{0:020}"),
    "no lookups": ("{asked:020}", f"{0:020}"),
    "rows of before stay": (
        'db.execute("DELETE FROM rows WHERE',
        'db.execute("SELECT * FROM rows WHERE',
    ),
    "no transaction": ("    db.begin()", "    ()"),
    "rows of another version": (
        'if found["ETag"].strip(\'"\') != change["new"]["etag"]:',
        "if False:",
    ),
}


@pytest.fixture
def csv(aws: None) -> Iterator[str]:
    """The ETag of the file that is under the key now."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="example-photos")
    put = s3.put_object(Bucket="example-photos", Key=KEY, Body=b"price\n2\n3\n")
    yield put["ETag"].strip('"')
    s3.delete_object(Bucket="example-photos", Key=KEY)
    s3.delete_bucket(Bucket="example-photos")


class Killed(BaseException):
    """The end of a program that is killed."""


class Dying:
    """A connection whose program is killed at the statement with a certain text."""

    def __init__(self, db: duckdb.DuckDBPyConnection, text: str) -> None:
        self._db, self._text = db, text

    def execute(self, statement: str, *arguments: Any) -> duckdb.DuckDBPyConnection:
        if self._text in statement:
            raise Killed
        return self._db.execute(statement, *arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)


def rows(db: duckdb.DuckDBPyConnection) -> list[Any]:
    return db.execute("SELECT row FROM rows WHERE key = ? ORDER BY ALL", [KEY]).fetchall()


def check(module: Any, csv: str, folder: Path) -> None:
    """Fail unless it is right when it is killed, when it reads too late, and in each order."""
    newest = [('{"price":"2"}',), ('{"price":"3"}',)]
    path = str(folder / "files.duckdb")
    with duckdb.connect(path) as db:
        db.execute(module.TABLES)
        module.follow(message(1, csv), db)
        with pytest.raises(Killed):
            module.follow(message(2, None), Dying(db, "INSERT OR REPLACE INTO files"))
    with duckdb.connect(path) as db:
        assert rows(db) == newest
        module.follow(message(2, None), db)
        assert rows(db) == []
        module.follow(message(3, "replaced"), db)
        assert rows(db) == []
    for last in (None, csv):
        for order in lives(last):
            with duckdb.connect() as db:
                db.execute(module.TABLES)
                for each in order:
                    module.follow(each, db)
                assert rows(db) == (newest if last else [])


def test_every_order_ends_with_the_newest_rows_once(csv: str, tmp_path: Path) -> None:
    check(example(SCRIPT), csv, tmp_path)


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_found(csv: str, tmp_path: Path, mistake: tuple[str, str]) -> None:
    with pytest.raises(AssertionError):
        check(example(SCRIPT, mistake), csv, tmp_path)


def test_what_is_no_csv_has_no_rows_and_a_reason(csv: str) -> None:
    put = boto3.client("s3").put_object(Bucket="example-photos", Key=KEY, Body=b"\xff\xfe\x00\x01")
    module = example(SCRIPT)
    with duckdb.connect() as db:
        db.execute(module.TABLES)
        module.follow(message(1, put["ETag"].strip('"')), db)
        assert rows(db) == []
        [[problem]] = db.execute("SELECT problem FROM files").fetchall()
        assert "Invalid unicode" in problem


def test_the_position_of_a_deleted_file_is_forgotten_after_60_days(csv: str) -> None:
    module = example(SCRIPT)
    with duckdb.connect() as db:
        db.execute(module.TABLES)
        for days in (59, 61):
            module.follow({**message(1, None), "key": str(days)}, db)
            old = "UPDATE files SET time = now() - to_days(?) WHERE key = ?"
            db.execute(old, [days, str(days)])
        db.execute(module.TABLES)
        assert db.execute("SELECT key FROM files").fetchall() == [("59",)]
