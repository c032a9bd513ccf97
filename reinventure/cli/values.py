"""Sizes and times as a person writes them."""

import re
from datetime import UTC, datetime, timedelta

UNITS: dict[str, int] = {
    "": 1,
    "b": 1,
    **{unit: 1000**n for n, letter in enumerate("kmgt", 1) for unit in (letter, f"{letter}b")},
    **{f"{letter}ib": 1024**n for n, letter in enumerate("kmgt", 1)},
}
"""The bytes of a unit of size, by its name in small letters: SI's thousands, and IEC's 1024s."""

_SIZE = re.compile(r"([0-9]{1,18}) ?([a-z]*)")
"""With more digits a number could become too large for DynamoDB, which takes 38."""

_AGES = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGE = re.compile(rf"([0-9]{{1,9}})([{''.join(_AGES)}])")


def size(text: str) -> int:
    """Return the bytes that `text` names: a whole number, and perhaps a unit, such as 10k or 2GiB.

    Capital and small letters are the same. Raises ValueError, with examples, when it is none.
    """
    match = _SIZE.fullmatch(text.lower())
    if not match or match[2] not in UNITS:
        raise ValueError(f"{text!r} is no size; such are 10, 10k, 5MB, 2GiB.")
    return int(match[1]) * UNITS[match[2]]


def instant(text: str, now: datetime) -> datetime:
    """Return the moment, in UTC, that `text` names: an ISO 8601 date or date-time, or an age.

    A date is its first moment; what names no zone is UTC. An age, such as 90m or 7d, is counted
    back from `now`. Raises ValueError, with examples, when it is none, or before the year 1.
    """
    try:
        if match := _AGE.fullmatch(text):
            return now.astimezone(UTC) - timedelta(**{_AGES[match[2]]: int(match[1])})
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is no time; such are 2026-01-31, 2026-01-31T12:00, 90m, 24h, 7d, 2w."
        ) from None
