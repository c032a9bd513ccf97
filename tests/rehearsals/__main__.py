"""`make rehearse`: run the rehearsals, print what was seen, and write it to docs/reliability.md."""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.rehearsals import figures
from tests.rehearsals.figures import Figure
from tests.rehearsals.rehearsal import Plan, plan_of

TESTS = Path(__file__).parents[1]

PLACES = ("rehearsals", "local")
"""Folders of tests/ that have rehearsals."""

PYTEST = (
    *("-o", "addopts=--strict-markers --strict-config", "-p", "no:terminal"),
    *("-p", "no:cacheprovider", "-n", "0", "--capture=no", "-m", "rehearsal"),
)

BAD_CHOICE = 2
"""Exit code for a name that no rehearsal has."""


class Run:
    """The plugin of pytest that chooses rehearsals by the beginnings of their names, and reports.

    All are chosen without `names`.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._plans: dict[str, Plan] = {}
        self._seen: dict[str, str] = {}
        self._seconds: dict[str, float] = {}
        self._took: dict[str, float] = {}
        self._passed: dict[str, int] = {}
        self._started = 0.0
        self.failed: list[str] = []
        self.skipped: list[str] = []

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the rehearsals that were named."""
        plans = {item.nodeid: plan for item in items if (plan := plan_of(item))}
        for name in self._names:
            if not any(plan.name.startswith(name) for plan in plans.values()):
                known = ", ".join(sorted({plan.name for plan in plans.values()}))
                raise pytest.UsageError(f"no rehearsal begins with {name!r}. There are: {known}")
        self._plans = {
            nodeid: plan
            for nodeid, plan in plans.items()
            if not self._names or plan.name.startswith(tuple(self._names))
        }
        items[:] = [item for item in items if item.nodeid in self._plans]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Print why a file cannot be read."""
        if report.failed:
            self.failed.append(report.nodeid)
            print(report.longreprtext, file=sys.stderr)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Say which one begins."""
        self._started = time.monotonic()
        number = list(self._plans).index(nodeid) + 1
        plan = self._plans[nodeid]
        print(f"{number}/{len(self._plans)} {plan.name}: {plan.failure} ...", flush=True)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record a part of a test, and print why it failed."""
        name = self._plans[report.nodeid].name
        if report.failed:
            self.failed.append(name)
            print(f"FAILED {name}\n{report.longreprtext}", flush=True)
        elif report.skipped:
            self.skipped.append(f"{name}: {report.longreprtext}")
        if report.when != "call" or not report.passed:
            return
        self._passed[name] = self._passed.get(name, 0) + 1
        for key, value in report.user_properties:
            if key == "seen":
                self._seen[name] = str(value)
            elif key == "seconds":
                self._seconds[name] = max(self._seconds.get(name, 0.0), float(str(value)))

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Print what was seen, and how long it took."""
        name, took = self._plans[nodeid].name, time.monotonic() - self._started
        self._took[name] = self._took.get(name, 0.0) + took
        if name in self._passed and name not in self.failed:
            until = f", EQUAL after {self._seconds[name]:g} s" if name in self._seconds else ""
            print(f"    {self._seen.get(name, 'passed')}{until} ({took:.0f} s)", flush=True)

    def figures(self) -> list[Figure]:
        """Return those of the rehearsals all of whose tests passed."""
        plans = {plan.name: plan for plan in self._plans.values()}
        tests = Counter(plan.name for plan in self._plans.values())
        return [
            Figure(
                plan.name,
                plan.failure,
                plan.how,
                plan.promise,
                self._seen.get(name, f"{passed} tests passed"),
                self._seconds.get(name),
                round(self._took[name]),
                figures.here(),
            )
            for name, passed in self._passed.items()
            if passed == tests[name] and name not in self.failed and (plan := plans[name])
        ]


def main(arguments: Sequence[str]) -> int:
    """Rehearse, and return the exit code: 1 if one failed or was skipped."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.rehearsals",
        description="Makes failures on the local cloud, and waits until bucket and catalog are "
        "equal. Those that pass replace their rows in docs/reliability.md.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="beginnings of names; all without")
    run, started = Run(parser.parse_args(arguments).names), time.monotonic()
    status = pytest.main([*PYTEST, *(str(TESTS / each) for each in PLACES)], plugins=[run])
    if status == pytest.ExitCode.USAGE_ERROR:
        return BAD_CHOICE
    passed = run.figures()
    names = {each.name for each in passed}
    figures.write([*(each for each in figures.read() if each.name not in names), *passed])
    took = time.monotonic() - started
    print(f"{len(passed)} rehearsals passed, {len(set(run.failed))} failed, in {took:.0f} s.")
    for each in sorted(set(run.failed)):
        print(f"FAILED {each}")
    for each in run.skipped:
        print(f"SKIPPED {each}")
    return 1 if status or run.failed or run.skipped else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
