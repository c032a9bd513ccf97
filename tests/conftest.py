"""All tests: their order, time-outs and groups, how long random ones search, what is skipped."""

import os
import signal
import time
from collections.abc import Iterator
from threading import Event
from types import FrameType
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadGroupScheduling

from bench import chromium
from reinventure.local import background_process as background
from reinventure.local import mariadb
from tests.local_cloud import (
    catalog,
    cloud,
    no_dead_letters,
    session,
    shared_catalogs,
    shared_session,
)
from tests.rehearsals.rehearsal import rehearsal
from tests.specification import NO_JAVA

__all__ = [
    "catalog",
    "cloud",
    "no_dead_letters",
    "rehearsal",
    "session",
    "shared_catalogs",
    "shared_session",
]

TIERS = (
    *("unit", "component", "sql", "simulator", "spec", "stacks", "local", "browser"),
    "rehearsals",
)
"""The folders of tests in the order in which they run: the sooner a failure is seen the better.
`make test` has none of the last, which pyproject.toml keeps from it."""

LOCAL_SECONDS = 300
"""Time-out of a test on the local cloud, which includes its start and a deployment."""

ON_THE_CLOUD = frozenset({"local", "browser", "rehearsals"})
"""Tiers whose tests share the local cloud of tests/local_cloud.py."""

NO_MARIADB = "MariaDB's server is not installed"
NO_BROWSER = "Chromium is not installed"
INSTALLERS = {NO_MARIADB: "make mariadb", NO_BROWSER: "make browser", NO_JAVA: "make java"}
"""Why tests are skipped, and the command after which they run."""

# Examples come from the profile alone: few and always the same ones in `make test`, many and new
# ones in `make soak`.
settings.register_profile(
    "short", deadline=None, max_examples=50, derandomize=True, print_blob=True
)
settings.register_profile("long", deadline=None, max_examples=500, print_blob=True)
settings.load_profile("short")

DEADLINE = float(os.environ.get("SOAK_DEADLINE", "inf"))
"""Unix time after which no further test starts."""

_terminated = Event()


def pytest_configure() -> None:
    """End on SIGTERM as on Ctrl-C: fixtures stop the processes that they started."""
    signal.signal(signal.SIGTERM, _terminate)


def _terminate(signum: int, frame: FrameType | None) -> None:
    _terminated.set()
    # Not by raising SIGINT, which a process in the background of a shell ignores.
    signal.default_int_handler(signum, frame)


def pytest_runtest_teardown(item: pytest.Item) -> None:
    """End the run after this test if its time is up, or if code under test caught the interrupt."""
    if _terminated.is_set():
        item.session.shouldstop = "terminated"
    elif time.time() >= DEADLINE:
        item.session.shouldstop = "the time is up"


@pytest.fixture(scope="session", autouse=True)
def end_background_processes() -> None:
    """Kill emulators, databases and workers with the test run, even when the run is killed."""
    background.end_with_this_process()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Order tests by tier, set time-outs, skip what lacks a database or a browser."""
    skip_sql = not mariadb.installed() and "CI" not in os.environ
    skip_browser = chromium.executable() is None
    for item in items:
        tier = tier_of(item.nodeid)
        if skip_browser and tier == "browser":
            item.add_marker(pytest.mark.skip(reason=NO_BROWSER))
        if tier in ON_THE_CLOUD and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(LOCAL_SECONDS))
        if tier == "sql":
            item.add_marker(pytest.mark.mariadb)
        if skip_sql and item.get_closest_marker("mariadb"):
            item.add_marker(pytest.mark.skip(reason=NO_MARIADB))

    def position(item: pytest.Item) -> float:
        tier = tier_of(item.nodeid)
        if tier not in ON_THE_CLOUD or not hasattr(config, "workerinput"):
            return TIERS.index(tier)
        # One worker begins with the longest group, the others with the quickest tests. The second
        # local cloud starts when these are over.
        if item.get_closest_marker("xdist_group"):
            return 2.5
        return -2 if tier == "local" else -1

    items.sort(key=position)


class Scheduler(LoadGroupScheduling):
    """Give each worker whole groups: those that are marked, and those that share fixtures."""

    def _split_scope(self, nodeid: str) -> str:
        if "@" in nodeid.rpartition("]")[2]:
            return super()._split_scope(nodeid)
        tier = tier_of(nodeid)
        # There is one database server, and one local cloud at a time.
        if tier in ON_THE_CLOUD:
            return "local"
        if tier == "sql":
            return tier
        return nodeid if tier in {"simulator", "spec"} else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduler:
    """Distribute tests to the workers of pytest-xdist by group."""
    return Scheduler(config, log)


def tier_of(nodeid: str) -> str:
    """Return the name of the folder below tests/ that the test `nodeid` is in."""
    return nodeid.split("/")[1]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """Say in the very last lines that tests were skipped, and how to have them run."""
    yield
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(session.config, "workerinput"):
        return
    skipped = [str(report.longrepr) for report in reporter.stats.get("skipped", [])]
    for reason, command in INSTALLERS.items():
        if count := sum(reason in each for each in skipped):
            reporter.write_line(
                f"{count} tests skipped: {reason}. Install it with: {command}", yellow=True
            )
