"""The figures of the rehearsals: in figures.json, and as the table of docs/reliability.md."""

import json
import os
import platform
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = Path(__file__).with_name("figures.json")
PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"

BEGIN, END = "<!-- Written by `make rehearse`. -->\n", "<!-- Up to here. -->\n"


@dataclass(frozen=True, slots=True)
class Figure:
    """A rehearsal that passed, on the machine and the day `where`.

    `seconds` passed from the end of the fault until EQUAL; None if it compares nothing. `took` are
    the seconds of the whole test, the start of a local cloud included.
    """

    name: str
    failure: str
    how: str
    promise: str
    seen: str
    seconds: float | None
    took: int
    where: str


def here() -> str:
    """Return machine and day, as a figure names them."""
    system = f"{platform.system()} {platform.machine()}"
    python = f"Python {platform.python_version()}"
    return f"{time.strftime('%Y-%m-%d', time.gmtime())}, {os.cpu_count()} cores, {system}, {python}"


def read() -> list[Figure]:
    """Return the figures of the file."""
    return [Figure(**each) for each in json.loads(FILE.read_text(encoding="utf-8"))]


def write(figures: Iterable[Figure]) -> None:
    """Write the file, and the table of the page."""
    kept = sorted(figures, key=lambda each: each.name)
    text = json.dumps([asdict(each) for each in kept], indent=1, ensure_ascii=False)
    FILE.write_text(f"{text}\n", encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{section(kept)}{after}", encoding="utf-8")


def section(figures: Iterable[Figure]) -> str:
    """Return the generated section of the page."""
    return f"{BEGIN}\n" + "\n".join(_lines(list(figures))) + f"\n\n{END}"


def _lines(figures: list[Figure]) -> Iterator[str]:
    for where in sorted({each.where for each in figures}):
        yield f"{where}; seconds of a clock."
    yield ""
    yield "| `ONLY=` | failure | injected how | promised | seen | seconds until EQUAL |"
    yield "|---|---|---|---|---|---|"
    for each in figures:
        seconds = "" if each.seconds is None else f"{each.seconds:g}"
        cells = (f"`{each.name}`", each.failure, each.how, each.promise, each.seen, seconds)
        yield f"| {' | '.join(cells)} |"
