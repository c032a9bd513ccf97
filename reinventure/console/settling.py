"""Waiting for the catalog to settle: until it equals its buckets, or does not come closer."""

import threading
import time
from collections.abc import Callable

from reinventure.console.comparison_state import Comparison, ComparisonState

PATIENCE_SECONDS = 12.0
"""Without progress, after which the catalog counts as wrong, not late. The emulator tries an event
that failed again after one second and after two, and a throttled function itself takes seven."""

_POLL_SECONDS = 0.25


def compare_now(state: ComparisonState, stopping: threading.Event) -> Comparison:
    """Return a comparison that began after this call."""
    # One that runs already may have read what was there before.
    while not stopping.is_set() and state.shown().running:
        stopping.wait(_POLL_SECONDS)
    before = state.shown()
    while not stopping.is_set():
        state.compare()
        after = state.shown()
        if after is not before and not after.running:
            return after
        stopping.wait(_POLL_SECONDS)
    return state.shown()


def settled(
    state: ComparisonState,
    stopping: threading.Event,
    *,
    patience: float = PATIENCE_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> Comparison:
    """Return the comparison that found no difference, or the one after `patience` is over.

    `patience` starts anew whenever fewer keys differ. It ends early when `stopping` is set.
    """
    found = compare_now(state, stopping)
    fewest, deadline = found.differ, clock() + patience
    while (found.differ or found.problem) and clock() < deadline and not stopping.is_set():
        stopping.wait(_POLL_SECONDS)
        found = compare_now(state, stopping)
        if found.differ < fewest:
            fewest, deadline = found.differ, clock() + patience
    return found
