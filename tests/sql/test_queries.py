"""The queries of docs/sql.md run, and have correct results."""

import json
import re
from pathlib import Path

import pytest

from s3_catalog.sql_mirror import schema
from s3_catalog.sql_mirror.data_api import Database, values
from s3_catalog.sql_mirror.mirror_writer import MirrorWriter
from tests.sql.conftest import BUCKET, PASSWORD, never
from tests.sql.schedule import message

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
    "The largest objects": ("a/two.LOG", 2000),
    "Objects of the same content": ("same", 2, "2000", "a/two.LOG"),
    "By extension": ("txt", 2, "2000"),
    "By top folder": ("a", 2, "2100"),
    "How large objects are": (1, 2, "7"),
    "Keys that differ in case only": ("b/three.txt", 2),
    "Empty objects": ("B/three.txt", "2026-11-23 10:03:00.000"),
    "What was added or replaced each day": ("2026-11-23", 5, "4107"),
}


@pytest.fixture
def filled(tables: Database, reader: Database) -> Database:
    messages = [message(key, n, None, size) for n, (key, size) in enumerate(OBJECTS.items())]
    for each in messages:
        if each["new"]["size"] == 2000:
            each["new"]["etag"] = "same"
    messages.append(message("gone", 9, None, None))
    writer = MirrorWriter(tables, BUCKET, lambda: PASSWORD, _ready=True)
    assert writer.apply({str(n): json.dumps(m) for n, m in enumerate(messages)}, never) == {}
    return reader


def test_the_page_has_ten_queries() -> None:
    assert len(QUERIES) == 10
    assert EXPECTED.keys() <= QUERIES.keys()


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_has_its_expected_row(filled: Database, name: str) -> None:
    rows = [tuple(row) for row in values(filled.execute(QUERIES[name]))]
    if name in EXPECTED:
        assert EXPECTED[name] in rows


def test_old_and_deleted_objects_are_found(tables: Database, filled: Database) -> None:
    tables.execute(
        "UPDATE states SET changed_at = UTC_TIMESTAMP() - INTERVAL 2 YEAR"
        " WHERE key_bytes IN ('none', 'old')"
    )
    tables.execute("UPDATE states SET changed_at = UTC_TIMESTAMP() WHERE key_bytes = 'gone'")
    [[key, size, _]] = values(filled.execute(QUERIES["Not changed for a year"]))
    assert (key, size) == ("none", 7)
    [[gone, *_]] = values(filled.execute(QUERIES["Deleted in the last week"]))
    assert gone == "gone"
