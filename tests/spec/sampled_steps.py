"""The code's steps from random states within larger bounds: python -m tests.spec.sampled_steps.

tests/spec/test_conformance.py compares all states of small bounds. Those of larger ones take longer
to compare than to visit, so `make soak` compares as many as it has time for: TLC dumps a bound, the
seed says which, and states are drawn from it. The exit code is 1 when the code takes another step
than the specification.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path

from tests.spec.conformance import (
    ACTIONS,
    TOTALS_ACTIONS,
    DeviationError,
    Steps,
    compare,
    graph_of,
    limits_of_the_model,
)
from tests.specification import CATALOG, NO_JAVA, ON, TOTALS, Check, java

STATES = 2_000
"""Drawn from a bound before the next one, unless there is no time left."""

LEAST_STATES = 100
"""Compared even if TLC has taken all the time."""

_CATALOG = {"MaxTogether": "2", "ClockError": "1", "Versionings": '{"enabled"}'}
_THREE = {**_CATALOG, "MaxChanges": "3"}
_RECOUNT = {name: TOTALS_ACTIONS[name] for name in ("Count", "RecountItems", "Correct")}
BOUNDS: list[tuple[Check, Mapping[str, Steps]]] = [
    (Check("three changes", CATALOG, {**_THREE, "Deviation": "1"}), ACTIONS),
    (
        Check(
            "three unversioned changes",
            CATALOG,
            {**_THREE, "Versionings": '{"never", "suspended"}'},
        ),
        ACTIONS,
    ),
    (Check("three changes and inspections", CATALOG, {**_THREE, "Inspection": ON}), ACTIONS),
    (Check("two changes and losses", CATALOG, {**_CATALOG, "Losses": ON}), ACTIONS),
    (
        # A transaction has any number of changes of one folder.
        Check(
            "three changes and a recount",
            TOTALS,
            {"MaxChanges": "3", "MaxPart": "3", "Recounts": "{1}"},
        ),
        _RECOUNT,
    ),
]
"""Each takes TLC less than half a minute of a processor."""


def main(arguments: list[str]) -> int:
    """Compare, and print how many steps of each bound are those of the code as well."""
    parser = argparse.ArgumentParser(prog="python -m tests.spec.sampled_steps", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of an earlier run, to draw the same")
    parser.add_argument("--seconds", type=float, default=60, help="time for comparisons")
    options = parser.parse_args(arguments)
    if java() is None:
        print(f"No steps were compared with the specification: {NO_JAVA}. Try: make java")
        return 0
    until = time.monotonic() + options.seconds
    for seed in count(options.seed):
        drawn = random.Random(seed)  # noqa: S311 (no secrets)
        check, actions = drawn.choice(BOUNDS)
        print(f"Comparing the code with the specification: {check.name}, seed {seed}", flush=True)
        try:
            seen = list(sampled(check, actions, drawn, until))
        except DeviationError as error:
            print(error)
            return 1
        print(f"{sum(map(len, seen))} steps from {len(seen)} states are the same")
        if time.monotonic() >= until:
            break
    return 0


def sampled(
    check: Check, actions: Mapping[str, Steps], drawn: random.Random, until: float
) -> Iterator[list[str]]:
    """Compare states of `check` until the time `until`; yield the actions of each.

    At least `LEAST_STATES` and at most `STATES`. Raises DeviationError, or SpecificationError.
    """
    with tempfile.TemporaryDirectory() as folder, limits_of_the_model():
        graph = graph_of(check, Path(folder))
        numbers = graph.numbers
        for done, number in enumerate(drawn.sample(numbers, min(STATES, len(numbers)))):
            if done >= LEAST_STATES and time.monotonic() >= until:
                return
            yield compare(graph, number, actions)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
