"""An event of S3: a change of one object."""

from dataclasses import dataclass
from datetime import datetime

DELETE_MARKER_CREATED = ":DeleteMarkerCreated"
"""The end of the names of events that create a delete marker."""


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a created object: its size in bytes and its ETag, without quotes."""

    size: int
    etag: str


@dataclass(frozen=True, slots=True)
class Event:
    """A change of the object `key` in `bucket`.

    `name` is S3's, such as `ObjectCreated:Put`; `time` is in UTC. `sequencer` is canonical, and
    None where S3 sends none: such an event has no place in the order of its key. `content` is None
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

        A put or a delete marker does. All other events need a lookup. So does the removal of a
        version: an older version may have become current again, and S3 sends no event for that one.
        """
        complete = self.content is not None or self.name.endswith(DELETE_MARKER_CREATED)
        return complete and self.sequencer is not None
