"""The queries of docs/sql.md run, and have correct results."""

import json
import re
from pathlib import Path

import pytest

from s3_catalog.sql_mirror import schema
from s3_catalog.sql_mirror.data_api import Database, values
from s3_catalog.sql_mirror.mirror_writer import MirrorWriter
from tests.sql.conftest import BUCKET, PASSWORD, never
from tests.sql.schedule import ATTACHED, message

PAGE = (Path(__file__).parents[2] / "docs" / "sql.md").read_text(encoding="utf-8")
[SCRIPT] = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
QUERIES = dict(
    zip(re.findall(r"^-- ([\w ]+)", SCRIPT, re.MULTILINE), schema.statements(SCRIPT), strict=True)
)

OBJECTS = {
    "a/one.log": 100,
    "a/two.LOG": 2000,
    "b/three.txt": 2000,
    "B/three.txt": 0,
    "none": 7,
}
EXPECTED = {
    "The largest objects": (ATTACHED, "a/two.LOG", 2001),
    "By bucket": (BUCKET, 5, "4107", "2026-11-23 10:04:00.000"),
    "Keys that two buckets have with different contents": (
        *("a/two.LOG", ATTACHED, 2001, BUCKET, 2000),
    ),
    "Objects of the same content": ("same", 3, 2, "4000", f"{ATTACHED}/b/three.txt"),
    "By extension": ("txt", 3, "4000"),
    "By top folder": (BUCKET, "a", 2, "2100"),
    "How large objects are": (1, 2, "7"),
    "Keys that differ in case only": (BUCKET, "b/three.txt", 2),
    "Empty objects": (BUCKET, "B/three.txt", "2026-11-23 10:03:00.000"),
    "What was added or replaced each day": ("2026-11-23", 7, "8108"),
}
UNEXPECTED = {
    "Keys that two buckets have with different contents": "b/three.txt",
    "Keys that differ in case only": ATTACHED,
}
"""Values that no row of a result has."""


@pytest.fixture
def filled(tables: Database, reader: Database) -> Database:
    messages = [message(key, n, None, size) for n, (key, size) in enumerate(OBJECTS.items())]
    messages += [
        message("a/two.LOG", 1, None, 2001, bucket=ATTACHED),
        message("b/three.txt", 2, None, 2000, bucket=ATTACHED),
    ]
    for each in messages:
        if each["new"]["size"] == 2000:
            each["new"]["etag"] = "same"
    messages.append(message("gone", 9, None, None))
    writer = MirrorWriter(tables, BUCKET, lambda: PASSWORD, _ready=True)
    assert writer.apply({str(n): json.dumps(m) for n, m in enumerate(messages)}, never) == {}
    return reader


def test_the_page_has_twelve_queries() -> None:
    assert len(QUERIES) == 12
    assert EXPECTED.keys() <= QUERIES.keys()


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_has_its_expected_row(filled: Database, name: str) -> None:
    rows = [tuple(row) for row in values(filled.execute(QUERIES[name]))]
    if name in EXPECTED:
        assert EXPECTED[name] in rows
    if name in UNEXPECTED:
        assert not [row for row in rows if UNEXPECTED[name] in row]


def test_old_and_deleted_objects_are_found(tables: Database, filled: Database) -> None:
    tables.execute(
        "UPDATE states SET changed_at = UTC_TIMESTAMP() - INTERVAL 2 YEAR"
        " WHERE key_bytes IN ('none', 'old')"
    )
    tables.execute("UPDATE states SET changed_at = UTC_TIMESTAMP() WHERE key_bytes = 'gone'")
    [[bucket, key, size, _]] = values(filled.execute(QUERIES["Not changed for a year"]))
    assert (bucket, key, size) == (BUCKET, "none", 7)
    [[bucket, gone, *_]] = values(filled.execute(QUERIES["Deleted in the last week"]))
    assert (bucket, gone) == (BUCKET, "gone")
