"""From a delivery to rows: read its events, coalesce them by key, write, report failures."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from s3_catalog.correction import correct
from s3_catalog.exceptions import ContendedError, MalformedError
from s3_catalog.s3.envelope import messages
from s3_catalog.s3.record import parse
from s3_catalog.table import batch_write as batch
from s3_catalog.table.store import Outcome

if TYPE_CHECKING:
    from s3_catalog.model.event import Event
    from s3_catalog.s3.bucket import Bucket
    from s3_catalog.table.store import Store


@dataclass
class Report:
    """The result of a delivery.

    `written` and `superseded` count keys: the row was written, or had a later event already.
    `ignored` counts records that are not about an object's existence. `coalesced` counts events
    that a later event of the same key and delivery superseded. `failures` has the reasons by
    message id, which is None without a queue.
    """

    written: int = 0
    superseded: int = 0
    ignored: int = 0
    coalesced: int = 0
    failures: dict[str | None, list[str]] = field(default_factory=lambda: defaultdict(list))


def ingest(delivery: object, store: "Store", bucket: "Bucket") -> Report:
    """Apply all events of `delivery`, which must be of `bucket`, to `store`.

    Of several events of a key only the newest is written. A malformed or failed record does not
    stop the others. The call is idempotent.
    """
    report = Report()
    events: dict[str, list[Event]] = defaultdict(list)
    message_ids: dict[str, set[str | None]] = defaultdict(set)
    for message in messages(delivery):
        if message.error:
            report.failures[message.id].append(message.error)
        for position, record in enumerate(message.records):
            try:
                event = _read(record, bucket)
            except MalformedError as error:
                report.failures[message.id].append(f"record {position}: {error}")
                continue
            if event is None:
                report.ignored += 1
            else:
                events[event.key].append(event)
                message_ids[event.key].add(message.id)

    for key, result in _apply(events, store, bucket, report).items():
        if result is Outcome.WRITTEN:
            report.written += 1
        elif result is Outcome.SUPERSEDED:
            report.superseded += 1
        else:
            # The messages of older events fail as well, so that they stay until their key is done.
            for message_id in message_ids[key]:
                report.failures[message_id].append(f"key {key[:200]!r}: {result}")
    return report


def _read(record: object, bucket: "Bucket") -> "Event | None":
    event = parse(record)
    if event and event.bucket != bucket.name:
        raise MalformedError(
            f"the event is of bucket {event.bucket[:200]!r}, not of {bucket.name!r}"
        )
    return event


def _apply(
    events: "dict[str, list[Event]]", store: "Store", bucket: "Bucket", report: Report
) -> dict[str, batch.Result]:
    self_contained: list[Event] = []
    lookups: dict[str, list[Event]] = defaultdict(list)
    for key, of_key in events.items():
        unordered = [event for event in of_key if event.sequencer is None]
        newest = max(
            (event for event in of_key if event.sequencer is not None),
            key=lambda event: event.sequencer or "",
            default=None,
        )
        report.coalesced += len(of_key) - (newest is not None) - bool(unordered)
        if newest and newest.self_contained:
            self_contained.append(newest)
        elif newest:
            lookups[key].append(newest)
        if unordered:
            # Last: a superseded newest event does not supersede an event without sequencer.
            lookups[key].append(unordered[0])

    results: dict[str, batch.Result] = {}
    for event, result in zip(self_contained, _write(store, self_contained), strict=True):
        results[event.key] = result
        if result is Outcome.UNDECIDED:
            lookups[event.key].insert(0, event)
    for key, reasons in lookups.items():
        if not isinstance(results.get(key), Exception):
            results[key] = _look_up(store, bucket, key, reasons)
    return results


def _look_up(store: "Store", bucket: "Bucket", key: str, reasons: "list[Event]") -> batch.Result:
    """Correct the row of `key` until the result of a lookup is written: it covers all `reasons`."""
    outcome = Outcome.SUPERSEDED
    for event in reasons:
        try:
            outcome = correct(store, bucket, key, event)
        except (ClientError, BotoCoreError, ContendedError) as error:
            return error
        if outcome is Outcome.WRITTEN:
            break
    return outcome


def _write(store: "Store", events: "list[Event]") -> list[batch.Result]:
    if len(events) > 1:
        return batch.write(store, events)
    try:
        return [store.write(event) for event in events]
    except (ClientError, BotoCoreError) as error:
        return [error]
