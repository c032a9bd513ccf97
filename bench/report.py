"""The table of the results: for a terminal, and in docs/performance.md.

    python -m bench.report

Writes table and picture of the docs again, from the file with the results.
"""

from collections.abc import Iterable, Iterator

from bench import picture, results
from bench.machine import Machine
from bench.processes import ROOT
from bench.results import Results
from bench.row import Row, Spread, number
from bench.turns import fewer

PAGE = ROOT / "docs" / "performance.md"
PICTURE = ROOT / "docs" / "performance.svg"

BEGIN, END = "<!-- Written by `make bench`. -->\n", "<!-- Up to here. -->\n"


def table(rows: Iterable[Row]) -> Iterator[str]:
    """Yield the lines of the table of `rows`, in Markdown."""
    yield "| group | what | here | peer | peer's | ratio (lowest to highest) | goal | |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in rows:
        met = {None: "", True: "met", False: "MISSED"}[row.met]
        note = f" ({row.note})" if row.note else ""
        theirs = number(row.theirs.median) if row.theirs else ""
        here = f"{number(row.ours.median)} {row.unit}{note}"
        goal = f"{row.goal}" if row.goal else ""
        cells = (row.group, row.what, here, row.peer, theirs, _ratio(row.ratio), goal, met)
        yield f"| {' | '.join(cells)} |"


def section(found: Results) -> str:
    """Return the generated section of the page."""
    lines = "\n".join(table(found.rows))
    return f"{BEGIN}\n{_circumstances(found.machine)}\n\n{lines}\n\n{END}"


def write(found: Results) -> None:
    """Replace the generated section of the page, and the picture."""
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{section(found)}{after}", encoding="utf-8")
    PICTURE.write_text(picture.draw(found.rows), encoding="utf-8")


def _circumstances(machine: Machine) -> str:
    peers = ", ".join(f"{name} {version}" for name, version in machine.peers.items())
    ours = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    before, after = machine.load
    return (
        f"On {machine.date}, at commit {machine.commit}: {machine.processors}, {machine.system}, "
        f"Python {machine.python}.\n"
        f"{machine.rounds} rounds, {fewer(machine.rounds)} of what takes long, in "
        f"{machine.seconds:,} s; load {before:g} before and {after:g} after it.\n"
        f"Here: {ours}.\nPeers: {peers}."
    )


def _ratio(ratio: Spread | None) -> str:
    if ratio is None:
        return ""
    return f"{number(ratio.median)}x ({number(ratio.low)} to {number(ratio.high)})"


if __name__ == "__main__":
    write(results.read())
