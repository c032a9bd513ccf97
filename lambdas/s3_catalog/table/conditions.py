"""The conditions of writes: each clause has a name, and a comment says when it holds.

DynamoDB evaluates a condition and writes as one step. So of two writers of a row one is refused,
and no writer needs a lock, or to read the row first.
"""

ROW_MISSING = "attribute_not_exists(sequencer)"
"""The key has no row, not even a tombstone."""

EVENT_IS_NEWER = "sequencer < :sequencer"
"""The row has the sequencer of an earlier event. An equal sequencer is a duplicate of the same."""

NOT_OF_AN_UPLOAD = "event_name <> :multipart_upload"
"""The event of the row is not a completed multipart upload, whose time is later than its place in
the order: see `s3_catalog.model.order`."""

TIMES_AGREE = "event_time <= :latest"
"""The event time of the row is not later than the event's by more than the tolerance."""

CERTAINLY_EARLIER = "event_time < :earliest"
"""The event time of the row is earlier than the event's by more than the tolerance."""

NEVER_LOOKED_UP = "attribute_not_exists(asked_at)"
"""The row holds the content of an event, not the result of a lookup in S3."""

LOOKED_UP_BEFORE_EVENT = "asked_at < :happened"
"""The lookup whose result the row holds was made before the event happened, or the upload began."""

NEVER_HEALED = "attribute_not_exists(healed_at)"
"""The row keeps no mark of a heal, which the row of an event would remove."""

SAME_EVENT = "sequencer = :sequencer"
"""The row still has the sequencer that it was read with."""

SAME_LOOKUP = "asked_at = :asked_at"
"""The row still holds the result of the lookup that it was read with."""

INSPECTION_UNCHANGED = "inspected = :inspected"
"""The row still has the inspection result that it was read with."""

NOT_INSPECTED = "attribute_not_exists(inspected)"
"""The row has no inspection result."""

SAME_VERSION = "version_id = :version_id"
"""The row is of the version of the object that was inspected."""

SAME_UNVERSIONED_OBJECT = "attribute_not_exists(version_id) AND etag = :etag"
"""The row is of an object without versions whose ETag is that of the object that was inspected."""

ACCEPTS_EVENT = (
    f"{ROW_MISSING} OR ({EVENT_IS_NEWER}"
    f" AND ({TIMES_AGREE} AND {NOT_OF_AN_UPLOAD} OR {CERTAINLY_EARLIER})"
    f" AND ({NEVER_LOOKED_UP} OR {LOOKED_UP_BEFORE_EVENT} AND {NEVER_HEALED}))"
)
"""The write rule: when the row of a self-contained event may be put."""

ROW_UNCHANGED = f"{SAME_EVENT} AND {NEVER_LOOKED_UP}"
LOOKED_UP_ROW_UNCHANGED = f"{SAME_EVENT} AND {SAME_LOOKUP}"
"""When a row may be replaced that was read before: as an event, or as a lookup left it."""
