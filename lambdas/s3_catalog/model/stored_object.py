"""Objects and their versions in S3."""

from dataclasses import dataclass
from datetime import datetime

STANDARD = "STANDARD"
"""The storage class of an object that was uploaded without one. Rows have None for it."""

IN_PROGRESS = "IN_PROGRESS"
"""The restore state of an object that is being restored."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """The current version of an object.

    `size` is in bytes, `etag` without quotes, `modified` in UTC; `version_id` is None in a bucket
    without versioning. `asked_at` is just before the request to S3: the version was current then,
    or became current later.

    `storage_class` is None for STANDARD. `checksum_algorithm` is None if S3 lists none. `restore`
    is the state of the restore from an archive: `IN_PROGRESS`, or the time until which S3 keeps the
    copy, as rows have times; None if there is none.
    """

    key: str
    size: int
    etag: str
    version_id: str | None
    modified: datetime
    asked_at: datetime
    storage_class: str | None = None
    checksum_algorithm: str | None = None
    restore: str | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an object, or a delete marker, whose `size` and `etag` are None.

    `version_id` is S3's: "null" for a version that was written without versioning. `latest` marks
    the version that a GET without a version id returns, which may be a delete marker.
    """

    version_id: str
    modified: datetime
    size: int | None
    etag: str | None
    latest: bool
