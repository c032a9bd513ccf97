"""The newest event that a bucket's total includes, and how long it took to be counted.

Each counter shard of the bucket's total has the newest event of the last changes that it counted:
two attributes of an item that is written anyway. The time of an event that arrives late may replace
a later one in its shard. Totals that an older version counted lack the attributes until the next
change.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from s3_catalog.model.row import OUT_OF_SCOPE, RECONCILED
from s3_catalog.model.timestamps import timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from s3_catalog.model.change import Change


@dataclass(frozen=True, slots=True, order=True)
class NewestEvent:
    """An event of `time`, as S3 has it, whose change `totals` counted at `counted_at`."""

    time: datetime
    counted_at: datetime

    @property
    def lag(self) -> timedelta:
        """The time from the event to its count; zero if the clocks differ by more."""
        return max(self.counted_at - self.time, timedelta())


def event_time(change: "Change") -> str | None:
    """Return the time of the event that caused `change`, as its row has it.

    None if there is no event: the change is a repair, a key left the scope, or a row was removed.
    """
    row = change.new
    return None if row is None or row.event_name in (RECONCILED, OUT_OF_SCOPE) else row.event_time


def attributes(time: str, counted_at: datetime) -> "dict[str, AttributeValueTypeDef]":
    """Return the attributes for an event of `time`, as a row has it, counted at `counted_at`."""
    return {"newest_event": {"S": time}, "counted_at": {"S": timestamp(counted_at)}}


def newest(items: "Iterable[Mapping[str, AttributeValueTypeDef]]") -> NewestEvent | None:
    """Return the newest event of the `items` of a total, None if none has one."""
    found = (
        NewestEvent(
            datetime.fromisoformat(item["newest_event"]["S"]),
            datetime.fromisoformat(item["counted_at"]["S"]),
        )
        for item in items
        if "newest_event" in item
    )
    return max(found, default=None)
