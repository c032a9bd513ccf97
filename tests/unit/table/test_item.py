"""Rows and inspection results as DynamoDB items."""

from dataclasses import replace
from typing import Any

import pytest

from s3_catalog.model.inspection_result import InspectionResult
from s3_catalog.model.row import Row
from s3_catalog.table.item import from_item, from_value, to_item, to_value

INSPECTED = InspectionResult(
    inspected_at="2026-11-23T12:00:00Z",
    sha256="00",
    content_type="text/csv",
    encoding="utf-8",
    lines=0,
    columns=2,
    rows=3,
    width=4,
    height=5,
    taken="2026-11-23T11:00:00",
    error="out of time",
)
VALUE: Any = {
    "M": {
        "inspected_at": {"S": "2026-11-23T12:00:00Z"},
        "sha256": {"S": "00"},
        "content_type": {"S": "text/csv"},
        "encoding": {"S": "utf-8"},
        "lines": {"N": "0"},
        "columns": {"N": "2"},
        "rows": {"N": "3"},
        "width": {"N": "4"},
        "height": {"N": "5"},
        "taken": {"S": "2026-11-23T11:00:00"},
        "error": {"S": "out of time"},
    }
}
ROW = Row(
    bucket="bucket",
    key="a#b",
    sequencer="0A",
    event_time="2026-11-23T12:00:00.005Z",
    event_name="ObjectCreated:Put",
    version_id="v1",
    size=0,
    etag="e",
    expires_at=None,
    asked_at=5,
    healed_at=4,
    inspected=INSPECTED,
    requester="A:ann",
    source_ip="::1",
    storage_class="GLACIER",
    checksum_algorithm="CRC32",
    restore="IN_PROGRESS",
)
ITEM: dict[str, Any] = {
    "pk": {"S": "bucket#1#0"},
    "sk": {"S": "a#b"},
    "sequencer": {"S": "0A"},
    "event_time": {"S": "2026-11-23T12:00:00.005Z"},
    "event_name": {"S": "ObjectCreated:Put"},
    "version_id": {"S": "v1"},
    "size": {"N": "0"},
    "etag": {"S": "e"},
    "asked_at": {"N": "5"},
    "healed_at": {"N": "4"},
    "inspected": VALUE,
    "requester": {"S": "A:ann"},
    "source_ip": {"S": "::1"},
    "storage_class": {"S": "GLACIER"},
    "checksum_algorithm": {"S": "CRC32"},
    "restore": {"S": "IN_PROGRESS"},
}
TOMBSTONE = replace(
    ROW,
    version_id=None,
    size=None,
    etag=None,
    expires_at=7,
    asked_at=None,
    healed_at=None,
    inspected=None,
    requester=None,
    source_ip=None,
    storage_class=None,
    checksum_algorithm=None,
    restore=None,
)
TOMBSTONE_ITEM: dict[str, Any] = {
    "pk": {"S": "bucket#1#0"},
    "sk": {"S": "a#b"},
    "sequencer": {"S": "0A"},
    "event_time": {"S": "2026-11-23T12:00:00.005Z"},
    "event_name": {"S": "ObjectCreated:Put"},
    "expires_at": {"N": "7"},
}


@pytest.mark.parametrize(("row", "item"), [(ROW, ITEM), (TOMBSTONE, TOMBSTONE_ITEM)])
def test_an_item_has_an_attribute_for_each_field_that_is_not_none(
    row: Row, item: dict[str, Any]
) -> None:
    assert to_item(row, 1) == item
    assert from_item(item) == row


def test_the_partition_is_that_of_the_key() -> None:
    item = to_item(replace(ROW, key="photos/2014/sunrise.png"), 16)
    assert item["pk"] == {"S": "bucket#16#11"}
    assert from_item(item).bucket == "bucket"


@pytest.mark.parametrize("missing", ["pk", "sk", "sequencer", "event_time", "event_name"])
def test_an_item_without_a_required_attribute_is_no_row(missing: str) -> None:
    with pytest.raises(KeyError, match=missing):
        from_item({name: value for name, value in ITEM.items() if name != missing})


def test_an_inspection_result_has_an_entry_for_each_field_that_is_not_none() -> None:
    assert to_value(INSPECTED) == VALUE
    assert from_value(VALUE) == INSPECTED
    least = InspectionResult("2026-11-23T12:00:00Z")
    assert to_value(least) == {"M": {"inspected_at": {"S": "2026-11-23T12:00:00Z"}}}
    assert from_value(to_value(least)) == least


def test_entries_of_later_versions_are_ignored() -> None:
    later: Any = {"M": {**VALUE["M"], "mood": {"S": "sunny"}}}
    assert from_value(later) == INSPECTED
