"""Times for a person: in UTC, to the second, and with their zone."""

from datetime import UTC, datetime

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
"""Seconds."""


def utc(moment: datetime) -> str:
    """Return `moment` in UTC, such as `2026-11-23 12:00:00Z` (RFC 3339, with a space for the T).

    Sorted as text, times are in order. The options for times of the command accept it.
    """
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


def event_time(text: str) -> str:
    """Return the time of an event, which is ISO 8601 in UTC with milliseconds, as `utc` does."""
    return f"{text[:19].replace('T', ' ')}Z"


def duration(seconds: float) -> str:
    """Return so many `seconds` in the unit that fits, such as `13 minutes` or `7.2 days`."""
    if seconds < _MINUTE:
        return "less than a minute"
    if seconds < 2 * _HOUR:
        minutes = round(seconds / _MINUTE)
        return f"{minutes} minute{'s' if minutes > 1 else ''}"
    if seconds < 2 * _DAY:
        return f"{seconds / _HOUR:.1f} hours"
    return f"{seconds / _DAY:.1f} days"
