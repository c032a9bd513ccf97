"""Moments in time: as rows store them, and as they compare."""

from datetime import UTC, datetime, timedelta

CLOCKS = timedelta(minutes=5)
"""The greatest difference between the time of an event and ours at that moment."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def timestamp(instant: datetime) -> str:
    """Return `instant` as a row stores it: ISO 8601 in UTC with milliseconds."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def microseconds(instant: datetime) -> int:
    """Return `instant` in whole microseconds since 1970."""
    return (instant - _EPOCH) // timedelta(microseconds=1)
