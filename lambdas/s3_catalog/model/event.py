"""An event of S3: a change of one object."""

from dataclasses import dataclass
from datetime import datetime

from s3_catalog.model.requester import UNKNOWN, Requester

CREATED = "ObjectCreated:"
"""The start of the names of events of new objects."""

MULTIPART_UPLOAD = f"{CREATED}CompleteMultipartUpload"
"""The name of the event of a completed multipart upload. Its sequencer is from the start of the
upload, its time from the end: minutes or days later."""

REMOVED = ("ObjectRemoved:", "LifecycleExpiration:")
"""The starts of the names of events of removals."""

OF_STORAGE = ("LifecycleTransition", "IntelligentTiering", "ObjectRestore:")
"""The starts of the names of events that change the storage class of an object, its access tier or
its restore state, but not its content."""

_MARKER = "DeleteMarkerCreated"
_ORDERED = (CREATED, f"ObjectRemoved:{_MARKER}")


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
    in any other event. `version_id` is None in a bucket without versioning.
    """

    bucket: str
    key: str
    name: str
    time: datetime
    sequencer: str | None
    version_id: str | None
    content: Content | None
    requester: Requester = UNKNOWN

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

    @property
    def of_storage(self) -> bool:
        """Whether the event is about how an object is stored: see `OF_STORAGE`."""
        return self.name.startswith(OF_STORAGE)

    @property
    def implausible(self) -> bool:
        """Whether the event should have a sequencer, and has none that is plausible."""
        return self.sequencer is None and is_ordered(self.name)

    @property
    def deletes_key(self) -> bool:
        """Whether the event deletes what is current: it makes a delete marker, or names no version.

        A deletion that names a version may leave another one.
        """
        return self.name.endswith(_MARKER) or (
            self.version_id is None and self.name.startswith(REMOVED)
        )


def is_ordered(name: str) -> bool:
    """Return whether an event called `name` bears the sequencer of the change that it reports.

    A new object or a delete marker does, if a request made it. The removal of a version may bear
    the sequencer of that version, and a deletion by a lifecycle rule bears that of the object.
    Besides, an older version may have become current again, and S3 sends no event for that one.
    """
    return name.startswith(_ORDERED)
