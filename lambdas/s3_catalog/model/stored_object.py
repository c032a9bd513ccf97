"""What S3 holds under a key: the current version of an object, and every version."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class StoredObject:
    """The current version of an object.

    `size` is in bytes, `etag` without quotes, `modified` in UTC; `version_id` is None in a bucket
    without versioning. `asked_at` is a moment just before S3 was asked: all this was true then or
    later.
    """

    key: str
    size: int
    etag: str
    version_id: str | None
    modified: datetime
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an object, or a delete marker: `size` and `etag` are then None.

    `version_id` is as S3 says it: "null" for what was written without versioning. `latest` marks
    the one that S3 answers with, which may be a delete marker.
    """

    version_id: str
    modified: datetime
    size: int | None
    etag: str | None
    latest: bool
