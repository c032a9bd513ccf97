"""Records of the table's stream, as Lambda delivers them."""

from dataclasses import replace
from typing import Any

from s3_catalog.model.row import Row
from s3_catalog.table.item import to_item

SHARDS = 4
LIVE = Row(
    bucket="photos-example",
    key="holiday/Zürich + lake.JPG",
    sequencer="0055AED6DCD90281E500000000000000",
    event_time="2026-11-23T10:15:30.123Z",
    event_name="ObjectCreated:Put",
    version_id="096fKKXTRTtl3on89fVO.nfljtsv6qko",
    size=1024,
    etag="d41d8cd98f00b204e9800998ecf8427e",
    expires_at=None,
)
GONE = replace(
    LIVE,
    sequencer="0055AED6DCD90281E600000000000000",
    event_time="2026-11-23T10:16:00.000Z",
    event_name="ObjectRemoved:DeleteMarkerCreated",
    version_id="marker",
    size=None,
    etag=None,
    expires_at=1_800_000_000,
)


def record(number: int, old: Row | None, new: Row | None) -> dict[str, Any]:
    """The stream record of the change from `old` to `new`."""
    row = new or old
    assert row
    item = to_item(row, SHARDS)
    images = {"OldImage": old, "NewImage": new}
    name = "INSERT" if old is None else "REMOVE" if new is None else "MODIFY"
    return {
        "eventID": f"{number:032x}",
        "eventName": name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1795428930.0,
            "Keys": {"pk": item["pk"], "sk": item["sk"]},
            **{image: to_item(row, SHARDS) for image, row in images.items() if row},
            "SequenceNumber": f"{number}00000000000000000000",
            "SizeBytes": 300,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": "arn:aws:dynamodb:eu-west-1:123456789012:table/Catalog/stream/2026",
    }
