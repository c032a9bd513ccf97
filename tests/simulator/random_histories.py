"""Simulate many random histories, and show the smallest that fail."""

from collections import Counter
from dataclasses import dataclass, field

from tests.simulator import generator
from tests.simulator.history import History
from tests.simulator.shrink import shrink
from tests.simulator.world import simulate


@dataclass
class Result:
    """The cases seen, by name, and the numbers of the histories that failed."""

    seen: Counter[str] = field(default_factory=Counter)
    divergent: list[int] = field(default_factory=list)


def run(count: int, seed: int) -> Result:
    """Play `count` histories, from number `seed` on."""
    result = Result()
    for number in range(seed, seed + count):
        if why(generator.history(number), result.seen) is not None:
            result.divergent.append(number)
    return result


def why(history: History, seen: Counter[str]) -> str | None:
    """Return the error of `history`, or None."""
    try:
        simulate(history, seen)
    except Exception as error:  # noqa: BLE001  (the others are to be played, too)
        return f"{type(error).__name__}: {error}"
    return None


def show(number: int) -> None:
    """Print the smallest history that fails in the same way as number `number`."""
    history = generator.history(number)
    kind = (why(history, Counter()) or "")[:20]
    small = shrink(history, lambda other: (why(other, Counter()) or "").startswith(kind))
    print(f"history {number}, shrunk:\n{small}{why(small, Counter())}")
