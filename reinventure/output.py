"""How rows are shown: to a person, and to a program."""

import json
import re

from catalog.row import Row

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    r"""Return `text` with control characters spelled out, such as a line feed as `\n`.

    An object key may hold any character. One that moves the cursor, colours the screen or turns
    the writing direction could make a listing show what is not there.
    """
    return _CONTROL.sub(lambda match: match.group().encode("unicode_escape").decode(), text)


def as_line(row: Row) -> str:
    """Return `row` as `aws s3 ls` shows an object: time, size in bytes, key."""
    time = row.event_time[:19].replace("T", " ")
    return f"{time} {row.size:>14} {printable(row.key)}"


def as_json(row: Row) -> str:
    """Return `row` as one line of JSON, keys of objects unchanged."""
    return json.dumps(
        {
            "bucket": row.bucket,
            "key": row.key,
            "size": row.size,
            "etag": row.etag,
            "version_id": row.version_id,
            "sequencer": row.sequencer,
            "event_time": row.event_time,
            "event_name": row.event_name,
        },
        ensure_ascii=False,
    )
