"""One row of the catalog: what the table knows of one object key."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from catalog import key as object_key
from catalog.event import Event

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

TOMBSTONE_LIFE = timedelta(days=60)
"""How long a deleted key is remembered, counted from the deletion.

A put that was delayed must find the tombstone of the delete that followed it, or the object
would rise again. The longest delay that the services allow is 51 days: SNS tries a queue for 23
days, the queue keeps a message for 14, and the failure queue keeps it for another 14. (Straight
from S3 to Lambda it is 6 hours and 14 days.)
"""


@dataclass(frozen=True, slots=True)
class Row:
    """The state of `key` in `bucket` after the event with the greatest sequencer seen so far.

    `size` (bytes) and `etag` are None in a tombstone: the key was deleted. `event_time` is UTC,
    with milliseconds, as ISO 8601 text of fixed width, so that it sorts. `expires_at` (seconds
    since 1970) is set in a tombstone only, and DynamoDB removes the row some time after it.
    """

    bucket: str
    key: str
    sequencer: str
    event_time: str
    event_name: str
    version_id: str | None
    size: int | None
    etag: str | None
    expires_at: int | None

    @property
    def deleted(self) -> bool:
        """Whether this is a tombstone."""
        return self.expires_at is not None


def from_event(event: Event) -> Row:
    """Return the row that `event` leaves behind if no later event is known.

    It depends on the event alone, not on the clock: a repeated event gives the same row.
    """
    content = event.content
    return Row(
        bucket=event.bucket,
        key=event.key,
        sequencer=event.sequencer,
        event_time=_timestamp(event.time),
        event_name=event.name,
        version_id=event.version_id,
        size=content.size if content else None,
        etag=content.etag if content else None,
        expires_at=None if content else int((event.time + TOMBSTONE_LIFE).timestamp()),
    )


def to_item(row: Row, shards: int) -> "dict[str, AttributeValueTypeDef]":
    """Return `row` as a DynamoDB item; attributes without a value are left out."""
    item: dict[str, AttributeValueTypeDef] = {
        "pk": {"S": object_key.partition(row.bucket, row.key, shards)},
        "sk": {"S": row.key},
        "sequencer": {"S": row.sequencer},
        "event_time": {"S": row.event_time},
        "event_name": {"S": row.event_name},
    }
    if row.version_id is not None:
        item["version_id"] = {"S": row.version_id}
    if row.size is not None:
        item["size"] = {"N": str(row.size)}
    if row.etag is not None:
        item["etag"] = {"S": row.etag}
    if row.expires_at is not None:
        item["expires_at"] = {"N": str(row.expires_at)}
    return item


def from_item(item: "Mapping[str, AttributeValueTypeDef]") -> Row:
    """Return the row that a DynamoDB item written by `to_item` holds."""

    def text(name: str) -> str | None:
        return item[name]["S"] if name in item else None

    def number(name: str) -> int | None:
        return int(item[name]["N"]) if name in item else None

    return Row(
        bucket=item["pk"]["S"].split("#", 1)[0],
        key=item["sk"]["S"],
        sequencer=item["sequencer"]["S"],
        event_time=item["event_time"]["S"],
        event_name=item["event_name"]["S"],
        version_id=text("version_id"),
        size=number("size"),
        etag=text("etag"),
        expires_at=number("expires_at"),
    )


def _timestamp(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
