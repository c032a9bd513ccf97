"""The size of rows: DynamoDB charges a write for each KB that has begun."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from s3_catalog.model.inspection_result import InspectionResult
from s3_catalog.model.requester import MAX_ID, MAX_SOURCE
from s3_catalog.model.row import Row
from s3_catalog.model.stored_object import IN_PROGRESS
from s3_catalog.table.item import to_item

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

WRITE_UNIT = 1024
MAX_KEY = 1024

PLAIN = Row(
    bucket="b" * 63,
    key="",
    sequencer="0" * 32,
    event_time="2026-11-23T12:00:00.005Z",
    event_name="ObjectCreated:CompleteMultipartUpload",
    version_id="v" * 32,
    size=50 * 10**12,
    etag="e" * 32 + "-10000",
    expires_at=None,
    asked_at=1_795_435_200_002_000,
    requester="r" * MAX_ID,
    source_ip="f" * MAX_SOURCE,
    storage_class="AWS_BACKUP_LOW_COST_WARM",
    checksum_algorithm="CRC64NVME",
    restore="2031-01-01T00:00:00.000Z",
)
"""The largest row of a lookup, but for names that S3 does not have today."""

INSPECTED = replace(
    PLAIN,
    inspected=InspectionResult(
        inspected_at="2026-11-23T12:00:00.005Z",
        sha256="0" * 64,
        content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        width=100_000,
        height=100_000,
        taken="2026-11-23T12:00:00",
    ),
)
TOMBSTONE = replace(
    PLAIN,
    event_name="LifecycleExpiration:DeleteMarkerCreated",
    size=None,
    etag=None,
    expires_at=1_800_619_200,
    storage_class=None,
    checksum_algorithm=None,
    restore=None,
)


def size(value: "AttributeValueTypeDef") -> int:
    """The bytes of a value by "DynamoDB item sizes and formats" in the developer guide."""
    match value:
        case {"S": str(text)}:
            return len(text.encode())
        case {"N": str(number)}:
            return (len(number.strip("0")) + 1) // 2 + 1
        case {"M": dict(entries)}:
            return 3 + sum(1 + len(name) + size(each) for name, each in entries.items())
    raise AssertionError(value)


def longest_key(row: Row) -> int:
    """The bytes of the longest key with which `row` takes one write unit."""
    item = to_item(row, 256)
    return WRITE_UNIT - sum(len(name) + size(value) for name, value in item.items())


def test_a_row_takes_one_write_unit(capsys: pytest.CaptureFixture[str]) -> None:
    limits = {
        "plain row": longest_key(PLAIN),
        "healed row": longest_key(replace(PLAIN, healed_at=PLAIN.asked_at)),
        "row of an event": longest_key(
            replace(PLAIN, asked_at=None, storage_class=None, checksum_algorithm=None, restore=None)
        ),
        "inspected row": longest_key(INSPECTED),
        "tombstone": longest_key(TOMBSTONE),
        "restore in progress": longest_key(replace(PLAIN, restore=IN_PROGRESS)),
    }
    with capsys.disabled():
        print("\nOne write unit for keys of up to so many bytes:", limits)
    assert min(limits["plain row"], limits["row of an event"], limits["tombstone"]) >= 450
    assert max(limits.values()) < MAX_KEY
