"""From records of the table's stream to changes of rows."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from s3_catalog.model.change import Change
from s3_catalog.table.item import from_item

_log = logging.getLogger(__name__)

UNREADABLE = (KeyError, ValueError, TypeError, AttributeError)
"""The errors of `parse` for an item that another program wrote: it can have any attributes."""

SEQUENCE_DIGITS = 40
"""The greatest length of a stream record's sequence number."""


def changes(records: Iterable[Mapping[str, Any]]) -> Iterator[Change]:
    """Yield the change in each of the stream's `records`.

    An item of another writer, which is no row, is logged as an error and skipped: retried, it
    would block its shard.
    """
    for record in records:
        try:
            yield parse(record)
        except UNREADABLE as error:
            _log.error("record %s is not of a row: %r", record.get("eventID"), error)


def parse(record: Mapping[str, Any]) -> Change:
    """Return the change in a record of the stream, with the rows before and after it.

    Raises one of `UNREADABLE` when it is not a record of the catalog's table, or has no images.
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
