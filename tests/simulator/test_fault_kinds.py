"""Histories have some kinds of faults only, so that no kind hides an error for long."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import permutations
from random import Random

import pytest

from s3_catalog.model.stored_object import StoredObject
from s3_catalog.s3.bucket import Bucket
from tests.simulator import fault_kinds, generator
from tests.simulator.fault_kinds import ALL, FaultKind, injected
from tests.simulator.history import History, Trouble
from tests.simulator.violation import Violation
from tests.simulator.world import simulate

HISTORIES = 500

REUSED = timedelta(seconds=3)

Patch = pytest.MonkeyPatch


def draw(patch: Patch, chosen: Callable[[int], frozenset[FaultKind]]) -> Callable[[int], History]:
    """Return what draws the history of a number with the kinds of faults `chosen` for it."""

    def history(number: int) -> History:
        patch.setattr(fault_kinds, "drawn", lambda _: chosen(number))
        return generator.history(number)

    return history


@pytest.mark.parametrize("kind", FaultKind)
def test_a_history_has_no_fault_of_a_kind_that_was_not_drawn(
    kind: FaultKind, monkeypatch: Patch
) -> None:
    without, alone = Counter[str](), Counter[str]()
    everything_else = draw(monkeypatch, lambda _: ALL - {kind})
    nothing_else = draw(monkeypatch, lambda _: frozenset({kind}))
    for number in range(60):
        simulate(everything_else(number), without)
        simulate(nothing_else(number), alone)
    assert {each for each, times in injected(without).items() if times} == ALL - {kind}
    assert {each for each, times in injected(alone).items() if times} == {kind}


def test_each_kind_occurs_without_each_other_one() -> None:
    drawn = [fault_kinds.drawn(Random(seed).randrange) for seed in range(200)]  # noqa: S311
    pairs = Counter(
        (one, other)
        for kinds in drawn
        for one, other in permutations(FaultKind, 2)
        if one in kinds and other not in kinds
    )
    assert min(pairs[pair] for pair in permutations(FaultKind, 2)) > len(drawn) / 50


def test_each_trouble_is_of_a_kind() -> None:
    assert fault_kinds.OF_TROUBLES.keys() == set(Trouble)


def test_a_mistake_that_a_fault_hides_is_found_sooner(monkeypatch: Patch) -> None:
    reuse_lookups(monkeypatch)
    found = sum(fails(generator.history(number)) for number in range(HISTORIES))
    with_all_faults = draw(monkeypatch, lambda _: ALL)
    rarely_found = sum(fails(with_all_faults(number)) for number in range(HISTORIES))
    assert found > 1.25 * rarely_found


def reuse_lookups(patch: Patch) -> None:
    """Reuse what a lookup of a key found, for seconds of the function's clock.

    Where that clock and S3's are apart by changing minutes, a process hardly ever does.
    """
    current = Bucket.current
    found: dict[str, tuple[datetime, StoredObject | None]] = {}
    last: list[Bucket] = []

    def reusing(self: Bucket, key: str) -> StoredObject | None:
        if last[-1:] != [self]:
            last[:] = [self]
            found.clear()
        now = self.clock()
        if key not in found or not timedelta() <= now - found[key][0] < REUSED:
            found[key] = now, current(self, key)
        return found[key][1]

    patch.setattr(Bucket, "current", reusing)


def fails(history: History) -> bool:
    """Return whether `history` ends in a violation."""
    try:
        simulate(history, Counter())
    except Violation:
        return True
    return False
