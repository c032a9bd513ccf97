"""From a notification record to an S3 event, with every field checked."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from s3_catalog.exceptions import MalformedError
from s3_catalog.model import object_key, sequencer
from s3_catalog.model.event import CREATED, OF_STORAGE, REMOVED, Content, Event, is_ordered
from s3_catalog.model.requester import requester

_log = logging.getLogger(__name__)

MAX_SIZE = 1 << 50
"""Bytes. Twenty times S3's largest object (50 TB): a greater size is an error in the record."""

_YEARS = range(2006, 3000)
"""S3 opened in 2006. The tombstone of an event in the far future would never expire."""


def parse(record: object) -> Event | None:
    """Return the event in a record; None if the catalog does not follow events of its kind.

    A record is an entry of a notification's `Records`, or an event of EventBridge. Both have the
    same content under different names; the key is URL-encoded in the notification only.

    The catalog does not follow tagging, replication metrics, and kinds that S3 adds later. Such a
    record is logged, not refused.

    Raises MalformedError when a followed record lacks a field or has an impossible value.
    """
    if isinstance(record, dict) and "detail-type" in record:
        return _from_eventbridge(record)
    name = _text(record, "eventName").removeprefix("s3:")
    created = name.startswith(CREATED)
    if not created and not name.startswith((*REMOVED, *OF_STORAGE)):
        _ignore(name)
        return None
    return Event(
        bucket=_text(record, "s3", "bucket", "name"),
        key=_checked(object_key.decode, _text(record, "s3", "object", "key")),
        name=name,
        time=_checked(_instant, _text(record, "eventTime")),
        sequencer=_sequencer(name, record, "s3", "object", "sequencer"),
        version_id=_version(record, "s3", "object", "versionId"),
        content=_content(record, ("s3", "object", "size"), ("s3", "object", "eTag"))
        if created
        else None,
        requester=requester(
            _value(record, "userIdentity", "principalId"),
            _value(record, "requestParameters", "sourceIPAddress"),
        ),
    )


_REASONS = {
    "PutObject": "Put",
    "POST Object": "Post",
    "CopyObject": "Copy",
    "CompleteMultipartUpload": "CompleteMultipartUpload",
}
_DELETIONS = {"Permanently Deleted": "Delete", "Delete Marker Created": "DeleteMarkerCreated"}
_OF_STORAGE = {
    "Object Storage Class Changed": "LifecycleTransition",
    "Object Access Tier Changed": "IntelligentTiering",
    "Object Restore Initiated": "ObjectRestore:Post",
    "Object Restore Completed": "ObjectRestore:Completed",
    "Object Restore Expired": "ObjectRestore:Delete",
}


def _from_eventbridge(event: object) -> Event | None:
    kind = _text(event, "detail-type")
    if _text(event, "source") != "aws.s3" or kind not in {
        "Object Created",
        "Object Deleted",
        *_OF_STORAGE,
    }:
        _ignore(kind)
        return None
    created = kind == "Object Created"
    if kind in _OF_STORAGE:
        name = _OF_STORAGE[kind]
    elif created:
        reason = _text(event, "detail", "reason")
        name = CREATED + _REASONS.get(reason, reason)
    else:
        deletion = _text(event, "detail", "deletion-type")
        if deletion not in _DELETIONS:
            raise MalformedError(
                f"detail.deletion-type is {deletion!r}, which S3 does not document"
            )
        family = REMOVED["Lifecycle" in _text(event, "detail", "reason")]
        name = family + _DELETIONS[deletion]
    return Event(
        bucket=_text(event, "detail", "bucket", "name"),
        key=_checked(object_key.check, _text(event, "detail", "object", "key")),
        name=name,
        time=_checked(_instant, _text(event, "time")),
        sequencer=_sequencer(name, event, "detail", "object", "sequencer"),
        version_id=_version(event, "detail", "object", "version-id"),
        content=_content(event, ("detail", "object", "size"), ("detail", "object", "etag"))
        if created
        else None,
        requester=requester(
            _value(event, "detail", "requester"), _value(event, "detail", "source-ip-address")
        ),
    )


def _ignore(name: str) -> None:
    _log.warning("not a change of an object, ignored", extra={"event_name": name})


def _content(record: object, size_path: tuple[str, ...], etag_path: tuple[str, ...]) -> Content:
    size = _value(record, *size_path)
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= MAX_SIZE:
        raise MalformedError(f"{'.'.join(size_path)} is {_shown(size)}, not a number of bytes")
    return Content(size=size, etag=_text(record, *etag_path).strip('"'))


def _sequencer(name: str, record: object, *path: str) -> str | None:
    if not is_ordered(name):  # What it bears may be the sequencer of another event.
        return None
    return _checked(sequencer.canonical, _text(record, *path))


def _version(record: object, *path: str) -> str | None:
    if _value(record, *path) is None:
        return None
    version_id = _text(record, *path)
    # The version id of objects that were written without versioning, or while it was suspended.
    return None if version_id == "null" else version_id


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"time {_shown(text)} has no time zone")
    if instant.year not in _YEARS:
        raise ValueError(f"time {_shown(text)} is not between 2006 and 3000")
    return instant.astimezone(UTC)


_T = TypeVar("_T")


def _checked(read: Callable[[str], _T], text: str) -> _T:
    try:
        return read(text)
    except ValueError as error:
        raise MalformedError(str(error)) from error


def _text(record: object, *path: str) -> str:
    value = _value(record, *path)
    if value is None:
        raise MalformedError(f"{'.'.join(path)} is missing")
    if not isinstance(value, str) or not value:
        raise MalformedError(f"{'.'.join(path)} is {_shown(value)}, not a text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise MalformedError(f"{'.'.join(path)} is {_shown(value)}, not valid Unicode") from None
    return value


def _value(record: object, *path: str) -> object:
    value: Any = record
    try:
        for name in path:
            value = value[name]
    except (KeyError, TypeError):  # Without the name, or no JSON object.
        return None
    return value


_SHOWN = 80
"""Characters."""


def _shown(value: object) -> str:
    """Return `value` short enough for a message."""
    shown = repr(value)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."
