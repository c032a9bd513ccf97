"""When the catalog counts as settled."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import cast

import pytest

from reinventure.console import settling
from reinventure.console.comparison_state import Comparison, ComparisonState
from reinventure.console.settling import compare_now, settled

NEVER = threading.Event()


@dataclass
class Comparisons:
    """Compares with the results that are given; the last one stays."""

    results: list[Comparison]
    made: int = 0
    last: Comparison = field(default_factory=Comparison)

    def shown(self) -> Comparison:
        return self.last

    def compare(self) -> None:
        assert not self.last.running, "that one would have been taken for a new one"
        self.last = replace(self.results[min(self.made, len(self.results) - 1)])
        self.made += 1


def compared(*differ: int, problem: str | None = None) -> Comparisons:
    at = datetime.now(UTC)
    return Comparisons([Comparison(False, at, 9, each, problem=problem) for each in differ])


def after(*seconds: float) -> Callable[[], float]:
    """A clock that shows `seconds`, one after the other; the last one stays."""
    times = list(seconds)
    return lambda: times.pop(0) if len(times) > 1 else times[0]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "_POLL_SECONDS", 0)


def state(comparisons: Comparisons) -> ComparisonState:
    return cast("ComparisonState", comparisons)


def test_equal_is_settled_at_once() -> None:
    comparisons = compared(0)
    assert settled(state(comparisons), NEVER).differ == 0
    assert comparisons.made == 1


def test_progress_gives_it_more_time() -> None:
    comparisons = compared(3, 2, 1, 0)
    clock = after(0, 9, 9, 18, 18, 27, 27)
    assert settled(state(comparisons), NEVER, patience=10, clock=clock).differ == 0


def test_what_does_not_come_closer_is_wrong_not_late() -> None:
    comparisons = compared(3, 2)
    clock = after(0, 1, 2, 8, 11.9, 12, 13)
    assert settled(state(comparisons), NEVER, patience=10, clock=clock).differ == 2
    assert comparisons.made > 2


def test_a_comparison_that_fails_is_not_equal() -> None:
    comparisons = compared(0, problem="no route")
    found = settled(state(comparisons), NEVER, patience=10, clock=after(0, 5, 11))
    assert found.problem == "no route"
    assert comparisons.made == 2


def test_it_ends_when_it_is_stopped() -> None:
    stopped = threading.Event()
    stopped.set()
    comparisons = compared(1)
    assert settled(state(comparisons), stopped) == Comparison()
    assert comparisons.made == 0


def test_a_comparison_that_runs_already_does_not_count() -> None:
    comparisons = compared(4)
    comparisons.last = Comparison(running=True)

    class Ending(threading.Event):
        """The comparison that runs ends during the first pause."""

        def wait(self, timeout: float | None = None) -> bool:
            comparisons.last = Comparison(False, datetime.now(UTC))
            return super().wait(timeout)

    assert compare_now(state(comparisons), Ending()).differ == 4
    assert comparisons.made == 1
