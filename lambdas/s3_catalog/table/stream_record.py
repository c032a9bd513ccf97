"""Records of the table's stream, read as changes of rows."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from s3_catalog.model.change import Change
from s3_catalog.table.item import from_item

_log = logging.getLogger(__name__)


SEQUENCE_DIGITS = 40
"""The longest sequence number that DynamoDB gives a stream record."""


def changes(records: Iterable[Mapping[str, Any]]) -> Iterator[Change]:
    """Yield the change that each of the stream's `records` describes.

    An item that somebody else put into the table is no row, and no change: it is logged as an
    error and passed over, because it would hold up its shard for as long as it is tried.
    """
    for record in records:
        try:
            yield parse(record)
        except KeyError as missing:
            _log.error("record %s is of no row: no %s", record.get("eventID"), missing)


def parse(record: Mapping[str, Any]) -> Change:
    """Return the change that a record of the stream describes, images of both sides included.

    Raises KeyError when it is not a record of the catalog's table, or has no images.
    """
    data = record["dynamodb"]
    old, new = data.get("OldImage"), data.get("NewImage")
    before = from_item(old) if old else None
    after = from_item(new) if new else None
    row = after or before
    if row is None:
        raise KeyError("NewImage")
    return Change(
        id=record["eventID"],
        sequence_number=data["SequenceNumber"].zfill(SEQUENCE_DIGITS),
        written_at=int(data["ApproximateCreationDateTime"]),
        bucket=row.bucket,
        key=row.key,
        old=before,
        new=after,
    )
