"""docs/report.md has the faults, mistakes and numbers of the simulators."""

import re
from pathlib import Path

from tests.simulator import test_mutations, test_scope_mutations, test_totals
from tests.simulator.delivery import MAX_DELAY
from tests.simulator.fault_kinds import FaultKind
from tests.simulator.generator import STEPS
from tests.simulator.s3 import DEVIATIONS
from tests.simulator.transactions import TROUBLES

PAGE = (Path(__file__).parents[2] / "docs" / "report.md").read_text(encoding="utf-8")

FAULTS = PAGE.split("\n## Faults\n")[1].split("\n## ")[0]


def test_the_table_has_each_kind_of_fault_with_the_times_of_the_soak() -> None:
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \| ([\d,]+) \|$", FAULTS, re.MULTILINE)
    assert [kind for kind, _ in rows] == [kind.value for kind in FaultKind]
    assert all(int(times.replace(",", "")) > 0 for _, times in rows)


def test_the_faults_of_transactions_are_named() -> None:
    assert set(re.findall(r"`([^`]+)`", FAULTS)) == set(TROUBLES)


def test_the_numbers_are_those_of_the_tests() -> None:
    mistakes = len(test_mutations.MUTATIONS) + len(test_scope_mutations.MUTATIONS)
    of_totals = sum(
        len(mutations)
        for mutations in (
            test_totals.MUTATIONS,
            test_totals.RECOUNT_MUTATIONS,
            test_totals.FORGET_MUTATIONS,
        )
    )
    for text in (
        f"{mistakes} mistakes made on purpose in the rule and around it, and {of_totals} in the",
        f"{mistakes} of {mistakes} found within {test_mutations.HISTORIES:,} histories",
        f"{of_totals} of {of_totals} found within {test_totals.SCHEDULES:,} schedules",
        f"first {test_mutations.HISTORIES:,} of these histories and {3 * test_totals.SCHEDULES:,}",
        f"up to {STEPS} steps",
        f"none comes later than {MAX_DELAY.days} days",
        f"up to {max(DEVIATIONS)} s from",
    ):
        assert text in " ".join(PAGE.split())
