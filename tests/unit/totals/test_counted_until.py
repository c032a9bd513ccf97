"""The time that `du` shows is true whatever the shards do, as long as Lambda reads them."""

from datetime import UTC, datetime
from random import Random

import pytest

from s3_catalog.totals.counted_until import counted_until
from s3_catalog.totals.totals_table import Checkpoint

NOW = 1_795_428_930
WINDOW = 60
GRACE = 30
"""Seconds that a gathered batch takes until it is counted, at most."""
CLOCKS = 5
"""Seconds between two clocks, at most."""


def until(*checkpoints: Checkpoint, window: float = WINDOW) -> int:
    """Seconds before `NOW`."""
    found = counted_until(checkpoints, window, datetime.fromtimestamp(NOW, UTC))
    assert found.tzinfo is UTC
    return round(NOW - found.timestamp())


@pytest.mark.parametrize(("window", "seconds"), [(60, 95), (1, 36), (300, 335)])
def test_without_changes_it_is_the_longest_that_a_change_may_take(
    window: float, seconds: int
) -> None:
    assert until(window=window) == seconds
    # The last change was long ago.
    assert until(Checkpoint(NOW - 90_000, NOW - 89_000), window=window) == seconds


def test_a_shard_that_is_behind_shows_how_far() -> None:
    current = Checkpoint(NOW - 3, NOW - 2)
    assert until(current) == 95
    assert until(current, Checkpoint(NOW - 4_000, NOW - 10)) == 4_000
    assert until(Checkpoint(NOW - 96, NOW - 95), current) == 96


def counted(chance: Random, writes: list[float], until: float) -> tuple[Checkpoint | None, float]:
    """Read a shard until then: its checkpoint, and the first write that is not counted.

    As long as something waits, a batch of any size is counted at least once in the window and the
    grace after it: a shard far behind has small batches.
    """
    checkpoint, now, done = None, 0.0, 0
    slow = chance.random() < 0.5
    while done < len(writes):
        now = max(now, writes[done]) + chance.uniform(0, WINDOW + GRACE)
        if now >= until:
            return checkpoint, writes[done]
        there = sum(write <= now for write in writes)
        done = done + 1 if slow else there
        skew = chance.uniform(-CLOCKS, CLOCKS)
        checkpoint = Checkpoint(int(writes[done - 1]), int(now + skew))
    return checkpoint, float("inf")


@pytest.mark.parametrize("seed", range(200))
def test_no_change_from_before_is_uncounted(seed: int) -> None:
    chance = Random(seed)  # noqa: S311
    now = chance.uniform(1, 2_000)
    checkpoints, uncounted = [], []
    for _ in range(chance.randint(1, 4)):
        writes = sorted(chance.uniform(0, now) for _ in range(chance.choice([0, 1, 5, 50])))
        checkpoint, first = counted(chance, writes, now)
        checkpoints += [checkpoint] if checkpoint else []
        uncounted.append(first)
    shown = counted_until(checkpoints, WINDOW, datetime.fromtimestamp(now, UTC))
    assert shown.timestamp() <= min(uncounted)
