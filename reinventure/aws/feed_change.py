"""One change of an object, as the change feed has it: docs/changes.md."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class ObjectState:
    """An object before or after a change.

    `size` is in bytes, `etag` without quotes. `time` is that of the object's last event, in UTC.
    `version_id` is None in a bucket without versioning. `storage_class` is None if it is STANDARD
    or not yet known, `restore` if the object is not being restored from an archive.
    """

    size: int
    etag: str
    version_id: str | None
    time: datetime
    storage_class: str | None
    restore: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the object `key` in `bucket`.

    `time` is that of the event at S3, in UTC, and `event` is S3's name of it, such as
    `ObjectCreated:Put`; `Reconciled` is a repair, `OutOfScope` a key that left the catalog.
    `requester` and `source_ip` are those of the request to S3, or None. `old` is None for a created
    object, `new` for a deleted one. `message` is the whole message, by docs/change.schema.json.
    """

    kind: Literal["created", "updated", "deleted"]
    bucket: str
    key: str
    time: datetime
    event: str
    requester: str | None
    source_ip: str | None
    old: ObjectState | None
    new: ObjectState | None
    message: Mapping[str, Any] = field(repr=False)


def read(message: Mapping[str, Any]) -> Change:
    """Return the change of `message`, of this version or one before."""
    return Change(
        kind=message["kind"],
        bucket=message["bucket"],
        key=message["key"],
        time=datetime.fromisoformat(message["time"]),
        event=message["event"],
        requester=message.get("requester"),
        source_ip=message.get("source_ip"),
        old=_state(message["old"]),
        new=_state(message["new"]),
        message=message,
    )


def _state(found: Mapping[str, Any] | None) -> ObjectState | None:
    if found is None:
        return None
    return ObjectState(
        size=found["size"],
        etag=found["etag"],
        version_id=found["version_id"],
        time=datetime.fromisoformat(found["time"]),
        storage_class=found.get("storage_class"),
        restore=found.get("restore"),
    )
