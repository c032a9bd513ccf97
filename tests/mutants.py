"""Change the core in small ways, and report the changes that no test notices: make mutants.

Each change (a mutant) is one operator, literal, argument or statement of a function. A test that
runs the function must fail: one of the domain in the tiers unit and component, or a short
simulation. Mutmut makes the mutants and runs the tests, in a copy of the code in the folder
.mutants, as it takes code from a folder `src` only.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
COPY = ROOT / ".mutants"
CORE = ("model", "s3", "table", "ingestion", "reconciliation", "correction.py")
"""Parts of s3_catalog whose mutants are made unless others are named."""

COPIED = ("docs", "reinventure", "samples", "stacks", "tests", "worker", "pyproject.toml")
TIERS = ("unit", "component")
SIMULATION = "tests/simulator/test_convergence.py"
OPTIONS = ["-k", "not emulator and not local", "-p", "no:cacheprovider", "--timeout=60"]
"""Of pytest. Each mutant is tested in a process of its own, which would start an emulator."""

HISTORIES = "500"
"""Enough for every hard case of the simulator."""

UNNOTICED = ("survived", "no tests", "suspicious")


def main(arguments: list[str]) -> int:
    """Make the mutants, run the tests on each, and print the mutants that survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", default=CORE, help=f"below s3_catalog; by default {' '.join(CORE)}"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="all by default")
    options = parser.parse_args(arguments)
    copy(options.parts)
    environment = {**os.environ, "SOAK_HISTORIES": HISTORIES, "PYTHONPATH": ""}
    mutmut = [sys.executable, "-m", "mutmut"]
    with subprocess.Popen(
        [*mutmut, "run", "--max-children", str(options.processes)], cwd=COPY, env=environment
    ) as process:
        try:
            status = process.wait()
        except KeyboardInterrupt:
            status = process.wait()  # Mutmut stops as well; the results so far are reported.
    if status:
        return status
    listed = subprocess.run(
        [*mutmut, "results", "--all", "true"],
        cwd=COPY,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    results = dict(line.strip().split(": ") for line in listed.splitlines() if ": " in line)
    unnoticed = [name for name, result in results.items() if result in UNNOTICED]
    for name in unnoticed:
        print(f"\n{name}: {results[name]}", flush=True)
        subprocess.run([*mutmut, "show", name], cwd=COPY, env=environment, check=False)
    counts = ", ".join(f"{count} {result}" for result, count in Counter(results.values()).items())
    print(f"{len(results)} mutants: {counts}")
    return 0


def copy(parts: list[str]) -> None:
    """Copy the code to `COPY`, with mutmut's settings."""
    shutil.rmtree(COPY, ignore_errors=True)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "lambdas", COPY / "src", ignore=ignored)
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, COPY / name, ignore=ignored)
        else:
            shutil.copy2(ROOT / name, COPY / name)
    mutated = [
        f"src/s3_catalog/{part}" if part.endswith(".py") else f"src/s3_catalog/{part}/*"
        for part in parts
    ]
    domain = {path.name for path in (ROOT / "lambdas" / "s3_catalog").iterdir()} | {"handlers"}
    tests = [
        str(path.relative_to(ROOT))
        for tier in TIERS
        for path in sorted((ROOT / "tests" / tier).iterdir())
        if path.name.removeprefix("test_") in domain - {"inspection", "__pycache__"}
    ]
    with (COPY / "pyproject.toml").open("a") as settings:
        settings.write(
            "\n[tool.mutmut]\n"
            'source_paths = ["src"]\n'
            f"only_mutate = {mutated}\n"
            f"also_copy = {[name for name in COPIED if name != 'tests']}\n"
            f"pytest_add_cli_args_test_selection = {[*tests, SIMULATION]}\n"
            f"pytest_add_cli_args = {OPTIONS}\n"
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
