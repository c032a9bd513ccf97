"""What a rehearsal records: the words of its mark, what was seen, and the time until EQUAL."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local.convergence import wait_until_equal
from tests.waiting import PATIENCE


@dataclass(frozen=True, slots=True)
class Plan:
    """The mark of a rehearsal: its `name`, and three cells of the table of all."""

    name: str
    failure: str
    how: str
    promise: str


def plan_of(item: pytest.Item) -> Plan | None:
    """Return the plan of a test that is a rehearsal."""
    mark = item.get_closest_marker("rehearsal")
    return Plan(*mark.args, **mark.kwargs) if mark else None


class Rehearsal:
    """The record of a rehearsal that runs. `record` stores a property of the test."""

    def __init__(self, record: Callable[[str, object], None]) -> None:
        self._record = record
        self._ended: float | None = None

    def fault_ended(self) -> None:
        """Let the time until EQUAL begin: now all works again."""
        self._ended = time.monotonic()

    def equal(self, catalog: DeployedCatalog) -> None:
        """Wait until bucket and catalog are equal, or fail, and record the time that it took."""
        assert wait_until_equal(catalog, PATIENCE) == []
        self.was_equal()

    def was_equal(self) -> None:
        """Record the time until EQUAL: bucket and catalog have just been compared."""
        assert self._ended is not None
        self._record("seconds", round(time.monotonic() - self._ended, 1))

    def saw(self, what: str) -> None:
        """Record what was seen, a cell of the table."""
        self._record("seen", what)


@pytest.fixture
def rehearsal(record_property: Callable[[str, object], None]) -> Rehearsal:
    """The record of this test. The plugin of `python -m tests.rehearsals` reads it."""
    return Rehearsal(record_property)
