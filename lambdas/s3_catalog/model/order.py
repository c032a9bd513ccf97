"""The order of two events of a key, which has two witnesses: sequencer and event time.

S3 orders puts and deletes by their sequencers. The times of two of them, in the order of their
sequencers, may decrease by `TOLERANCE`: S3 takes time and sequencer at different moments, on
different machines, and EventBridge has times in whole seconds.

A completed multipart upload has the sequencer of its start and the time of its end. A put in
between has a greater sequencer and an earlier time, and AWS leaves open which of the two is current
afterwards. So an upload is before or after another event only if both its ends are.

Where that is not certain, S3 is asked. The greatest difference of real events is seven seconds.
"""

from datetime import timedelta
from typing import TYPE_CHECKING

from s3_catalog.model.timestamps import timestamp

if TYPE_CHECKING:
    from s3_catalog.model.event import Event
    from s3_catalog.model.row import Row

TOLERANCE = timedelta(seconds=10)
"""By how much event times may contradict sequencers."""


def superseded(event: "Event", row: "Row") -> bool:
    """Return whether `row` certainly has `event` already, or a later one.

    The opposite, that `row` certainly has only earlier ones, is the write rule: see `ACCEPTS_EVENT`
    in `s3_catalog.table.conditions`. False for an event that needs a lookup.
    """
    if event.sequencer is None or not event.self_contained or row.sequencer < event.sequencer:
        return False
    if event.multipart and row.sequencer > event.sequencer:
        # Started before, but perhaps completed after it. The sequencer and the time of a row that
        # holds the result of a lookup may be of two events.
        return row.asked_at is None and row.event_time > timestamp(event.time + TOLERANCE)
    return row.event_time >= timestamp(event.time - TOLERANCE)
