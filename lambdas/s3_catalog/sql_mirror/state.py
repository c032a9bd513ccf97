"""The state of one key, from a message of the change feed (docs/change.schema.json)."""

import re
from dataclasses import dataclass
from typing import Any

from s3_catalog.exceptions import UnreadableError
from s3_catalog.feed.message import content
from s3_catalog.model import bucket_name

_SEQUENCER = re.compile(r"[0-9A-F]{32}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_TOKEN = re.compile(r"[\x20-\x7e]+")
_DIGITS = 20
"""Digits of `asked_at` in a place: enough microseconds for three million years."""

MAX_EVENT = MAX_ETAG = 255
MAX_VERSION = 1024
MAX_SIZE = 2**63 - 1
"""Limits of the columns. S3's own limits are lower, or not documented."""


@dataclass(frozen=True, slots=True)
class State:
    """The state of `key` in `bucket` since `changed_at` (UTC, in the format of SQL).

    `size` (bytes) and `etag` are None if the key was deleted. `place` orders the states of a key,
    the latest is the greatest. It is the sequencer and then `asked_at` as one text of fixed width;
    of a healed row it is `HEALED` and then `asked_at`, which is greater than all of these. There
    `asked_at` is enough: only lookups write a healed row.
    """

    bucket: str
    key: str
    size: int | None
    etag: str | None
    version_id: str | None
    changed_at: str
    event: str
    place: str

    @property
    def sequencer(self) -> str | None:
        """The sequencer of the state; None of a healed row, whose place has none."""
        return None if self.place.startswith(HEALED) else self.place[:-_DIGITS]


def parse(body: str) -> State:
    """Return the state in the message `body`.

    It may be of a key that is not in the scope: a row that left it is deleted, and the messages of
    a bucket that has just been attached may come before the setting.

    Raises UnreadableError when it is not about a key, or has a value that does not fit its column.
    """
    message = content(body)
    if "sequencer" not in message or "new" not in message:
        raise UnreadableError("not a change of the catalog: no sequencer, or no new state")
    new = message["new"]
    if not isinstance(new, dict | None):
        raise UnreadableError("the new state is neither an object nor null")
    return State(
        bucket=_bucket(message),
        key=message["key"],
        size=None if new is None else _number(new, "size", MAX_SIZE),
        etag=None if new is None else _token(new, "etag", MAX_ETAG),
        version_id=_token(new, "version_id", MAX_VERSION)
        if new and new.get("version_id")
        else None,
        changed_at=_time(message),
        event=_token(message, "event", MAX_EVENT),
        place=_place(message),
    )


def _bucket(message: dict[str, Any]) -> str:
    name = str(message["bucket"])
    try:
        return bucket_name.check(name)
    except ValueError as error:
        raise UnreadableError(f"bucket {name[:64]!r}: {error}") from error


HEALED = "HEALED"
"""Greater than any hexadecimal digit."""


def _place(message: dict[str, Any]) -> str:
    sequencer = _text(message, "sequencer")
    if not _SEQUENCER.fullmatch(sequencer):
        raise UnreadableError(f"sequencer {sequencer[:64]!r} is not the sequencer of a row")
    healed = message.get("healed_at") is not None
    asked = message.get("asked_at")
    asked = 0 if asked is None and not healed else _number(message, "asked_at", 10**_DIGITS - 1)
    return f"{HEALED if healed else sequencer}{asked:0{_DIGITS}d}"


def _time(message: dict[str, Any]) -> str:
    text = _text(message, "time")
    if not _TIME.fullmatch(text):
        raise UnreadableError(f"time {text[:64]!r} is not in UTC with milliseconds")
    return text.removesuffix("Z").replace("T", " ")


def _number(fields: dict[str, Any], name: str, maximum: int) -> int:
    number = fields.get(name)
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= maximum:
        raise UnreadableError(f"{name} {str(number)[:64]!r} is not a number from 0 to {maximum}")
    return number


def _token(fields: dict[str, Any], name: str, maximum: int) -> str:
    text = _text(fields, name)
    if len(text) > maximum or not _TOKEN.fullmatch(text):
        raise UnreadableError(f"{name} {text[:64]!r} is not 1 to {maximum} ASCII characters")
    return text


def _text(fields: dict[str, Any], name: str) -> str:
    text = fields.get(name)
    if not isinstance(text, str):
        raise UnreadableError(f"{name} is not a string")
    return text
