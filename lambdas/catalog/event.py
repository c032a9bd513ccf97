"""One S3 event, read from a notification record and checked."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from catalog import key as object_key
from catalog import sequencer

_log = logging.getLogger(__name__)

MAX_SIZE = 1 << 50
"""Bytes. Twenty times the largest object that S3 stores (50 TB): more is a broken record."""

_CREATED = "ObjectCreated:"
_REMOVED = ("ObjectRemoved:", "LifecycleExpiration:")


class MalformedRecordError(ValueError):
    """A record that should say what happened to an object and does not. Names the field."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a created object holds: its size in bytes and its ETag, without quotes."""

    size: int
    etag: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened to the object `key` of `bucket`.

    `name` is S3's own, such as `ObjectCreated:Put`; `time` is in UTC; `sequencer` is canonical.
    `content` is None when the object was removed. `version_id` is None in a bucket that never
    had versioning.
    """

    bucket: str
    key: str
    name: str
    time: datetime
    sequencer: str
    version_id: str | None
    content: Content | None


def parse(record: object) -> Event | None:
    """Return the event that one entry of a notification's `Records` describes.

    None when the record is about something that the catalog does not follow (tagging, restore,
    replication metrics, kinds that S3 adds later); this is logged, not refused.

    Raises MalformedRecordError when a followed record lacks a field or carries an impossible value.
    """
    name = _text(record, "eventName").removeprefix("s3:")
    created = name.startswith(_CREATED)
    if not created and not name.startswith(_REMOVED):
        _log.warning("not a change of an object, ignored", extra={"event_name": name})
        return None
    return Event(
        bucket=_text(record, "s3", "bucket", "name"),
        key=_checked(object_key.decode, _text(record, "s3", "object", "key")),
        name=name,
        time=_checked(_instant, _text(record, "eventTime")),
        sequencer=_checked(sequencer.canonical, _text(record, "s3", "object", "sequencer")),
        version_id=_optional_text(record, "s3", "object", "versionId"),
        content=_content(record) if created else None,
    )


def _content(record: object) -> Content:
    size = _value(record, "s3", "object", "size")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= MAX_SIZE:
        raise MalformedRecordError(f"s3.object.size is {size!r}, not a number of bytes")
    return Content(size=size, etag=_text(record, "s3", "object", "eTag").strip('"'))


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"eventTime {text!r} has no time zone")
    return instant.astimezone(UTC)


_T = TypeVar("_T")


def _checked(read: Callable[[str], _T], text: str) -> _T:
    try:
        return read(text)
    except ValueError as error:
        raise MalformedRecordError(str(error)) from error


def _text(record: object, *path: str) -> str:
    value = _value(record, *path)
    if value is None:
        raise MalformedRecordError(f"{'.'.join(path)} is missing")
    if not isinstance(value, str) or not value:
        raise MalformedRecordError(f"{'.'.join(path)} is {value!r}, not a text")
    return value


def _optional_text(record: object, *path: str) -> str | None:
    return None if _value(record, *path) is None else _text(record, *path)


def _value(record: object, *path: str) -> object:
    value = record
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
