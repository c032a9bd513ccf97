"""The simulator catches each of these mutations of the code."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import unquote_plus

import pytest

from s3_catalog import correction
from s3_catalog.ingestion import delivery as ingestion
from s3_catalog.model import object_key, sequencer
from s3_catalog.model import row as rows
from s3_catalog.model.event import Event
from s3_catalog.s3 import envelope
from s3_catalog.table import batch_write as batch
from s3_catalog.table import conditions, store
from s3_catalog.table.item import to_item
from tests.simulator import function, generator
from tests.simulator.world import Violation, simulate

HISTORIES = 6000
"""Every mutation must be caught within these; most take less than a hundred. `test_convergence`
plays the same histories without a mutation."""

Patch = pytest.MonkeyPatch


def flip_the_rule(patch: Patch) -> None:
    flipped = conditions.ACCEPTS_EVENT.replace("sequencer < :sequencer", "sequencer > :sequencer")
    patch.setattr(conditions, "ACCEPTS_EVENT", flipped)


def flip_the_rule_in_batches(patch: Patch) -> None:
    in_updates(patch, '"sequencer" < ?', '"sequencer" > ?')


def accept_equals_in_batches(patch: Patch) -> None:
    in_updates(patch, '"sequencer" < ?', '"sequencer" <= ?')


def drop_the_condition(patch: Patch) -> None:
    patch.setattr(
        conditions, "ACCEPTS_EVENT", f"{conditions.ACCEPTS_EVENT} OR attribute_exists(sequencer)"
    )


def drop_the_condition_in_batches(patch: Patch) -> None:
    in_updates(patch, '"asked_at" IS MISSING', '"asked_at" IS MISSING OR "pk" = "pk"')


def trust_events_over_lookups(patch: Patch) -> None:
    always = "asked_at < :happened OR NOT asked_at < :happened"
    patch.setattr(
        conditions,
        "ACCEPTS_EVENT",
        conditions.ACCEPTS_EVENT.replace("asked_at < :happened", always),
    )


def trust_events_over_lookups_in_batches(patch: Patch) -> None:
    in_updates(patch, ' AND "asked_at" IS MISSING', "")


def assume_equal_clocks(patch: Patch) -> None:
    patch.setattr(store, "CLOCKS", timedelta())


def skip_the_padding(patch: Patch) -> None:
    patch.setattr(sequencer, "canonical", str.upper)


def skip_the_capitals(patch: Patch) -> None:
    patch.setattr(sequencer, "canonical", lambda raw: raw.ljust(sequencer.WIDTH, "0"))


def shorten_the_tombstone_to_an_hour(patch: Patch) -> None:
    patch.setattr(rows, "TOMBSTONE_LIFE", timedelta(hours=1))


def shorten_the_tombstone_to_fifty_days(patch: Patch) -> None:
    patch.setattr(rows, "TOMBSTONE_LIFE", timedelta(days=50))


def treat_every_ordered_event_as_self_contained(patch: Patch) -> None:
    self_contained = property(lambda self: self.sequencer is not None)
    patch.setattr(Event, "self_contained", self_contained)


def read_only_the_first_record(patch: Patch) -> None:
    messages = envelope.messages

    def first(delivery: object) -> Iterator[envelope.Message]:
        for message in messages(delivery):
            yield replace(message, records=message.records[:1])

    patch.setattr(ingestion, "messages", first)


def report_failures_as_successes(patch: Patch) -> None:
    in_reports(patch, lambda report: report.failures.clear())


def replace_without_a_condition(patch: Patch) -> None:
    def put(self: store.Store, seen: rows.Row | None, row: rows.Row) -> bool:
        self.client.put_item(TableName=self.table, Item=to_item(row, self.shards))
        return True

    patch.setattr(store.Store, "replace", put)


def decode_keys_twice(patch: Patch) -> None:
    decode = object_key.decode
    patch.setattr(object_key, "decode", lambda encoded: decode(unquote_plus(encoded)))


def keep_attributes_of_the_old_row(patch: Patch) -> None:
    in_updates(patch, 'REMOVE "expires_at"', "")


def report_one_failed_message_only(patch: Patch) -> None:
    def one_failure(report: ingestion.Report) -> None:
        for message in list(report.failures)[1:]:
            del report.failures[message]

    in_reports(patch, one_failure)


def write_no_time_of_a_lookup_without_sequencer(patch: Patch) -> None:
    correct = correction.correct

    def forgetful(store: Any, bucket: Any, key: str, event: Any = None) -> store.Outcome:
        unordered = event is not None and event.sequencer is None
        return correct(store, bucket, key, None if unordered else event)

    patch.setattr(ingestion, "correct", forgetful)


def look_up_for_the_first_event_only(patch: Patch) -> None:
    look_up: Any = ingestion._look_up
    patch.setattr(ingestion, "_look_up", lambda *args: look_up(*args[:3], args[3][:1]))


MUTATIONS: tuple[Callable[[Patch], None], ...] = (
    flip_the_rule,
    flip_the_rule_in_batches,
    accept_equals_in_batches,
    drop_the_condition,
    drop_the_condition_in_batches,
    trust_events_over_lookups,
    trust_events_over_lookups_in_batches,
    assume_equal_clocks,
    skip_the_padding,
    skip_the_capitals,
    shorten_the_tombstone_to_an_hour,
    shorten_the_tombstone_to_fifty_days,
    treat_every_ordered_event_as_self_contained,
    read_only_the_first_record,
    report_failures_as_successes,
    replace_without_a_condition,
    decode_keys_twice,
    keep_attributes_of_the_old_row,
    report_one_failed_message_only,
    write_no_time_of_a_lookup_without_sequencer,
    look_up_for_the_first_event_only,
)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_a_mutation_is_caught(mutation: Callable[[Patch], None], monkeypatch: Patch) -> None:
    mutation(monkeypatch)
    assert first_violation() is not None


def first_violation() -> int | None:
    """Return the number of the first history that ends in a violation, or None."""
    for seed in range(HISTORIES):
        try:
            simulate(generator.history(seed), Counter())
        except Violation:
            return seed
    return None


def in_updates(patch: Patch, old: str, new: str) -> None:
    """Change the text of the UPDATE of a batch."""
    update = batch._update

    def changed(*arguments: Any) -> Any:
        request = update(*arguments)
        assert old in request["Statement"] or old.startswith("REMOVE")
        return {**request, "Statement": request["Statement"].replace(old, new)}

    patch.setattr(batch, "_update", changed)


def in_reports(patch: Patch, change: Callable[[ingestion.Report], None]) -> None:
    """Change the report of a delivery."""

    def changed(*arguments: Any) -> ingestion.Report:
        report = ingestion.ingest(*arguments)
        change(report)
        return report

    patch.setattr(function.load(), "ingest", changed)
