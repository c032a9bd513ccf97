"""Simulate many random histories, and show the smallest that fail."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from tests.simulator import generator
from tests.simulator.history import History
from tests.simulator.shrink import shrink
from tests.simulator.world import simulate


@dataclass
class Result:
    """The cases seen, by name, and the numbers of the histories that failed.

    `time` passed in the others, by their clocks.
    """

    seen: Counter[str] = field(default_factory=Counter)
    divergent: list[int] = field(default_factory=list)
    time: timedelta = timedelta()

    def add(self, other: "Result") -> None:
        """Add `other` to this result."""
        self.seen.update(other.seen)
        self.divergent.extend(other.divergent)
        self.time += other.time


def run(count: int, seed: int) -> Result:
    """Play `count` histories, from number `seed` on."""
    result = Result()
    for number in range(seed, seed + count):
        try:
            result.time += simulate(generator.history(number), result.seen)
        except Exception:  # noqa: BLE001  (the others are to be played, too; `show` has it)
            result.divergent.append(number)
    return result


def why(history: History) -> str | None:
    """Return the error of `history`, or None."""
    try:
        simulate(history, Counter())
    except Exception as error:  # noqa: BLE001  (each is a failure)
        return f"{type(error).__name__}: {error}"
    return None


def show(number: int) -> None:
    """Print the smallest history that fails in the same way as number `number`."""
    history = generator.history(number)
    kind = (why(history) or "")[:20]
    small = shrink(history, lambda other: (why(other) or "").startswith(kind))
    print(f"history {number}, shrunk:\n{small}{why(small)}")
