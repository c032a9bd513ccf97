"""The kinds of faults, of which each history has some only.

A fault can hide an error: a duplicate repeats a lost write, a crash empties a process's memory. So
histories that have every fault miss what shows only in the absence of one (swarm testing).
"""

from collections import Counter
from collections.abc import Callable
from enum import Enum

from tests.simulator.history import Action, Trouble

Chance = Callable[[int], int]
"""Draws a number from zero up to, but not including, its argument."""


class FaultKind(Enum):
    """A kind of faults that a history has, or has not."""

    DUPLICATES = "duplicate deliveries"
    REORDERING = "deliveries out of order"
    DELAYS = "delays, up to the last moment"
    LOSSES = "lost events"
    FORGERIES = "forged events"
    INEXACT_TIMES = "event times that deviate by seconds"
    CLOCKS = "clocks apart"
    CRASHES = "crashes"
    ERRORS = "refused requests and statements"
    LOST_REPLIES = "lost replies"
    LATE_REQUESTS = "requests that take effect late"
    OTHERS = "others act between two requests"
    OTHER_WRITERS = "another writer of a notification configuration"


ALL = frozenset(FaultKind)

OF_ACTIONS = {
    Action.DUPLICATE: FaultKind.DUPLICATES,
    Action.WAIT: FaultKind.DELAYS,
    Action.LOSE: FaultKind.LOSSES,
    Action.FORGE: FaultKind.FORGERIES,
    Action.ARRIVE: FaultKind.LATE_REQUESTS,
    Action.READ_CONFIGURATION: FaultKind.OTHER_WRITERS,
    Action.WRITE_CONFIGURATION: FaultKind.OTHER_WRITERS,
}
"""Of the actions that are faults. All others are work of users, S3, transports and operators."""

OF_TROUBLES = {
    Trouble.CRASH_BEFORE: FaultKind.CRASHES,
    Trouble.CRASH_AFTER: FaultKind.CRASHES,
    Trouble.REFUSED: FaultKind.ERRORS,
    Trouble.STATEMENT: FaultKind.ERRORS,
    Trouble.BROKEN: FaultKind.LOST_REPLIES,
    Trouble.RETRIED: FaultKind.LOST_REPLIES,
    Trouble.LATE: FaultKind.LATE_REQUESTS,
    Trouble.BEFORE: FaultKind.OTHERS,
    Trouble.AFTER: FaultKind.OTHERS,
    Trouble.STORM: FaultKind.OTHERS,
}

_RARE = {FaultKind.LOSSES}
"""In a quarter of the histories: a loss exempts keys from comparisons."""


def drawn(below: Chance) -> frozenset[FaultKind]:
    """Draw the kinds of faults of a history: all but the rare ones, or each with a half chance.

    Some errors take several kinds at once.
    """
    every = below(2) == 1
    return frozenset(
        kind for kind in FaultKind if (below(4) == 3 if kind in _RARE else every or below(2) == 1)
    )


def injected(seen: Counter[str]) -> dict[FaultKind, int]:
    """Return how many faults of each kind are among the cases `seen`."""
    numbers = {kind: seen[kind.value] for kind in FaultKind}
    for trouble, kind in OF_TROUBLES.items():
        numbers[kind] += seen[trouble.value]
    return numbers
