"""However Lambda reads the stream, the totals end as the sums of the rows; so after a recount."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s3_catalog.model.change import Change
from s3_catalog.model.row import Row
from s3_catalog.table import merged_query as merge
from s3_catalog.table.stream_record import SEQUENCE_DIGITS
from s3_catalog.totals import forget, recount, totals_table
from s3_catalog.totals import tally as totals
from s3_catalog.totals.forget import forget_empty
from s3_catalog.totals.tally import Part, Tally, Total
from s3_catalog.totals.totals_table import TotalsTable
from tests.simulator import stream
from tests.simulator.at_once import AtOnce
from tests.simulator.source import change
from tests.simulator.stream import BUCKETS, WINDOW, StreamWorld
from tests.simulator.transactions import TROUBLES, FakeTotalsTable
from tests.simulator.wire import dynamodb_of

SCHEDULES = 1000
"""Random schedules for each of three stories, within which every mutation must be caught.

Hypothesis draws others, and shrinks those that fail.
"""

STEPS = 60

PREFIXES = ("", "a/", "a/b/", "e/")

HARD_CASES = {
    *TROUBLES,
    "arrived late",
    "bisected",
    "expired",
    "failed",
    "removed",
    "another batch",
    "repeated",
    "several transactions",
    "split",
}
"""A run without one of these proves little."""

Patch = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def hurry(monkeypatch: Patch) -> None:
    """Without pauses and threads; with transactions so small that a batch needs several."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    monkeypatch.setattr(merge, "ThreadPoolExecutor", AtOnce)
    monkeypatch.setattr(totals, "MAX_FOLDERS", 4)


def count_once(chance: Random, seen: Counter[str]) -> None:
    """Rows change and are counted, in any batches and any number of times."""
    world = StreamWorld(chance, seen)
    world.play(STEPS)
    world.settle()
    world.expect_totals()


