"""`make bench`: measure this project beside others, print a table, and write results and docs."""

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bench import (
    commands,
    comparisons,
    console_pages,
    inspections,
    listings,
    local_clouds,
    machine,
    puts,
    report,
    results,
    syntheses,
    totals_units,
    write_units,
)
from bench.processes import PEERS
from bench.results import Results

if TYPE_CHECKING:
    from bench.row import Row

_GROUPS = {
    each.GROUP: each
    for each in (
        *(puts, write_units, totals_units, listings, comparisons, commands, inspections),
        *(local_clouds, console_pages, syntheses),
    )
}

_ROUNDS = 5


def main(arguments: Sequence[str]) -> int:
    """Measure, and return the exit status. A missed goal is no error."""
    options = _parser().parse_args(arguments)
    # What was started, such as a local cloud, is stopped in this case as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if not PEERS.exists():
        print("The peers are not installed: run `make bench`.", file=sys.stderr)
        return 2
    before, start = machine.load(), time.monotonic()
    if before > machine.BUSY:
        print(f"This machine is not idle: its load is {before}.", file=sys.stderr)
    rows: list[Row] = []
    for name in options.only or _GROUPS:
        began = time.monotonic()
        rows += _GROUPS[name].rows(options.rounds)
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    print("\n".join(report.table(rows)))
    if not options.only:
        taken = time.monotonic() - start
        results.write(Results(machine.describe(before, taken, options.rounds), rows))
        # What the file has is rounded.
        report.write(results.read())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measures this project beside others, and prints a table. Without --only it\n"
        "takes ten minutes, and writes bench/results.json, and table and picture of the docs.",
        epilog="groups:\n"
        + "\n".join(
            f"  {name:9} {(each.__doc__ or '').splitlines()[0]}" for name, each in _GROUPS.items()
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only", nargs="+", choices=list(_GROUPS), metavar="GROUP", help="measure these groups"
    )
    parser.add_argument(
        "--rounds",
        type=int,
        default=_ROUNDS,
        help=f"how often each thing is measured (default: {_ROUNDS})",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
