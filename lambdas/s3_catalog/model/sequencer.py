"""The order of the events of one key.

S3 stamps each create and delete event with a hexadecimal `sequencer`. Two of them are compared
by padding the shorter one with zeros on the right and comparing the texts; across keys the
comparison means nothing. Source: "Event message structure" in the Amazon S3 User Guide.

DynamoDB can only compare what is stored, so the padding happens before storing.
"""

import re
from datetime import UTC, datetime
from functools import lru_cache

from s3_catalog.model.timestamps import CLOCKS

WIDTH = 32
"""Digits of a stored sequencer. S3 sends 16 to 20 today. A longer one than `WIDTH` is refused: cut,
it would compare wrongly."""

_SECONDS = 10
"""Digits of the seconds since 1970 in S3's sequencers. AWS does not document them."""

_FIRST = int(datetime(2006, 1, 1, tzinfo=UTC).timestamp())
"""S3 opened in 2006."""

_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]+")


def canonical(raw: str) -> str:
    """Return `raw` upper-cased and zero-padded on the right to `WIDTH` digits.

    Of two canonical sequencers of one key, the later event has the greater text.

    Raises ValueError when `raw` is not hexadecimal or longer than `WIDTH`.
    """
    if not _HEXADECIMAL.fullmatch(raw):
        raise ValueError(f"sequencer {raw[:64]!r} is not hexadecimal")
    if len(raw) > WIDTH:
        raise ValueError(f"sequencer has {len(raw)} digits, more than the {WIDTH} of a row")
    return raw.upper().ljust(WIDTH, "0")


def bounds(now: datetime) -> tuple[str, str]:
    """Return the least and the greatest canonical sequencer of a moment between 2006 and `now`."""
    return _bounds(int((now + CLOCKS).timestamp()))


@lru_cache(maxsize=1)
def _bounds(latest: int) -> tuple[str, str]:
    rest = WIDTH - _SECONDS
    return f"{_FIRST:0{_SECONDS}X}{'0' * rest}", f"{latest:0{_SECONDS}X}{'F' * rest}"


def plausible(sequencer: str, now: datetime) -> bool:
    """Return whether a canonical `sequencer` is of a moment between 2006 and `now`.

    Another one, such as of 32 F's, would supersede all later events of its key. An event that bears
    it needs a lookup, which is right whatever the sequencer means. So if AWS changes the format,
    the catalog costs more, and stays right.
    """
    least, greatest = bounds(now)
    return least <= sequencer <= greatest
