"""From a delivery to rows: read its events, coalesce them by key, write, report failures."""

import logging
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from s3_catalog import key_log
from s3_catalog.correction import correct
from s3_catalog.exceptions import ContendedError, MalformedError
from s3_catalog.model.order import superseded
from s3_catalog.model.row import from_event
from s3_catalog.model.sequencer import plausible
from s3_catalog.s3.envelope import messages
from s3_catalog.s3.record import parse
from s3_catalog.table import batch_write as batch
from s3_catalog.table.store import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from s3_catalog.model.event import Event
    from s3_catalog.s3.bucket import Buckets
    from s3_catalog.table.store import Store


_log = logging.getLogger(__name__)

_Place = tuple[str, str]
"""A bucket and a key."""


@dataclass
class Report:
    """The result of a delivery.

    `written` and `superseded` count keys: the row was written, or had a later event already.
    `ignored` counts records that are not about an object's existence, or of a key that is not in
    the scope. `coalesced` counts events that another event of the same key and delivery superseded,
    or that shared its lookup.
    `failures` has the reasons by message id, which is None without a queue.
    """

    written: int = 0
    superseded: int = 0
    ignored: int = 0
    coalesced: int = 0
    failures: dict[str | None, list[str]] = field(default_factory=lambda: defaultdict(list))


def ingest(delivery: object, store: "Store", buckets: "Buckets") -> Report:
    """Apply all events of `delivery` whose keys are in the scope of `buckets` to `store`.

    Of several events of a key only the newest is written; if none of them certainly is the newest,
    one lookup covers all. A malformed or failed record does not stop the others. The call is
    idempotent.
    """
    report = Report()
    events: dict[_Place, list[Event]] = defaultdict(list)
    message_ids: dict[_Place, set[str | None]] = defaultdict(set)
    for message in messages(delivery):
        if message.error:
            report.failures[message.id].append(message.error)
        for position, record in enumerate(message.records):
            try:
                event = _read(record, buckets, message.id)
            except MalformedError as error:
                report.failures[message.id].append(f"record {position}: {error}")
                continue
            if event is None:
                report.ignored += 1
            else:
                place = event.bucket, event.key
                events[place].append(event)
                message_ids[place].add(message.id)

    for place, result in _apply(events, store, buckets, report).items():
        if result is Outcome.WRITTEN:
            report.written += 1
        elif result is Outcome.SUPERSEDED:
            report.superseded += 1
        else:
            _fail(report, events[place], message_ids[place], result)
    return report


def _fail(
    report: Report, events: "list[Event]", message_ids: set[str | None], reason: batch.Result
) -> None:
    for event in events:
        key_log.log_failure(event.bucket, event.key, event.sequencer, reason)
    # The messages of older events fail as well, so that they stay until their key is done.
    for message_id in message_ids:
        report.failures[message_id].append(f"key {events[0].key[:200]!r}: {reason}")


def _read(record: object, buckets: "Buckets", message_id: str | None) -> "Event | None":
    event = parse(record)
    if event is None:
        return None
    if key_log.ENABLED:
        key_log.log_event(key_log.ARRIVED, event, message_id=message_id)
    # While a bucket is detached, or a prefix taken away, its events still come for some minutes.
    if (event.bucket, event.key) not in buckets.scope:
        if key_log.ENABLED:
            key_log.log_event(key_log.DECIDED, event, outcome="out of scope")
        return None
    if event.sequencer and not plausible(event.sequencer, buckets.clock()):
        _log.warning("implausible sequencer %s", event.sequencer, extra={"key": event.key})
        return replace(event, sequencer=None)
    return event


def _apply(
    events: "dict[_Place, list[Event]]", store: "Store", buckets: "Buckets", report: Report
) -> dict[_Place, batch.Result]:
    newest: list[Event] = []
    lookups: dict[_Place, Sequence[Event]] = {}
    for place, of_key in events.items():
        report.coalesced += len(of_key) - 1
        if latest := _latest(of_key):
            newest.append(latest)
            if key_log.ENABLED:
                _log_coalesced(of_key, latest)
        else:
            lookups[place] = of_key

    results: dict[_Place, batch.Result] = {}
    for event, result in zip(newest, _write(store, newest), strict=True):
        results[event.bucket, event.key] = result
        if result is Outcome.UNDECIDED:
            lookups[event.bucket, event.key] = [event]
    for place, reasons in lookups.items():
        results[place] = _look_up(store, buckets, place, reasons)
    return results


def _log_coalesced(events: "list[Event]", latest: "Event") -> None:
    for event in events:
        if event is not latest:
            key_log.log_event(
                key_log.DECIDED,
                event,
                outcome="coalesced",
                clause="EVENT_IS_NEWER",
                newest=latest.sequencer,
            )


def _latest(events: "list[Event]") -> "Event | None":
    """Return the one of `events` that certainly supersedes the others; None if a lookup decides."""
    if not all(event.self_contained for event in events):
        return None
    if len(events) == 1:
        return events[0]
    latest = max(events, key=lambda event: event.sequencer or "")
    row = from_event(latest)
    return latest if all(superseded(event, row) for event in events) else None


def _look_up(
    store: "Store", buckets: "Buckets", place: _Place, reasons: "Sequence[Event]"
) -> batch.Result:
    bucket, key = place
    try:
        return correct(store, buckets[bucket], key, reasons)
    except (ClientError, BotoCoreError, ContendedError) as error:
        return error


def _write(store: "Store", events: "list[Event]") -> list[batch.Result]:
    if len(events) > 1:
        return batch.write(store, events)
    try:
        return [store.write(event) for event in events]
    except (ClientError, BotoCoreError) as error:
        return [error]
