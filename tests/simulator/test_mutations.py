"""The simulator catches each of these mutations of the code."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import unquote_plus

import pytest

from reinventure.aws.change_watcher import Order
from s3_catalog import correction
from s3_catalog.feed import message as messages
from s3_catalog.ingestion import delivery as ingestion
from s3_catalog.model import change, object_key, order, requester, sequencer
from s3_catalog.model import event as events
from s3_catalog.model import row as rows
from s3_catalog.model.event import Event
from s3_catalog.model.timestamps import CLOCKS, microseconds, timestamp
from s3_catalog.reconciliation import difference, repair
from s3_catalog.s3 import bucket, envelope, record
from s3_catalog.sql_mirror import state as states
from s3_catalog.table import batch_write as batch
from s3_catalog.table import conditions, store
from s3_catalog.table.item import to_item
from tests.simulator import function, generator
from tests.simulator.upload_histories import histories
from tests.simulator.violation import Violation
from tests.simulator.world import simulate

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


def treat_removals_as_self_contained(patch: Patch) -> None:
    trust_sequencers_of(patch, "ObjectCreated:", "ObjectRemoved:")


def treat_expired_objects_as_self_contained(patch: Patch) -> None:
    trust_sequencers_of(patch, "ObjectCreated:", "ObjectRemoved:Delete", "LifecycleExpiration:")


def believe_the_sequencer_of_a_removal(patch: Patch) -> None:
    believe_sequencers_of(patch, "ObjectRemoved:")


def believe_the_sequencer_of_a_lifecycle_event(patch: Patch) -> None:
    believe_sequencers_of(patch, "LifecycleExpiration:")


def trust_the_sequencer_alone(patch: Patch) -> None:
    in_the_rule(patch, conditions.CERTAINLY_EARLIER)
    in_updates(patch, '"event_time" <= ?', ALWAYS)
    in_updates(patch, '"event_time" < ?', ALWAYS)
    in_updates(patch, '"event_name" <> ?', ALWAYS)
    patch_superseded(patch, lambda event, row: row.sequencer >= event.sequencer)


def trust_the_time_alone(patch: Patch) -> None:
    in_the_rule(patch, conditions.EVENT_IS_NEWER)
    in_updates(patch, '"sequencer" < ?', ALWAYS)
    patch_superseded(patch, lambda event, row: row.event_time > timestamp(event.time))


def order_uploads_like_puts(patch: Patch) -> None:
    in_the_rule(patch, conditions.NOT_OF_AN_UPLOAD)
    in_updates(patch, '"event_name" <> ?', ALWAYS)
    patch.setattr(Event, "multipart", False)


def replace_rows_of_uploads_without_tolerance(patch: Patch) -> None:
    in_the_rule(patch, conditions.NOT_OF_AN_UPLOAD)


def replace_rows_of_uploads_without_tolerance_in_batches(patch: Patch) -> None:
    in_updates(patch, '"event_name" <> ?', ALWAYS)


def let_uploads_replace_recent_rows_in_batches(patch: Patch) -> None:
    in_updates(patch, '"event_time" < ?', ALWAYS)


def trust_lookup_results_over_uploads(patch: Patch) -> None:
    def trusting(event: Any, row: Any) -> bool:
        return order.superseded(event, replace(row, asked_at=None))

    patch_superseded(patch, trusting)


def let_uploads_replace_lookup_results(patch: Patch) -> None:
    happened = microseconds
    patch.setattr(store, "_certainly_before", lambda event: happened(event.time - CLOCKS))


def write_the_latest_event_of_a_delivery_always(patch: Patch) -> None:
    patch.setattr(ingestion, "superseded", lambda *_: True)


def believe_every_sequencer(patch: Patch) -> None:
    patch.setattr(ingestion, "plausible", lambda *_: True)


def believe_the_sequencer_of_every_row(patch: Patch) -> None:
    patch.setattr(rows.Row, "implausible", lambda *_: False)


def heal_rows_with_plausible_sequencers(patch: Patch) -> None:
    patch.setattr(rows.Row, "implausible", lambda row, _: row.sequencer != rows.BEFORE_ALL)


def heal_rows_that_a_comparison_wrote(patch: Patch) -> None:
    patch.setattr(
        rows.Row, "implausible", lambda row, now: not sequencer.plausible(row.sequencer, now)
    )


def heal_without_a_mark(patch: Patch) -> None:
    in_lookups(patch, lambda _, row: replace(row, healed_at=None))


def lose_the_mark_at_the_next_lookup(patch: Patch) -> None:
    in_lookups(
        patch,
        lambda _, row: row if row.healed_at == row.asked_at else replace(row, healed_at=None),
    )


def lose_the_mark_at_the_next_event(patch: Patch) -> None:
    in_the_rule(patch, conditions.NEVER_HEALED)


def mark_rows_without_healing_them(patch: Patch) -> None:
    def unhealed(seen: rows.Row | None, row: rows.Row) -> rows.Row:
        return replace(row, sequencer=max(seen.sequencer, row.sequencer)) if seen else row

    in_lookups(patch, unhealed)


def heal_only_rows_whose_content_differs(patch: Patch) -> None:
    found = difference.difference
    patch.setattr(
        repair,
        "difference",
        lambda stored, row, now, same: (
            None if rows.agree(row, stored) else found(stored, row, now, same)
        ),
    )


def publish_heals_without_the_mark(patch: Patch) -> None:
    published = messages.message
    patch.setattr(messages, "message", lambda *change: {**published(*change), "healed_at": None})


def restart_no_mirror_at_a_heal(patch: Patch) -> None:
    place = states._place
    patch.setattr(states, "_place", lambda message: place({**message, "healed_at": None}))


def order_the_mirror_of_healed_rows_by_their_sequencers_alone(patch: Patch) -> None:
    place = states._place

    def without_time(message: Any) -> str:
        if message["healed_at"] is None:
            return place(message)
        return f"{states.HEALED}{message['sequencer']}"

    patch.setattr(states, "_place", without_time)


def restart_no_subscriber_at_a_heal(patch: Patch) -> None:
    is_new = Order.is_new
    patch.setattr(
        Order, "is_new", lambda self, message: is_new(self, {**message, "healed_at": None})
    )


def ignore_events_of_storage(patch: Patch) -> None:
    patch.setattr(record, "OF_STORAGE", ())
    patch.setattr(record, "_OF_STORAGE", {})


def treat_transitions_as_self_contained(patch: Patch) -> None:
    trust_sequencers_of(
        patch, "ObjectCreated:", "ObjectRemoved:DeleteMarkerCreated", "LifecycleTransition"
    )


def look_up_no_storage_class(patch: Patch) -> None:
    in_lookups(patch, lambda _, row: replace(row, storage_class=None))


def look_up_no_restore_state(patch: Patch) -> None:
    patch.setattr(bucket, "_restore", lambda _: None)


def keep_the_storage_class_at_a_lookup(patch: Patch) -> None:
    in_lookups(
        patch,
        lambda seen, row: (
            replace(row, storage_class=seen.storage_class) if seen and not row.deleted else row
        ),
    )


def keep_the_requester_at_an_event_in_batches(patch: Patch) -> None:
    in_updates(patch, 'REMOVE "requester"', "")


def compare_no_storage_classes(patch: Patch) -> None:
    patch.setattr(repair, "is_complete", rows.agree)


def publish_no_change_of_the_storage_class(patch: Patch) -> None:
    patch.setattr(change, "STATE", ("size", "etag", "version_id", "restore"))


def give_a_row_the_requester_of_the_latest_lookup(patch: Patch) -> None:
    def latest(*arguments: Any) -> requester.Requester:
        events = arguments[2]
        return events[-1].requester if events else of_lookup(*arguments)

    of_lookup = requester.of_lookup
    patch.setattr(rows, "of_lookup", latest)


def keep_the_requester_at_each_lookup(patch: Patch) -> None:
    patch.setattr(rows, "of_lookup", lambda seen, *_: requester._of(seen))


def take_the_same_etag_for_the_same_object(patch: Patch) -> None:
    def trusting(seen: Any, found: Any, reasons: Any) -> requester.Requester:
        if found and found.version_id is None and requester.is_same(seen, found):
            return requester._of(seen)
        return of_lookup(seen, found, reasons)

    of_lookup = requester.of_lookup
    patch.setattr(rows, "of_lookup", trusting)


def take_the_requester_of_forged_events(patch: Patch) -> None:
    patch.setattr(Event, "implausible", False)


def take_the_requester_of_a_deletion_within_the_tolerance(patch: Patch) -> None:
    patch.setattr(requester, "TOLERANCE", timedelta())


def take_a_transition_for_a_deletion(patch: Patch) -> None:
    patch.setattr(Event, "of_storage", False)


def believe_sequencers_of_the_future(patch: Patch) -> None:
    patch.setattr(ingestion, "plausible", lambda found, _: found > "0065")


def let_the_sequencer_of_a_lookup_decrease(patch: Patch) -> None:
    def latest_event_only(*arguments: Any, seen: Any, events: Any = (), **more: Any) -> rows.Row:
        row = from_lookup(*arguments, seen=seen, events=events, **more)
        ordered = [event.sequencer for event in events if event.self_contained]
        return replace(row, sequencer=ordered[-1]) if ordered else row

    from_lookup = rows.from_lookup
    patch.setattr(rows, "from_lookup", latest_event_only)


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

    def forgetful(store: Any, bucket: Any, key: str, events: Any = ()) -> store.Outcome:
        return correct(store, bucket, key, [event for event in events if event.sequencer])

    patch.setattr(ingestion, "correct", forgetful)


def look_up_for_the_first_event_only(patch: Patch) -> None:
    correct: Any = correction.correct
    patch.setattr(ingestion, "correct", lambda *args: correct(*args[:3], args[3][:1]))


def take_refused_inserts_for_written(patch: Patch) -> None:
    in_replies(patch, lambda code, old: (None if code == "DuplicateItem" else code, old))


def take_refused_updates_of_missing_rows_for_written(patch: Patch) -> None:
    in_replies(
        patch,
        lambda code, old: (None if code == "ConditionalCheckFailed" and not old else code, old),
    )


def take_every_refused_update_for_superseded(patch: Patch) -> None:
    patch.setattr(batch, "_superseded", lambda *_: True)


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
    treat_removals_as_self_contained,
    treat_expired_objects_as_self_contained,
    believe_the_sequencer_of_a_removal,
    believe_the_sequencer_of_a_lifecycle_event,
    trust_the_sequencer_alone,
    trust_the_time_alone,
    order_uploads_like_puts,
    replace_rows_of_uploads_without_tolerance,
    replace_rows_of_uploads_without_tolerance_in_batches,
    let_uploads_replace_recent_rows_in_batches,
    trust_lookup_results_over_uploads,
    let_uploads_replace_lookup_results,
    write_the_latest_event_of_a_delivery_always,
    believe_every_sequencer,
    believe_the_sequencer_of_every_row,
    heal_rows_with_plausible_sequencers,
    heal_rows_that_a_comparison_wrote,
    heal_without_a_mark,
    lose_the_mark_at_the_next_lookup,
    lose_the_mark_at_the_next_event,
    mark_rows_without_healing_them,
    heal_only_rows_whose_content_differs,
    publish_heals_without_the_mark,
    restart_no_mirror_at_a_heal,
    order_the_mirror_of_healed_rows_by_their_sequencers_alone,
    restart_no_subscriber_at_a_heal,
    ignore_events_of_storage,
    treat_transitions_as_self_contained,
    look_up_no_storage_class,
    look_up_no_restore_state,
    keep_the_storage_class_at_a_lookup,
    keep_the_requester_at_an_event_in_batches,
    compare_no_storage_classes,
    publish_no_change_of_the_storage_class,
    give_a_row_the_requester_of_the_latest_lookup,
    keep_the_requester_at_each_lookup,
    take_the_same_etag_for_the_same_object,
    take_the_requester_of_forged_events,
    take_the_requester_of_a_deletion_within_the_tolerance,
    take_a_transition_for_a_deletion,
    believe_sequencers_of_the_future,
    let_the_sequencer_of_a_lookup_decrease,
    read_only_the_first_record,
    report_failures_as_successes,
    replace_without_a_condition,
    decode_keys_twice,
    keep_attributes_of_the_old_row,
    report_one_failed_message_only,
    write_no_time_of_a_lookup_without_sequencer,
    look_up_for_the_first_event_only,
    take_refused_inserts_for_written,
    take_refused_updates_of_missing_rows_for_written,
    take_every_refused_update_for_superseded,
)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_a_mutation_is_caught(mutation: Callable[[Patch], None], monkeypatch: Patch) -> None:
    mutation(monkeypatch)
    assert first_violation() is not None


def first_violation() -> int | None:
    """Return the number of the first history that ends in a violation, or None.

    Those of uploads come first, and have negative numbers.
    """
    uploads = histories()
    for number in range(-len(uploads), HISTORIES):
        try:
            simulate(uploads[number] if number < 0 else generator.history(number), Counter())
        except Violation:
            return number
    return None


ALWAYS = '("event_time" = ? OR "event_time" = "event_time")'
"""Takes the place of a comparison with a parameter."""


def trust_sequencers_of(patch: Patch, *names: str) -> None:
    """Treat events called `names` as if they had a place in the order, and the current state."""
    for module in (record, events):
        patch.setattr(module, "is_ordered", lambda name: name.startswith(names))


def believe_sequencers_of(patch: Patch, name: str) -> None:
    """Look up for events called `name` unless the row has a greater sequencer."""
    is_ordered = events.is_ordered
    patch.setattr(record, "is_ordered", lambda each: each.startswith(name) or is_ordered(each))
    superseded = order.superseded

    def believing(event: Any, row: Any) -> bool:
        if event.name.startswith(name) and event.sequencer:
            return bool(row.sequencer >= event.sequencer)
        return superseded(event, row)

    patch.setattr(store, "superseded", believing)


def patch_superseded(patch: Patch, superseded: Callable[[Any, Any], bool]) -> None:
    """Decide by `superseded` whether the row of a self-contained event is later."""

    def changed(event: Any, row: Any) -> bool:
        return event.self_contained and superseded(event, row)

    for module in (ingestion, store):
        patch.setattr(module, "superseded", changed)


def in_the_rule(patch: Patch, clause: str) -> None:
    """Let `clause` of the rule always hold."""
    assert conditions.ACCEPTS_EVENT.count(clause) == 1
    always = f"({clause} OR NOT {clause})"
    changed = conditions.ACCEPTS_EVENT.replace(clause, always)
    patch.setattr(conditions, "ACCEPTS_EVENT", changed)


def in_updates(patch: Patch, old: str, new: str) -> None:
    """Change the text of the UPDATE of a batch."""
    update = batch._update

    def changed(*arguments: Any) -> Any:
        request = update(*arguments)
        assert old in request["Statement"] or old.startswith(("REMOVE", '"event_'))
        return {**request, "Statement": request["Statement"].replace(old, new)}

    patch.setattr(batch, "_update", changed)


def in_replies(patch: Patch, change: Callable[[Any, Any], tuple[Any, Any]]) -> None:
    """Change code and item of each reply to a statement of a batch."""
    execute = batch._execute
    patch.setattr(
        batch, "_execute", lambda *arguments: [change(*reply) for reply in execute(*arguments)]
    )


def in_lookups(patch: Patch, change: Callable[[rows.Row | None, rows.Row], rows.Row]) -> None:
    """Change the row of each lookup, given the row that it replaces."""
    from_lookup = rows.from_lookup

    def changed(*arguments: Any, seen: rows.Row | None, events: Any = ()) -> rows.Row:
        return change(seen, from_lookup(*arguments, seen=seen, events=events))

    patch.setattr(rows, "from_lookup", changed)


def in_reports(patch: Patch, change: Callable[[ingestion.Report], None]) -> None:
    """Change the report of a delivery."""

    def changed(*arguments: Any) -> ingestion.Report:
        report = ingestion.ingest(*arguments)
        change(report)
        return report

    patch.setattr(function.load(), "ingest", changed)
