"""The requester of the state of a key, and its address, as S3's events have them.

A row has the requester of the event that made its state, or none. A lookup finds a state without
its requester: the row has one only where it is certain which of the known events made that state.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from socket import AF_INET, AF_INET6, inet_pton
from typing import TYPE_CHECKING

from s3_catalog.model.order import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from s3_catalog.model.event import Event
    from s3_catalog.model.row import Row
    from s3_catalog.model.stored_object import StoredObject

MAX_ID = 86
"""Characters of an id: those of a role (21), a colon, and the longest name of a session (64)."""

MAX_SOURCE = 45
"""Characters of a source: those of the longest IPv6 address."""

_ID = re.compile(rf"[\x21-\x7e]{{1,{MAX_ID}}}")
_ADDRESS = re.compile(r"[0-9A-Fa-f:.]+")
_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?")


@dataclass(frozen=True, slots=True)
class Requester:
    """The principal `id` of a request, such as `AROAEXAMPLE:session`, and its `source_ip`.

    From EventBridge, the id is the account. Where a service made the request, both may be its name,
    such as `s3.amazonaws.com`. None where the event does not say, or nothing that fits a row.
    """

    id: str | None = None
    source_ip: str | None = None


UNKNOWN = Requester()


def requester(id: object, source_ip: object) -> Requester:
    """Return the requester that an event names. Events are not trusted: what does not fit is None.

    An id loses its prefix `AWS:`; then it is `aws:userid` of IAM.
    """
    name = id.removeprefix("AWS:") if isinstance(id, str) else ""
    source = source_ip if isinstance(source_ip, str) and len(source_ip) <= MAX_SOURCE else ""
    return Requester(
        id=name if _ID.fullmatch(name) else None,
        source_ip=source if _is_address(source) or _SERVICE.fullmatch(source) else None,
    )


def is_by(requester: str | None, id: str) -> bool:
    """Whether `id` is the whole of `requester`, or one of its parts: role, session or account."""
    wanted = id.removeprefix("AWS:")
    return requester is not None and wanted in (requester, *requester.split(":"))


def of_lookup(
    seen: "Row | None", found: "StoredObject | None", events: "Sequence[Event]"
) -> Requester:
    """Return the requester of the state `found` by a lookup, or `UNKNOWN`.

    `seen` is the row before it, `events` are its reasons. Events of storage keep the requester.
    After others that of an object is certain by its version id only: an ETag may come twice.
    """
    made = [event for event in events if not event.of_storage]
    if not made:
        return _of(seen) if is_same(seen, found) else UNKNOWN
    if found is None:
        return _of_deletion(seen, made)
    if found.version_id is None:
        return UNKNOWN
    for event in made:
        if event.self_contained and event.content and event.version_id == found.version_id:
            return event.requester
    return _of(seen) if is_same(seen, found) else UNKNOWN


def is_same(seen: "Row | None", found: "StoredObject | None") -> bool:
    """Whether the row `seen` and a lookup have the same object, or both have none."""
    if seen is None or seen.deleted or found is None:
        return found is None and seen is not None and seen.deleted
    if found.version_id is not None:
        return seen.version_id == found.version_id
    return seen.version_id is None and (seen.size, seen.etag) == (found.size, found.etag)


def _of_deletion(seen: "Row | None", events: "Iterable[Event]") -> Requester:
    """Return the requester of the latest deletion, or `UNKNOWN` if that may be another one.

    The deletion of a version is one only if there was an object before it.
    """
    deletions: list[tuple[datetime, Requester]] = []
    others: list[datetime] = []
    tombstone = seen is not None and seen.deleted
    if seen:
        happened = datetime.fromisoformat(seen.event_time)
        if tombstone:
            deletions.append((happened, _of(seen)))
        else:
            others.append(happened)
    for event in events:
        if event.content or event.implausible:
            others.append(event.time)
        elif not tombstone or event.deletes_key:
            deletions.append((event.time, event.requester))
    latest = max((time for time, _ in deletions), default=None)
    if latest is None or any(time > latest for time in others):
        return UNKNOWN
    near = {requester for time, requester in deletions if time >= latest - TOLERANCE}
    return near.pop() if len(near) == 1 else UNKNOWN


def _of(row: "Row | None") -> Requester:
    return Requester(row.requester, row.source_ip) if row else UNKNOWN


def _is_address(text: str) -> bool:
    if not _ADDRESS.fullmatch(text):  # An address with a zone, which may be any text, is none.
        return False
    try:
        inet_pton(AF_INET6 if ":" in text else AF_INET, text)
    except OSError:
        return False
    return True
