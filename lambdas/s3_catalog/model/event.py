"""One S3 event: what happened to one object."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Content:
    """What a created object holds: its size in bytes and its ETag, without quotes."""

    size: int
    etag: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened to the object `key` of `bucket`.

    `name` is S3's own, such as `ObjectCreated:Put`; `time` is in UTC. `sequencer` is canonical,
    and None where S3 sent none: the event is then a mere hint that something happened. `content`
    is None when something was removed. `version_id` is None in a bucket without versioning.
    """

    bucket: str
    key: str
    name: str
    time: datetime
    sequencer: str | None
    version_id: str | None
    content: Content | None

    @property
    def conclusive(self) -> bool:
        """Whether the event alone says what is current after it, and when in the order that was.

        A put or a delete marker does. The removal of a version does not: an older version may
        have become current again, and S3 sends no event for that one.
        """
        known = self.content is not None or self.name.endswith(_MARKER)
        return known and self.sequencer is not None


_MARKER = ":DeleteMarkerCreated"
