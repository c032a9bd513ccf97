import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reinventure.aws.deployed_catalog import Known
from reinventure.cli import output
from reinventure.cli.duplicate_contents import Copies
from reinventure.printable import printable
from s3_catalog.model.inspection_result import InspectionResult
from s3_catalog.model.row import Row
from s3_catalog.model.stored_object import Version

ROW = Row("b", "a\nb ü🚀", "0A", "2026-11-23T12:00:00.005Z", "ObjectCreated:Put", "v", 7, "e", None)


def test_json_gives_the_key_exactly_and_every_field() -> None:
    line = output.row_as_json(ROW)
    assert "\n" not in line
    assert json.loads(line) == {
        "bucket": "b",
        "key": "a\nb ü🚀",
        "size": 7,
        "etag": "e",
        "version_id": "v",
        "sequencer": "0A",
        "event_time": "2026-11-23T12:00:00.005Z",
        "event_name": "ObjectCreated:Put",
    }


def test_a_line_shows_time_size_and_key() -> None:
    assert output.row_line(ROW) == "2026-11-23 12:00:00              7 a\\nb ü🚀"


def test_a_tombstone_says_that_it_is_one() -> None:
    tombstone = replace(ROW, size=None, etag=None, expires_at=1)
    assert output.row_line(tombstone) == "2026-11-23 12:00:00        deleted a\\nb ü🚀"
    shown = json.loads(output.row_as_json(tombstone))
    assert (shown["deleted"], shown["size"], shown["etag"]) == (True, None, None)
    assert shown.keys() == {*json.loads(output.row_as_json(ROW)), "deleted"}


NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
VERSIONS = [Version("w", NOON, None, None, latest=True), Version("v", NOON, 7, "e", latest=False)]
TOMBSTONE = replace(
    ROW,
    event_name="ObjectRemoved:DeleteMarkerCreated",
    version_id="w",
    size=None,
    etag=None,
    expires_at=1800619200,
    asked_at=1795435200_000001,
)


def test_all_that_is_known_of_a_deleted_key_is_aligned_and_printable() -> None:
    known = Known("b", ROW.key, "b#4#1", TOMBSTONE, VERSIONS, agree=True)
    assert (
        output.known_lines(known)
        == r"""key         a\nb ü🚀
bucket      b
partition   b#4#1
deleted     2026-11-23 12:00:00.005 UTC, by ObjectRemoved:DeleteMarkerCreated
remembered  until 2027-01-22 12:00:00 UTC
version     w
sequencer   0A
source      S3's answer, asked 2026-11-23 12:00:00 UTC

Versions in S3, newest first, at most 10:
2026-11-23 12:00:00  delete marker  w  current
2026-11-23 12:00:00              7  v
Catalog and bucket agree about this key."""
    )
    shown = json.loads(output.known_as_json(known))
    assert shown["key"] == ROW.key
    assert shown["row"]["asked_at"] == "2026-11-23T12:00:00.000001+00:00"
    assert shown["row"]["remembered_until"] == "2027-01-22T12:00:00+00:00"


def test_an_object_that_only_one_side_knows_is_shown_too() -> None:
    ghost = output.known_lines(Known("b", ROW.key, "b#4#1", ROW, [], agree=False))
    assert "changed    2026-11-23 12:00:00.005 UTC, by ObjectCreated:Put\n" in ghost
    assert "source     the event itself\n" in ghost
    assert ghost.endswith("\nVersions in S3: none\nCatalog and bucket DIFFER about this key.")
    missing = Known("b", ROW.key, "b#4#1", None, VERSIONS[1:], agree=False)
    assert "row        none\n" in output.known_lines(missing)
    assert json.loads(output.known_as_json(missing))["row"] is None


@pytest.mark.parametrize("control", ["\x1b[31m", "\r", "\x00", "\x9b", "\u202e", "\u2028"])
def test_no_key_can_control_the_terminal(control: str) -> None:
    shown = printable(f"safe{control}unsafe")
    assert control[0] not in shown
    assert shown.startswith("safe\\")


FOUND = InspectionResult("2026-11-23T12:00:01.000Z", "ab" * 32, "text/csv", rows=1234, columns=3)


def test_what_was_found_inside_is_shown() -> None:
    row = replace(ROW, inspected=FOUND)
    found = json.loads(output.row_as_json(row))["inspected"]
    assert found == {
        "inspected_at": "2026-11-23T12:00:01.000Z",
        "sha256": "ab" * 32,
        "content_type": "text/csv",
        "rows": 1234,
        "columns": 3,
    }
    known = Known("b", ROW.key, "b#4#1", row, VERSIONS[1:], agree=True)
    shown = dict(
        line.split("  ", 1) for line in output.known_lines(known).split("\n\n")[0].splitlines()
    )
    assert shown["content type"].strip() == "text/csv"
    assert shown["rows"].strip() == "1,234"
    assert "error" not in shown
    assert json.loads(output.known_as_json(known))["row"]["inspected"] == found


def test_copies_name_a_few_keys_to_a_person_and_all_to_a_program() -> None:
    keys = [f"k\n{n:02}" for n in range(12)]
    copies = Copies("ab" * 32, 1000, 12, lambda: iter(keys))
    lines = output.copies_lines(copies).splitlines()
    assert lines[0].split() == ["11.0", "kB", "wasted:", *f"12 x 1,000 bytes, {'ab' * 32}".split()]
    assert lines[1:11] == [f"    k\\n{n:02}" for n in range(10)]
    assert lines[11:] == ["    and 2 more (--json names them all)"]
    assert json.loads(output.copies_as_json(copies)) == {
        "sha256": "ab" * 32,
        "size": 1000,
        "count": 12,
        "wasted": 11000,
        "keys": keys,
    }
