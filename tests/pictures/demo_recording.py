"""The demonstration, recorded as it runs: `make demo`, line by line with its times.

`python -m tests.pictures` draws it; tests/local/test_pictures.py runs it again and compares.
"""

import os
import pty
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import BinaryIO

from rich.text import Text

from tests.pictures import terminal_svg

ROOT = Path(__file__).parents[2]

_LONGEST_PAUSE = 0.5
"""Seconds that a pause of the recording takes in the picture, at most."""

_ROW_SECONDS = 0.08
"""Seconds between two rows that were printed at once."""

_FIRST, _LAST = 4, 10
"""Rows of the table that are kept at its beginning, with its head, and at its end."""

_SHAPES = (
    (r"catalog-bucket[\w-]+", "BUCKET"),
    (r"  # \d+ s on \d+ cores", ""),
)
"""What differs from run to run, and a word for it."""


@dataclass(frozen=True, slots=True)
class Recording:
    """The `rows` that were printed, the seconds `at` which each was, and the exit `code`."""

    rows: list[Text]
    at: list[float]
    code: int

    def picture(self, moving: bool) -> str:
        """Return the picture, in which rows appear as they did, without the long pauses.

        One that is not `moving` has all of them at once.
        """
        rows, at = [self._typed()], [0.0]
        before = 0.0
        for row, second in self._shortened():
            pause = min(max(second - before, _ROW_SECONDS), _LONGEST_PAUSE)
            rows.append(row)
            at.append(at[-1] + pause)
            before = second
        title = "make demo: deploys to a local cloud, changes a bucket, proves the catalog"
        return terminal_svg.draw(title, rows, at if moving else None)

    def _typed(self) -> Text:
        took = f"{self.at[-1]:.0f} s on {_cores()} cores; pauses and rows are cut here"
        return terminal_svg.command("make demo", f"  # {took}")

    def _shortened(self) -> list[tuple[Text, float]]:
        """Return rows with times, without the middle of the table."""
        recorded = list(zip(self.rows, self.at, strict=True))
        table = [place for place, row in enumerate(self.rows) if row.plain.startswith("│")]
        left_out = table[_FIRST:-_LAST]
        if not left_out:
            return recorded
        dots = (Text("..."), self.at[left_out[0]])
        return [*recorded[: left_out[0]], dots, *recorded[left_out[-1] + 1 :]]


def record() -> Recording:
    """Run the demonstration in the way of `make demo`."""
    started = time.monotonic()
    printed: SimpleQueue[tuple[float, bytes]] = SimpleQueue()
    # A terminal for the result, which so has its colours; a pipe for the progress, which so is a
    # line for each step.
    screen, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "reinventure", "demo", "--files", "samples"],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": str(terminal_svg.COLUMNS), "TERM": "xterm-256color"},
        stdout=terminal,
        stderr=subprocess.PIPE,
    ) as process:
        os.close(terminal)
        assert process.stderr
        readers = [
            Thread(target=_read, args=(file, printed, started))
            for file in (os.fdopen(screen, "rb", 0), process.stderr)
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        process.wait()
    lines = [printed.get() for _ in range(printed.qsize())]
    return Recording(
        [Text.from_ansi(line.decode().rstrip("\r\n")) for _, line in lines],
        [second for second, _ in lines],
        process.returncode,
    )


def shape(rows: list[str]) -> str:
    """Return the text of the terminal without times and names that the cloud chooses."""
    text = "\n".join(rows)
    for pattern, word in _SHAPES:
        text = re.sub(pattern, word, text)
    return text


def _read(file: BinaryIO, printed: "SimpleQueue[tuple[float, bytes]]", started: float) -> None:
    with file:
        while True:
            try:
                line = file.readline()
            except OSError:  # The end of a terminal, on Linux.
                return
            if not line:
                return
            printed.put((time.monotonic() - started, line))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
