"""From what was delivered to what is stored: read, coalesce, write, and say what failed."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from s3_catalog.correction import ContendedError, correct
from s3_catalog.model.event import Event
from s3_catalog.s3.envelope import messages
from s3_catalog.s3.record import MalformedError, parse
from s3_catalog.table import batch_write as batch
from s3_catalog.table.store import Outcome

if TYPE_CHECKING:
    from s3_catalog.s3.bucket import Bucket
    from s3_catalog.table.store import Store


@dataclass
class Report:
    """What became of a delivery.

    `written` and `stale` count keys whose row changed, or knew better; `ignored` counts records
    that are not about an object's existence; `coalesced` those that a later one of the same
    delivery made needless. `failures` says, by message id, what could not be done and why; the id
    is None where no queue was involved.
    """

    written: int = 0
    stale: int = 0
    ignored: int = 0
    coalesced: int = 0
    failures: dict[str | None, list[str]] = field(default_factory=lambda: defaultdict(list))


def ingest(delivery: object, store: "Store", bucket: "Bucket") -> Report:
    """Apply everything that `delivery` says about `bucket` to `store`.

    Of several events of a key only the newest is written. Nothing that fails, whether malformed or
    refused, keeps the rest from being applied. All of it may be delivered again.
    """
    report = Report()
    told: dict[str, list[Event]] = defaultdict(list)
    senders: dict[str, set[str | None]] = defaultdict(set)
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
                told[event.key].append(event)
                senders[event.key].add(message.id)

    for key, result in _apply(told, store, bucket, report).items():
        if result is Outcome.WRITTEN:
            report.written += 1
        elif result is Outcome.STALE:
            report.stale += 1
        else:
            # Not only the newest: the message of an older event is kept too, until its key is done.
            for sender in senders[key]:
                report.failures[sender].append(f"key {key[:200]!r}: {result}")
    return report


def _read(record: object, bucket: "Bucket") -> Event | None:
    event = parse(record)
    if event and event.bucket != bucket.name:
        raise MalformedError(f"bucket {event.bucket[:200]!r} is not ours, {bucket.name!r}")
    return event


def _apply(
    told: dict[str, list[Event]], store: "Store", bucket: "Bucket", report: Report
) -> dict[str, batch.Result]:
    conclusive: list[Event] = []
    questions: dict[str, list[Event]] = defaultdict(list)
    for key, events in told.items():
        hints = [event for event in events if event.sequencer is None]
        newest = max(
            (event for event in events if event.sequencer is not None),
            key=lambda event: event.sequencer or "",
            default=None,
        )
        report.coalesced += len(events) - (newest is not None) - bool(hints)
        if newest and newest.conclusive:
            conclusive.append(newest)
        elif newest:
            questions[key].append(newest)
        if hints:
            # Asked last: the newest may be known already, which says nothing of the hint.
            questions[key].append(hints[0])

    results: dict[str, batch.Result] = {}
    written = _write(store, conclusive)
    for event, result in zip(conclusive, written, strict=True):
        results[event.key] = result
        if result is Outcome.UNSURE:
            questions[event.key].insert(0, event)
    for key, asking in questions.items():
        if not isinstance(results.get(key), Exception):
            results[key] = _ask(store, bucket, key, asking)
    return results


def _ask(store: "Store", bucket: "Bucket", key: str, questions: list[Event]) -> batch.Result:
    """Correct the row of `key`, until an answer of S3 was written: it covers all `questions`."""
    outcome = Outcome.STALE
    for question in questions:
        try:
            outcome = correct(store, bucket, key, question)
        except (ClientError, BotoCoreError, ContendedError) as error:
            return error
        if outcome is Outcome.WRITTEN:
            break
    return outcome


def _write(store: "Store", events: list[Event]) -> list[batch.Result]:
    if len(events) > 1:
        return batch.write(store, events)
    try:
        return [store.write(event) for event in events]
    except (ClientError, BotoCoreError) as error:
        return [error]
