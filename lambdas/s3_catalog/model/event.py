"""An event of S3: a change of one object."""

from dataclasses import dataclass
from datetime import datetime

CREATED = "ObjectCreated:"
"""The start of the names of events of new objects."""

MULTIPART_UPLOAD = f"{CREATED}CompleteMultipartUpload"
"""The name of the event of a completed multipart upload. Its sequencer is from the start of the
upload, its time from the end: minutes or days later."""

_ORDERED = frozenset(
    {
        f"{CREATED}Put",
        f"{CREATED}Post",
        f"{CREATED}Copy",
        MULTIPART_UPLOAD,
        "ObjectRemoved:DeleteMarkerCreated",
    }
)


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a created object: its size in bytes and its ETag, without quotes."""

    size: int
    etag: str


@dataclass(frozen=True, slots=True)
class Event:
    """A change of the object `key` in `bucket`.

    `name` is S3's, such as `ObjectCreated:Put`; `time` is in UTC. `sequencer` is canonical, and
    None where the event has no place in the order of its key (see `is_ordered`). `content` is None
    in a removal. `version_id` is None in a bucket without versioning.
    """

    bucket: str
    key: str
    name: str
    time: datetime
    sequencer: str | None
    version_id: str | None
    content: Content | None

    @property
    def self_contained(self) -> bool:
        """Whether the event has the current state of its key, and a place in the order.

        All other events need a lookup.
        """
        return self.sequencer is not None and is_ordered(self.name)

    @property
    def multipart(self) -> bool:
        """Whether the event is of a completed multipart upload."""
        return self.name == MULTIPART_UPLOAD


def is_ordered(name: str) -> bool:
    """Return whether an event called `name` bears the sequencer of the change that it reports.

    A new object or a delete marker does, if a request made it. The removal of a version may bear
    the sequencer of that version, and a deletion by a lifecycle rule bears that of the object.
    Besides, an older version may have become current again, and S3 sends no event for that one.
    Nothing is known of kinds that S3 adds later.
    """
    return name in _ORDERED
