import json
from dataclasses import replace
from datetime import UTC, datetime

from reinventure.aws.deployed_catalog import KeyState
from reinventure.cli import row_output
from s3_catalog.model.inspection_result import InspectionResult
from s3_catalog.model.row import Row
from s3_catalog.model.stored_object import Version

ROW = Row("b", "a\nb ü🚀", "0A", "2026-11-23T12:00:00.005Z", "ObjectCreated:Put", "v", 7, "e", None)


def test_json_has_the_unchanged_key_and_every_field() -> None:
    line = row_output.row_json(ROW)
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


def test_a_line_has_time_size_and_key() -> None:
    assert row_output.row_line(ROW) == "2026-11-23 12:00:00Z              7 a\\nb ü🚀"


def test_a_tombstone_is_marked_as_deleted() -> None:
    tombstone = replace(ROW, size=None, etag=None, expires_at=1)
    assert row_output.row_line(tombstone) == "2026-11-23 12:00:00Z        deleted a\\nb ü🚀"
    shown = json.loads(row_output.row_json(tombstone))
    assert (shown["deleted"], shown["size"], shown["etag"]) == (True, None, None)
    assert shown.keys() == {*json.loads(row_output.row_json(ROW)), "deleted"}


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
    requester="AROAEXAMPLE:ann",
    source_ip="192.0.2.44",
)


def test_everything_about_a_deleted_key_is_aligned_and_printable() -> None:
    state = KeyState("b", ROW.key, "b#4#1", TOMBSTONE, VERSIONS, agree=True)
    assert (
        row_output.key_state_lines(state)
        == r"""key        a\nb ü🚀
bucket     b
partition  b#4#1
deleted    2026-11-23 12:00:00.005Z, by ObjectRemoved:DeleteMarkerCreated
expires    2027-01-22 12:00:00Z
requester  AROAEXAMPLE:ann
source ip  192.0.2.44
version    w
sequencer  0A
source     lookup in S3 at 2026-11-23 12:00:00Z

Versions in S3, newest first, at most 10:
2026-11-23 12:00:00Z  delete marker  w  current
2026-11-23 12:00:00Z              7  v
Catalog and bucket agree about this key."""
    )
    shown = json.loads(row_output.key_state_json(state))
    assert shown["key"] == ROW.key
    assert shown["row"]["asked_at"] == "2026-11-23T12:00:00.000001+00:00"
    assert shown["row"]["remembered_until"] == "2027-01-22T12:00:00+00:00"


def test_a_key_that_is_in_one_of_the_two_only_is_shown() -> None:
    ghost = row_output.key_state_lines(KeyState("b", ROW.key, "b#4#1", ROW, [], agree=False))
    assert "changed    2026-11-23 12:00:00.005Z, by ObjectCreated:Put\n" in ghost
    assert "class      STANDARD or not yet known\nrequester  not known\n" in ghost
    assert "source     the event itself\n" in ghost
    assert ghost.endswith("\nVersions in S3: none\nCatalog and bucket DIFFER about this key.")
    missing = KeyState("b", ROW.key, "b#4#1", None, VERSIONS[1:], agree=False)
    assert "row        none\n" in row_output.key_state_lines(missing)
    assert json.loads(row_output.key_state_json(missing))["row"] is None


FOUND = InspectionResult("2026-11-23T12:00:01.000Z", "ab" * 32, "text/csv", rows=1234, columns=3)


def test_the_results_of_content_inspection_are_shown() -> None:
    row = replace(ROW, inspected=FOUND)
    found = json.loads(row_output.row_json(row))["inspected"]
    assert found == {
        "inspected_at": "2026-11-23T12:00:01.000Z",
        "sha256": "ab" * 32,
        "content_type": "text/csv",
        "rows": 1234,
        "columns": 3,
    }
    state = KeyState("b", ROW.key, "b#4#1", row, VERSIONS[1:], agree=True)
    shown = dict(
        line.split("  ", 1)
        for line in row_output.key_state_lines(state).split("\n\n")[0].splitlines()
    )
    assert shown["content type"].strip() == "text/csv"
    assert shown["rows"].strip() == "1,234"
    assert "error" not in shown
    assert json.loads(row_output.key_state_json(state))["row"]["inspected"] == found


def test_class_restore_and_checksum_are_shown_where_the_row_has_them() -> None:
    archived = replace(ROW, storage_class="GLACIER", checksum_algorithm="CRC64NVME")
    lines = row_output.key_state_lines(KeyState("b", "k", "b#4#1", archived, [], agree=True))
    assert "class      GLACIER\nchecksum   CRC64NVME\n" in lines
    for restore, shown in (
        ("IN_PROGRESS", "in progress"),
        ("2031-01-01T00:00:00.000Z", "until 2031-01-01T00:00:00.000Z"),
    ):
        state = KeyState("b", "k", "b#4#1", replace(archived, restore=restore), [], agree=True)
        assert f"class      GLACIER\nrestore    {shown}\n" in row_output.key_state_lines(state)
        fields = json.loads(row_output.key_state_json(state))["row"]
        assert (fields["storage_class"], fields["restore"]) == ("GLACIER", restore)
