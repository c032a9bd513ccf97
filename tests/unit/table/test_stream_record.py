"""Records of the table's stream: the change in each, and records of other items."""

from typing import Any

import pytest

from s3_catalog.model.change import Change
from s3_catalog.model.row import Row
from s3_catalog.table.stream_record import changes, parse
from tests.stream_records import GONE, LIVE, record


@pytest.mark.parametrize(("old", "new"), [(None, LIVE), (LIVE, GONE), (GONE, None)])
def test_a_change_has_the_rows_before_and_after_it(old: Row | None, new: Row | None) -> None:
    assert parse(record(7, old, new)) == Change(
        id="0" * 31 + "7",
        sequence_number="0" * 19 + "7" + "0" * 20,
        written_at=1795428930,
        bucket="photos-example",
        key="holiday/Zürich + lake.JPG",
        old=old,
        new=new,
    )


def test_a_record_without_images_is_not_of_a_row() -> None:
    keys_only = record(1, LIVE, None)
    del keys_only["dynamodb"]["OldImage"]
    with pytest.raises(KeyError, match="NewImage"):
        parse(keys_only)


def test_a_record_of_another_writer_is_logged_and_the_others_are_read(
    caplog: pytest.LogCaptureFixture,
) -> None:
    foreign: dict[str, Any] = record(2, None, LIVE)
    del foreign["dynamodb"]["NewImage"]["sequencer"]
    half: dict[str, Any] = record(3, None, LIVE)
    half["dynamodb"]["NewImage"]["size"] = {"N": "1.5"}
    typed: dict[str, Any] = record(4, None, LIVE)
    typed["dynamodb"]["NewImage"]["inspected"] = {"M": None}
    found = changes([record(1, None, LIVE), foreign, half, typed, {}, record(5, LIVE, GONE)])
    assert [change.new for change in found] == [LIVE, GONE]
    logged = [entry.getMessage() for entry in caplog.records]
    assert [line.partition(" is not of a row: ")[0] for line in logged] == [
        *(f"record {'0' * 31}{number}" for number in (2, 3, 4)),
        "record None",
    ]
    assert "KeyError('sequencer')" in logged[0]
    assert "1.5" in logged[1]
    assert {entry.levelname for entry in caplog.records} == {"ERROR"}