def recount_meanwhile(chance: Random, seen: Counter[str]) -> None:
    """A recount runs while rows change: correct totals stay, wrong ones are corrected."""
    world = StreamWorld(chance, seen)
    lossy = chance.random() < 0.5
    world.play(STEPS // 2, lossy=lossy)
    prefix, name = chance.choice(PREFIXES), chance.choice(BUCKETS)

    def meanwhile() -> None:
        world.play(chance.randrange(4))
        if chance.random() < 0.2:
            world.forget(lambda: world.play(chance.randrange(4)), name)

    recounted = world.recount(meanwhile, name, prefix)
    seen["recounted under a prefix"] += bool(prefix and recounted.folders)
    seen["corrected"] += recounted.corrected
    seen["restless"] += len(recounted.restless)
    world.play(STEPS // 4)
    world.settle()
    if lossy:
        for bucket in BUCKETS:
            world.recount(lambda: None, bucket)
    world.expect_totals()


def forget_meanwhile(chance: Random, seen: Counter[str]) -> None:
    """Empty folders are forgotten while rows change: no total differs, and none is left."""
    world = StreamWorld(chance, seen)
    world.play(STEPS // 2)
    for _ in range(4):
        prefix, name = chance.choice(PREFIXES), chance.choice(BUCKETS)
        world.forget(lambda: world.play(chance.randrange(8)), name, prefix)
        world.play(STEPS // 8)
    world.settle()
    world.expect_totals()
    for bucket in BUCKETS:
        forget_empty(world.totals, bucket, "")
    world.expect_no_empty_folder()
    world.expect_totals()


STORIES = [count_once, recount_meanwhile, forget_meanwhile]
Story = Callable[[Random, Counter[str]], None]


@pytest.mark.hypothesis
@pytest.mark.parametrize("story", STORIES)
def test_every_drawn_schedule_ends_with_correct_totals(story: Story) -> None:
    seen: Counter[str] = Counter()

    @settings(
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(st.randoms(use_true_random=False))
    def totals_are_correct(chance: Random) -> None:
        story(chance, seen)

    totals_are_correct()


@pytest.mark.parametrize("story", STORIES)
def test_every_random_schedule_ends_with_correct_totals(story: Story, monkeypatch: Patch) -> None:
    seen: Counter[str] = Counter()
    apply = TotalsTable.apply

    def watched(self: TotalsTable, shard: str, changes: list[Change]) -> int:
        written = apply(self, shard, changes)
        seen["several transactions"] += written > 1
        return written

    monkeypatch.setattr(TotalsTable, "apply", watched)
    for seed in range(SCHEDULES):
        story(Random(seed), seen)  # noqa: S311
    assert not HARD_CASES - (+seen).keys()
    if story is recount_meanwhile:
        hard = {"dropped", "corrected", "restless", "recounted under a prefix", "forgotten"}
        assert hard <= (+seen).keys()
    if story is forget_meanwhile:
        assert seen["forgotten"] > 300


@pytest.mark.parametrize("story", STORIES)
def test_schedules_through_our_client_end_with_correct_totals(
    story: Story, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(StreamWorld, "client_of", staticmethod(dynamodb_of))
    for seed in range(SCHEDULES // 10):
        story(Random(seed), Counter())  # noqa: S311


def test_a_folder_that_came_and_went_during_a_recount_has_no_objects() -> None:
    # As spec/Totals.tla found: its counts are missing before and after.
    totals = TotalsTable(cast("Any", FakeTotalsTable(Counter())), "totals", 2, 1)
    row = Row(BUCKETS[0], "a/1", "1", "2026", "ObjectCreated:Put", None, 1, "e", None)
    made = Change("1", "1".zfill(SEQUENCE_DIGITS), 0, row.bucket, row.key, None, row)
    removed = replace(made, id="2", sequence_number="2".zfill(SEQUENCE_DIGITS), old=row, new=None)
    rows = [row]

    def read() -> list[Row]:
        found = rows[:]
        rows.clear()
        totals.apply("shard", [made, removed])
        forget_empty(totals, row.bucket, "")
        return found

    recounted = recount.recount(totals, row.bucket, read, lambda _: None, window=WINDOW)
    assert (recounted.corrected, recounted.restless) == (0, [])
    assert totals.total(row.bucket, "a/") == Total("a/", 0, 0)


def drop_the_condition_of_the_checkpoint(patch: Patch) -> None:
    patch.setattr(
        totals_table, "NOT_YET_COUNTED", "attribute_exists(pk) OR attribute_not_exists(pk)"
    )


def accept_overlapping_batches(patch: Patch) -> None:
    patch.setattr(
        totals_table,
        "NOT_YET_COUNTED",
        f"{totals_table.NOT_YET_COUNTED} OR sequence_number <> :last",
    )


def share_one_checkpoint_among_all_shards(patch: Patch) -> None:
    apply = TotalsTable.apply
    patch.setattr(TotalsTable, "apply", lambda self, _, changes: apply(self, "one", changes))


def move_the_checkpoint_to_the_first_change(patch: Patch) -> None:
    in_parts(patch, lambda part: replace(part, last=part.first))


def move_the_checkpoint_before_counting(patch: Patch) -> None:
    transact: Any = TotalsTable._transact

    def apart(self: TotalsTable, items: list[Any]) -> Any:
        return transact(self, items[:1]) or (items[1:] and transact(self, items[1:])) or None

    patch.setattr(TotalsTable, "_transact", apart)


def count_before_the_checkpoint_moves(patch: Patch) -> None:
    transact: Any = TotalsTable._transact

    def apart(self: TotalsTable, items: list[Any]) -> Any:
        if items[1:]:
            transact(self, items[1:])
        return transact(self, items[:1])

    patch.setattr(TotalsTable, "_transact", apart)


def skip_the_rest_of_a_batch_that_was_begun(patch: Patch) -> None:
    count: Any = TotalsTable._count

    def skipping(self: TotalsTable, shard: str, part: Part) -> str | None:
        return None if count(self, shard, part) is None else part.last

    patch.setattr(TotalsTable, "_count", skipping)


def count_tombstones(patch: Patch) -> None:
    patch.setattr(totals, "tally", lambda row: Tally(1, row.size or 0) if row else Tally())


def ignore_the_old_row(patch: Patch) -> None:
    patch.setattr(totals, "growth", lambda change: totals.tally(change.new))


def count_two_buckets_as_one(patch: Patch) -> None:
    counted = "deltas[change.bucket, folder]"
    change(patch, totals, "parts", counted, f"deltas[{BUCKETS[0]!r}, folder]")
    # `parts` is a name of this module as well.
    patch.setattr(totals_table, "parts", totals.parts)


def count_no_removals(patch: Patch) -> None:
    changed = "tally(change.new) - tally(change.old)"
    change(patch, totals, "growth", changed, f"{changed} if change.new else Tally()")


MUTATIONS = [
    drop_the_condition_of_the_checkpoint,
    accept_overlapping_batches,
    share_one_checkpoint_among_all_shards,
    move_the_checkpoint_to_the_first_change,
    move_the_checkpoint_before_counting,
    count_before_the_checkpoint_moves,
    skip_the_rest_of_a_batch_that_was_begun,
    count_tombstones,
    ignore_the_old_row,
    count_two_buckets_as_one,
    count_no_removals,
]


def correct_without_waiting(patch: Patch) -> None:
    patch.setattr(recount, "_wait_until_counted", lambda *_: None)


def ignore_the_window(patch: Patch) -> None:
    wait: Any = recount._wait_until_counted
    patch.setattr(recount, "_wait_until_counted", lambda *first, **_: wait(*first[:3], 0))


def correct_folders_that_changed(patch: Patch) -> None:
    own: Any = TotalsTable.own

    def unchanged(self: TotalsTable, bucket: str, prefix: str) -> Any:
        return {
            name: replace(counted, changes=frozenset())
            for name, counted in own(self, bucket, prefix).items()
        }

    patch.setattr(TotalsTable, "own", unchanged)


def ignore_the_prefix_in_a_recount(patch: Patch) -> None:
    whole = recount.recount

    def of_everything(*arguments: Any, prefix: str, **more: Any) -> recount.Recounted:
        return whole(*arguments, prefix=prefix[:0], **more)

    patch.setattr(stream, "recount", of_everything)


def recount_two_buckets_as_one(patch: Patch) -> None:
    own: Any = TotalsTable.own
    patch.setattr(TotalsTable, "own", lambda self, _, prefix: own(self, BUCKETS[0], prefix))


def count_again_from_zero(patch: Patch) -> None:
    patch.setattr(totals_table, "_born", lambda: 0)


RECOUNT_MUTATIONS = [
    correct_without_waiting,
    ignore_the_window,
    correct_folders_that_changed,
    ignore_the_prefix_in_a_recount,
    recount_two_buckets_as_one,
    count_again_from_zero,
]


def forget_what_changed(patch: Patch) -> None:
    patch.setattr(forget, "_unchanged", lambda _: "attribute_exists(pk)")


def forget_items_whose_folder_is_not_empty(patch: Patch) -> None:
    patch.setattr(forget, "_SUMS", ())


def forget_by_the_objects_of_each_item(patch: Patch) -> None:
    each: Any = TotalsTable.each

    def item_by_item(*arguments: Any) -> Any:
        for name, items in each(*arguments):
            for item in items:
                yield name, iter([item])

    patch.setattr(TotalsTable, "each", item_by_item)
    patch.setattr(forget, "_SUMS", ("objects",))


def forget_no_folder(patch: Patch) -> None:
    patch.setattr(forget, "_transact", lambda *_: True)


FORGET_MUTATIONS = [
    forget_what_changed,
    forget_items_whose_folder_is_not_empty,
    forget_by_the_objects_of_each_item,
    forget_no_folder,
]


@pytest.mark.parametrize(
    ("mutation", "story"),
    [
        *((mutation, count_once) for mutation in MUTATIONS),
        *((mutation, recount_meanwhile) for mutation in RECOUNT_MUTATIONS),
        *((mutation, forget_meanwhile) for mutation in FORGET_MUTATIONS),
    ],
    ids=lambda each: each.__name__,
)
def test_a_mutation_is_caught(
    mutation: Callable[[Patch], None], story: Story, monkeypatch: Patch
) -> None:
    mutation(monkeypatch)
    assert first_failure(story) is not None


def first_failure(story: Story) -> int | None:
    """Return the number of the first schedule that ends with wrong totals, or None."""
    for seed in range(SCHEDULES):
        try:
            story(Random(seed), Counter())  # noqa: S311
        except AssertionError:
            return seed
    return None


def in_parts(patch: Patch, change: Callable[[Part], Part]) -> None:
    """Change every part before it is counted."""
    parts = totals.parts
    patch.setattr(totals_table, "parts", lambda *arguments: map(change, parts(*arguments)))
