"""The simulator can fail: it finds each of these mistakes, when the code is made to contain it."""

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
"""Within so many each mistake must be found; most take less than a hundred. That nothing is found
in the same histories without a mistake is what `test_convergence` shows."""

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


def trust_events_over_answers(patch: Patch) -> None:
    always = "asked_at < :happened OR NOT asked_at < :happened"
    patch.setattr(
        conditions,
        "ACCEPTS_EVENT",
        conditions.ACCEPTS_EVENT.replace("asked_at < :happened", always),
    )


def trust_events_over_answers_in_batches(patch: Patch) -> None:
    in_updates(patch, ' AND "asked_at" IS MISSING', "")


def trust_that_clocks_are_equal(patch: Patch) -> None:
    patch.setattr(store, "CLOCKS", timedelta())


def skip_the_padding(patch: Patch) -> None:
    patch.setattr(sequencer, "canonical", str.upper)


def skip_the_capitals(patch: Patch) -> None:
    patch.setattr(sequencer, "canonical", lambda raw: raw.ljust(sequencer.WIDTH, "0"))


def shorten_the_tombstone_to_an_hour(patch: Patch) -> None:
    patch.setattr(rows, "TOMBSTONE_LIFE", timedelta(hours=1))


def shorten_the_tombstone_to_fifty_days(patch: Patch) -> None:
    patch.setattr(rows, "TOMBSTONE_LIFE", timedelta(days=50))


def take_a_deleted_version_for_the_object(patch: Patch) -> None:
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


def replace_without_looking(patch: Patch) -> None:
    def put(self: store.Store, seen: rows.Row | None, row: rows.Row) -> bool:
        self.client.put_item(TableName=self.table, Item=to_item(row, self.shards))
        return True

    patch.setattr(store.Store, "replace", put)


def decode_keys_twice(patch: Patch) -> None:
    decode = object_key.decode
    patch.setattr(object_key, "decode", lambda encoded: decode(unquote_plus(encoded)))


def leave_attributes_of_the_old_row(patch: Patch) -> None:
    in_updates(patch, 'REMOVE "expires_at"', "")


def blame_only_one_message(patch: Patch) -> None:
    def one_failure(report: ingestion.Report) -> None:
        for message in list(report.failures)[1:]:
            del report.failures[message]

    in_reports(patch, one_failure)


def forget_what_a_hint_found(patch: Patch) -> None:
    correct = correction.correct

    def forgetful(store: Any, bucket: Any, key: str, told: Any = None) -> store.Outcome:
        hint = told is not None and told.sequencer is None
        return correct(store, bucket, key, None if hint else told)

    patch.setattr(ingestion, "correct", forgetful)


def ask_only_one_question(patch: Patch) -> None:
    ask: Any = ingestion._look_up
    patch.setattr(ingestion, "_look_up", lambda *given: ask(*given[:3], given[3][:1]))


MISTAKES: tuple[Callable[[Patch], None], ...] = (
    flip_the_rule,
    flip_the_rule_in_batches,
    accept_equals_in_batches,
    drop_the_condition,
    drop_the_condition_in_batches,
    trust_events_over_answers,
    trust_events_over_answers_in_batches,
    trust_that_clocks_are_equal,
    skip_the_padding,
    skip_the_capitals,
    shorten_the_tombstone_to_an_hour,
    shorten_the_tombstone_to_fifty_days,
    take_a_deleted_version_for_the_object,
    read_only_the_first_record,
    report_failures_as_successes,
    replace_without_looking,
    decode_keys_twice,
    leave_attributes_of_the_old_row,
    blame_only_one_message,
    forget_what_a_hint_found,
    ask_only_one_question,
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
def test_a_mistake_is_found(mistake: Callable[[Patch], None], monkeypatch: Patch) -> None:
    mistake(monkeypatch)
    assert found() is not None


def found() -> int | None:
    """Return the number of the first history that shows that something is wrong."""
    for seed in range(HISTORIES):
        try:
            simulate(generator.history(seed), Counter())
        except Violation:
            return seed
    return None


def in_updates(patch: Patch, old: str, new: str) -> None:
    """Change the text of the statement that updates a row in a batch."""
    update = batch._update

    def changed(*arguments: Any) -> Any:
        request = update(*arguments)
        assert old in request["Statement"] or old.startswith("REMOVE")
        return {**request, "Statement": request["Statement"].replace(old, new)}

    patch.setattr(batch, "_update", changed)


def in_reports(patch: Patch, change: Callable[[ingestion.Report], None]) -> None:
    """Change what the function learns of a delivery."""

    def changed(*arguments: Any) -> ingestion.Report:
        report = ingestion.ingest(*arguments)
        change(report)
        return report

    patch.setattr(function.load(), "ingest", changed)
