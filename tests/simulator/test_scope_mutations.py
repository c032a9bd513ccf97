"""The simulator catches each of these mutations of the code for many buckets and prefixes."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from s3_catalog.attachment import bucket_notifications, eventbridge_switch, switch_resource
from s3_catalog.feed import message as messages
from s3_catalog.ingestion import delivery as ingestion
from s3_catalog.model import object_key
from s3_catalog.model import row as rows
from s3_catalog.model import scope as scopes
from s3_catalog.reconciliation import key_ranges, removal
from s3_catalog.s3 import bucket
from s3_catalog.table.row_query import rows_and_pages
from tests.simulator import function, generator
from tests.simulator.attachments import BUCKETS
from tests.simulator.source import change, changed
from tests.simulator.violation import Violation
from tests.simulator.world import simulate

HISTORIES = 1500
"""Every mutation must be caught within these, which are the first with many buckets.
`test_convergence` plays the same histories without a mutation."""

Patch = pytest.MonkeyPatch


def ignore_the_prefix_at_ingestion(patch: Patch) -> None:
    place = "(event.bucket, event.key) not in buckets.scope"
    change(patch, ingestion, "_read", place, "event.bucket not in buckets.scope.buckets")


def catalogue_late_events_of_a_detached_bucket(patch: Patch) -> None:
    place = "(event.bucket, event.key) not in buckets.scope"
    still = f"buckets.scope.prefixes(event.bucket) and {place}"
    change(patch, ingestion, "_read", place, f"({still})")


def ignore_the_prefix_in_a_listing(patch: Patch) -> None:
    change(patch, bucket.Bucket, "listing", '"Prefix": prefix', '"Prefix": ""')


def ignore_the_prefix_in_the_ranges_of_a_comparison(patch: Patch) -> None:
    change(patch, key_ranges, "_split", '"prefix": entry.prefix', '"prefix": ""')


def compare_the_first_entry_only(patch: Patch) -> None:
    change(patch, key_ranges, "split", "in scope.entries", "in scope.entries[:1]")


def take_the_prefixes_of_every_bucket(patch: Patch) -> None:
    every = "tuple(entry.prefix for entry in self.entries)"
    change(patch, scopes.Scope, "__contains__", "self._prefixes.get(bucket, ())", every)


def keep_one_prefix_of_a_bucket(patch: Patch) -> None:
    change(patch, scopes.Scope, "__contains__", "(bucket, ())", "(bucket, ())[:1]")


def keep_the_rows_of_two_buckets_in_one_partition(patch: Patch) -> None:
    change(patch, object_key, "_partition", "{bucket}#", f"{BUCKETS[0]}#")


def coalesce_the_events_of_two_buckets(patch: Patch) -> None:
    place = "event.bucket, event.key"
    same_key = f"next((each for each in events if each[1] == event.key), ({place}))"
    mixed = changed(ingestion.ingest, f"place = {place}", f"place = {same_key}")
    patch.setattr(function.load(), "ingest", mixed)


def look_up_in_another_bucket(patch: Patch) -> None:
    change(patch, ingestion, "_look_up", "buckets[bucket]", "buckets[buckets.scope.buckets[0]]")


def publish_as_a_change_of_another_bucket(patch: Patch) -> None:
    change(patch, messages, "message", "change.bucket", repr(BUCKETS[0]))


def remove_the_rows_of_another_bucket(patch: Patch) -> None:
    def of_all(client: Any, table: str, _: str, shards: int, **more: Any) -> Any:
        for each in BUCKETS:
            yield from rows_and_pages(client, table, each, shards, **more)

    patch.setattr(removal, "rows_and_pages", of_all)
    remove_whatever_the_scope(patch)


def remove_the_rows_of_a_scope_that_remains(patch: Patch) -> None:
    patch.setattr(scopes.Scope, "outside", lambda *_: (("", None),))
    remove_whatever_the_scope(patch)


def remove_the_rows_of_no_prefix(patch: Patch) -> None:
    outside: Any = scopes.Scope.outside

    def only_of_detached(self: scopes.Scope, name: str) -> Any:
        return () if self.prefixes(name) else outside(self, name)

    patch.setattr(scopes.Scope, "outside", only_of_detached)


def remove_rows_without_a_new_position(patch: Patch) -> None:
    def at_its_place(seen: rows.Row, now: Any) -> rows.Row:
        return replace(rows.out_of_scope(seen, now), asked_at=seen.asked_at)

    patch.setattr("s3_catalog.reconciliation.removal.out_of_scope", at_its_place)


def write_the_entries_of_known_kinds_only(patch: Patch) -> None:
    write: Any = bucket_notifications.BucketNotifications.write

    def as_an_sdk(self: Any, name: str, content: bytes) -> None:
        unknown = rb"<StreamConfiguration.*?</StreamConfiguration>"
        write(self, name, re.sub(unknown, b"", content, flags=re.DOTALL))

    patch.setattr(bucket_notifications.BucketNotifications, "write", as_an_sdk)


def write_an_entry_without_its_filter(patch: Patch) -> None:
    write: Any = bucket_notifications.BucketNotifications.write

    def without(self: Any, name: str, content: bytes) -> None:
        write(self, name, re.sub(rb"<Filter>.*?</Filter>", b"", content, flags=re.DOTALL))

    patch.setattr(bucket_notifications.BucketNotifications, "write", without)


def merge_with_what_the_first_attempt_read(patch: Patch) -> None:
    switch = eventbridge_switch.EventBridgeSwitch
    read = "self._notifications.read(self._bucket)"
    first = f"vars(self).setdefault('first', {read})"
    change(patch, switch, "_attempt", f"found = {read}", f"found = {first}")


def read_nothing_back(patch: Patch) -> None:
    switch = eventbridge_switch.EventBridgeSwitch
    change(patch, switch, "_attempt", "return kept.on == on", "return True")


def turn_off_what_was_found_on(patch: Patch) -> None:
    change(patch, switch_resource, "_physical_id", "if switched_on", "if bucket")


def turn_off_what_other_rules_need(patch: Patch) -> None:
    change(patch, switch_resource, "_turn_off", "if others:", "if not others and others:")


MUTATIONS: tuple[Callable[[Patch], None], ...] = (
    ignore_the_prefix_at_ingestion,
    catalogue_late_events_of_a_detached_bucket,
    ignore_the_prefix_in_a_listing,
    ignore_the_prefix_in_the_ranges_of_a_comparison,
    compare_the_first_entry_only,
    take_the_prefixes_of_every_bucket,
    keep_one_prefix_of_a_bucket,
    keep_the_rows_of_two_buckets_in_one_partition,
    coalesce_the_events_of_two_buckets,
    look_up_in_another_bucket,
    publish_as_a_change_of_another_bucket,
    remove_the_rows_of_another_bucket,
    remove_the_rows_of_a_scope_that_remains,
    remove_the_rows_of_no_prefix,
    remove_rows_without_a_new_position,
    write_the_entries_of_known_kinds_only,
    write_an_entry_without_its_filter,
    merge_with_what_the_first_attempt_read,
    read_nothing_back,
    turn_off_what_was_found_on,
    turn_off_what_other_rules_need,
)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_a_mutation_is_caught(mutation: Callable[[Patch], None], monkeypatch: Patch) -> None:
    mutation(monkeypatch)
    assert first_violation() is not None


def first_violation() -> int | None:
    """Return the number of the first history that ends in a violation, or None."""
    for number in generator.of_many(HISTORIES):
        try:
            simulate(generator.history(number), Counter())
        except Violation:
            return number
    return None


def remove_whatever_the_scope(patch: Patch) -> None:
    """Remove every row that is read."""
    change(patch, removal, "_remove", "if (row.bucket, row.key) not in now", "")
