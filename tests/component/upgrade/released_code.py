"""Rows and messages as the code of a released version writes them.

It runs as a program with that code on the path, and none of ours: see `released`. Its argument is
the package of the code: `catalog` in version 1, `s3_catalog` since. Prints JSON.
"""

import importlib
import json
import sys
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

BUCKET, SHARDS = "photos-example", 4
ASKED = datetime(2026, 11, 23, 11, 0, 0, 123_456, tzinfo=UTC)


def module(name: str, before: str) -> Any:
    """Return the module `name` of the code; `before` is its name in version 1."""
    return importlib.import_module(f"{PACKAGE}.{before if PACKAGE == 'catalog' else name}")


PACKAGE = sys.argv[1]
ROW: Any = module("model.row", "row")
ITEM: Any = module("table.item", "row")
RECORD: Any = module("s3.record", "event")
STORED: Any = module("model.stored_object", "bucket")
RESULT: Any = module("model.inspection_result", "inspection")
RESULT_TYPE: Any = getattr(RESULT, "InspectionResult", None) or RESULT.Inspection
STREAM: Any = module("table.stream_record", "change")
MESSAGE: Any = module("feed.message", "notification")


def row(name: str, *, version: str | None = None, sequencer: str = "0069245B40000000") -> Any:
    """The row of an event called `name`."""
    thing = {"key": "k", "size": 1024, "eTag": "d41d8cd98f00b204e9800998ecf8427e"}
    thing |= {"sequencer": sequencer} | ({"versionId": version} if version else {})
    return ROW.from_event(
        RECORD.parse(
            {
                "eventName": name,
                "eventTime": "2026-11-23T10:15:30.123Z",
                "userIdentity": {"principalId": "AWS:AROAEXAMPLEROLE:ann"},
                "requestParameters": {"sourceIPAddress": "192.0.2.44"},
                "s3": {"bucket": {"name": BUCKET}, "object": thing},
            }
        )
    )


def looked_up(seen: Any, *, found: bool = True, **stored: Any) -> Any:
    """The row for a lookup without an event, which replaces `seen` (None for no row)."""
    known = {field.name for field in fields(STORED.StoredObject)}
    current = STORED.StoredObject(
        key="k",
        size=7,
        etag="9bdfaaf5a1c0b5a9f0c6b2d5c4a7e3f1",
        version_id=seen.version_id if seen else None,
        modified=datetime(2026, 11, 23, 10, 16, tzinfo=UTC),
        asked_at=ASKED,
        **{name: value for name, value in stored.items() if name in known},
    )
    if not found:
        current = None
    if hasattr(ROW, "from_lookup"):
        return ROW.from_lookup(BUCKET, "k", current, ASKED, seen=seen)
    return ROW.from_answer(BUCKET, "k", current, ASKED, seen=seen, event=None)


def result() -> Any:
    """The result of an inspection, with every field."""
    kinds: dict[str, Any] = {field.name: "text" for field in fields(RESULT_TYPE)}
    numbers = {name: 7 for name in ("lines", "columns", "rows", "width", "height") if name in kinds}
    return RESULT_TYPE(**kinds | numbers)


def all_rows() -> dict[str, Any]:
    """Each kind of row that this version has, by its name."""
    put, versioned = row("ObjectCreated:Put"), row("ObjectCreated:Put", version="v1")
    tombstone = row("ObjectRemoved:DeleteMarkerCreated", version="marker")
    forged = replace(put, sequencer="F" * 32)
    rows = {
        "plain": put,
        "versioned": versioned,
        "upload": row("ObjectCreated:CompleteMultipartUpload"),
        "tombstone": tombstone,
        "inspected": replace(versioned, inspected=result()),
        "looked up": looked_up(put),
        "looked up, never an event": looked_up(None),
        "looked up, deleted": looked_up(put, found=False),
        "looked up, inspected": looked_up(replace(versioned, inspected=result())),
        # Versions 1 and 2 believed every sequencer.
        "of a forged event": forged,
    }
    if "healed_at" in {field.name for field in fields(ROW.Row)}:
        rows["healed"] = looked_up(forged)
        rows["healed, deleted"] = looked_up(forged, found=False)
    if "storage_class" in {field.name for field in fields(ROW.Row)}:
        stored: dict[str, Any] = {"storage_class": "GLACIER", "checksum_algorithm": "CRC64NVME"}
        rows["archived"] = looked_up(versioned, **stored, restore="2026-12-01T00:00:00.000Z")
    return rows


def message(old: Any, new: Any) -> Any:
    """The message of the change from `old` to `new`."""
    images = {"OldImage": old, "NewImage": new}
    change = STREAM.parse(
        {
            "eventID": "0f" * 16,
            "dynamodb": {
                "ApproximateCreationDateTime": 1795428930.0,
                "SequenceNumber": "100000000000000000001",
                **{name: ITEM.to_item(each, SHARDS) for name, each in images.items() if each},
            },
        }
    )
    return MESSAGE.message(change, change.kind)


def main() -> None:
    """Print the items of the rows and the messages, each by its kind."""
    rows = all_rows()
    plain = rows["plain"]
    print(
        json.dumps(
            {
                "rows": {kind: ITEM.to_item(each, SHARDS) for kind, each in rows.items()},
                "messages": {
                    "created": message(None, plain),
                    "updated": message(plain, rows["looked up"]),
                    "deleted": message(plain, rows["tombstone"]),
                    "created again": message(rows["tombstone"], rows["looked up"]),
                },
            }
        )
    )


if __name__ == "__main__":
    main()
