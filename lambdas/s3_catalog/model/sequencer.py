"""The order of the events of one key.

S3 stamps each create and delete event with a hexadecimal `sequencer`. Two of them are compared
by padding the shorter one with zeros on the right and comparing the texts; across keys the
comparison means nothing. Source: "Event message structure" in the Amazon S3 User Guide.

DynamoDB can only compare what is stored, so the padding happens before storing.
"""

import re

WIDTH = 32
"""Digits of a stored sequencer. S3 sends 16 to 20 today. A longer one than `WIDTH` is refused: cut,
it would compare wrongly."""

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
