"""However the stream is delivered, the totals end as the rows add up; and a recount makes them."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s3_catalog.model.change import Change
from s3_catalog.table import merged_query as merge
from s3_catalog.totals import recount, totals_table
from s3_catalog.totals import tally as totals
from s3_catalog.totals.tally import Part, Tally
from s3_catalog.totals.totals_table import TotalsTable
from tests.simulator.stream import StreamWorld
from tests.simulator.transactions import TROUBLES

SCHEDULES = 1000
"""Drawn at random for each of two stories; every mistake must be found within so many.

Hypothesis draws others, and makes short what fails.
"""

STEPS = 60

HARD_CASES = {
    *TROUBLES,
    "arrived late",
    "bisected",
    "expired",
    "failed",
    "formed anew",
    "repeated",
    "several transactions",
    "split",
}
"""What a run must have come across, or it has proved little."""

Patch = pytest.MonkeyPatch


class AtOnce:
    """An executor that does what it is given before it says so."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def submit(self, work: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        done: Future[Any] = Future()
        done.set_result(work(*arguments))
        return done

    def shutdown(self, **_: object) -> None:
        pass


@pytest.fixture(autouse=True)
def hurry(monkeypatch: Patch) -> None:
    """No waiting, no threads; and transactions so small that a batch takes several."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    monkeypatch.setattr(merge, "ThreadPoolExecutor", AtOnce)
    monkeypatch.setattr(totals, "MAX_FOLDERS", 4)


def count_once(chance: Random, seen: Counter[str]) -> None:
    """Rows change and are counted, in whatever pieces and however often."""
    world = StreamWorld(chance, seen)
    world.play(STEPS)
    world.settle()
    world.expect_totals()


def recount_meanwhile(chance: Random, seen: Counter[str]) -> None:
    """Somebody recounts, as somebody else writes: right totals stay right, wrong ones become so."""
    world = StreamWorld(chance, seen)
    lossy = chance.random() < 0.5
    world.play(STEPS // 2, giving_up=lossy)
    recounted = world.recount(lambda: world.play(chance.randrange(4)))
    seen["corrected"] += recounted.corrected
    seen["restless"] += len(recounted.restless)
    world.play(STEPS // 4)
    world.settle()
    if lossy:
        world.recount(lambda: None)
    world.expect_totals()


STORIES = [count_once, recount_meanwhile]
Story = Callable[[Random, Counter[str]], None]


@pytest.mark.hypothesis
@pytest.mark.parametrize("story", STORIES)
def test_every_schedule_that_is_drawn_ends_right(story: Story) -> None:
    seen: Counter[str] = Counter()

    @settings(
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(st.randoms(use_true_random=False))
    def ends_right(chance: Random) -> None:
        story(chance, seen)

    ends_right()


@pytest.mark.parametrize("story", STORIES)
def test_every_random_schedule_ends_right(story: Story, monkeypatch: Patch) -> None:
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
        assert {"given up", "corrected", "restless"} <= (+seen).keys()


def drop_the_mark(patch: Patch) -> None:
    patch.setattr(
        totals_table, "NOT_YET_COUNTED", "attribute_exists(pk) OR attribute_not_exists(pk)"
    )


def accept_what_overlaps(patch: Patch) -> None:
    patch.setattr(
        totals_table,
        "NOT_YET_COUNTED",
        f"{totals_table.NOT_YET_COUNTED} OR sequence_number <> :last",
    )


def have_one_mark_for_all_shards(patch: Patch) -> None:
    apply = TotalsTable.apply
    patch.setattr(TotalsTable, "apply", lambda self, _, changes: apply(self, "one", changes))


def move_the_mark_too_little(patch: Patch) -> None:
    in_parts(patch, lambda part: replace(part, last=part.first))


def move_the_mark_apart(patch: Patch) -> None:
    transact: Any = TotalsTable._transact

    def apart(self: TotalsTable, items: list[Any]) -> Any:
        return transact(self, items[:1]) or (items[1:] and transact(self, items[1:])) or None

    patch.setattr(TotalsTable, "_transact", apart)


def add_before_the_mark_moves(patch: Patch) -> None:
    transact: Any = TotalsTable._transact

    def apart(self: TotalsTable, items: list[Any]) -> Any:
        if items[1:]:
            transact(self, items[1:])
        return transact(self, items[:1])

    patch.setattr(TotalsTable, "_transact", apart)


def skip_all_of_a_batch_that_was_begun(patch: Patch) -> None:
    count: Any = TotalsTable._count

    def skipping(self: TotalsTable, shard: str, part: Part) -> str | None:
        return None if count(self, shard, part) is None else part.last

    patch.setattr(TotalsTable, "_count", skipping)


def count_tombstones(patch: Patch) -> None:
    patch.setattr(totals, "tally", lambda row: Tally(1, row.size or 0) if row else Tally())


def forget_that_an_object_was_there(patch: Patch) -> None:
    patch.setattr(totals, "growth", lambda change: totals.tally(change.new))


MISTAKES = [
    drop_the_mark,
    accept_what_overlaps,
    have_one_mark_for_all_shards,
    move_the_mark_too_little,
    move_the_mark_apart,
    add_before_the_mark_moves,
    skip_all_of_a_batch_that_was_begun,
    count_tombstones,
    forget_that_an_object_was_there,
]


def correct_at_once(patch: Patch) -> None:
    patch.setattr(recount, "_wait_until_counted", lambda *_: None)


def correct_what_moved(patch: Patch) -> None:
    own: Any = TotalsTable.own

    def unmoved(self: TotalsTable, bucket: str, prefix: str) -> Any:
        return {
            name: replace(known, changes=0) for name, known in own(self, bucket, prefix).items()
        }

    patch.setattr(TotalsTable, "own", unmoved)


RECOUNT_MISTAKES = [correct_at_once, correct_what_moved]


@pytest.mark.parametrize(
    ("mistake", "story"),
    [
        *((mistake, count_once) for mistake in MISTAKES),
        *((mistake, recount_meanwhile) for mistake in RECOUNT_MISTAKES),
    ],
    ids=lambda each: each.__name__,
)
def test_a_mistake_is_found(
    mistake: Callable[[Patch], None], story: Story, monkeypatch: Patch
) -> None:
    mistake(monkeypatch)
    assert found(story) is not None


def found(story: Story) -> int | None:
    """Return the number of the first schedule that shows that something is wrong."""
    for seed in range(SCHEDULES):
        try:
            story(Random(seed), Counter())  # noqa: S311
        except AssertionError:
            return seed
    return None


def in_parts(patch: Patch, change: Callable[[Part], Part]) -> None:
    parts = totals.parts
    patch.setattr(totals_table, "parts", lambda *given: map(change, parts(*given)))
