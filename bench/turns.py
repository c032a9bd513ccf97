"""Measuring several things in turns, so that all have the same share of a noisy machine."""

from collections.abc import Callable, Mapping
from typing import TypeVar

_N = TypeVar("_N")
_T = TypeVar("_T")


def fewer(rounds: int) -> int:
    """Return the number of rounds of what takes long, where other things have `rounds`."""
    return (rounds + 1) // 2


def in_turns(contenders: Mapping[_N, Callable[[], _T]], rounds: int) -> dict[_N, list[_T]]:
    """Call all `contenders` once in each round; return their results, in the order of the rounds.

    Every other round runs backwards: a machine that slows down slows all of them alike.
    """
    found: dict[_N, list[_T]] = {name: [] for name in contenders}
    for turn in range(rounds):
        names = list(contenders) if turn % 2 == 0 else list(contenders)[::-1]
        for name in names:
            found[name].append(contenders[name]())
    return found
