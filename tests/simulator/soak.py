"""Playing many random histories: python -m tests.simulator.soak [HOW MANY] [SEED]."""

import logging
import secrets
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.simulator import generator
from tests.simulator.history import History
from tests.simulator.shrink import shrink
from tests.simulator.world import simulate

SECONDS = 3
"""Between two reports of the progress."""


@dataclass
class Result:
    """What came to pass, by name, and the numbers of the histories that went wrong."""

    seen: Counter[str] = field(default_factory=Counter)
    divergent: list[int] = field(default_factory=list)


def run(count: int, seed: int, progress: Callable[[int, Result], None] = lambda *_: None) -> Result:
    """Play `count` histories, the first one being number `seed`."""
    result = Result()
    for number in range(seed, seed + count):
        if why(generator.history(number), result.seen) is not None:
            result.divergent.append(number)
        progress(number - seed + 1, result)
    return result


def why(history: History, seen: Counter[str]) -> str | None:
    """Return what goes wrong in `history`, or None if nothing does."""
    try:
        simulate(history, seen)
    except Exception as error:  # noqa: BLE001  (whatever it is, the others shall be played too)
        return f"{type(error).__name__}: {error}"
    return None


def main(arguments: list[str]) -> int:
    """Play histories, show the progress, and print the smallest that go wrong."""
    count = int(arguments[0]) if arguments else 100_000
    # Far apart, so that two runs hardly ever play the same.
    seed = int(arguments[1]) if len(arguments) > 1 else secrets.randbelow(10**6) * 10**9
    logging.disable(logging.CRITICAL)
    print(f"{count} histories from seed {seed}", flush=True)
    started = shown = time.monotonic()

    def progress(done: int, result: Result) -> None:
        nonlocal shown
        now = time.monotonic()
        if now - shown >= SECONDS or done == count:
            shown = now
            pace = done / (now - started)
            print(
                f"{done / count:4.0%}  {done} histories, {len(result.divergent)} divergences,"
                f" {pace:.0f} a second, {(count - done) / pace:.0f} s left",
                flush=True,
            )

    result = run(count, seed, progress)
    for name, times in result.seen.most_common():
        print(f"{times:10}  {name}")
    for number in result.divergent[:3]:
        show(number)
    print(f"seed {seed}: {count} histories, {len(result.divergent)} divergences")
    return 1 if result.divergent else 0


def show(number: int) -> None:
    """Print the smallest history like number `number` that goes wrong in the same way."""
    history = generator.history(number)
    kind = (why(history, Counter()) or "")[:20]
    small = shrink(history, lambda other: (why(other, Counter()) or "").startswith(kind))
    print(f"history {number}, shrunk:\n{small}{why(small, Counter())}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
