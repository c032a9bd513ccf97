"""Progress of long work on stderr: a bar on a terminal, plain lines in a log."""

import sys
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from reinventure import reporting
from reinventure.printable import printable

_T = TypeVar("_T")


class Steps:
    """Work in named steps, some of which have a known number of parts. A context manager.

    `begin` a step, `advance` within it. On a terminal the bar shows the current step; elsewhere
    each step prints a line when it begins.
    """

    def __init__(self) -> None:
        # What is printed above the bar comes whole: the terminal wraps it, not Rich.
        self._console = Console(stderr=True, soft_wrap=True)
        self._live = self._console.is_terminal
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[count]}"),
            TimeElapsedColumn(),
            console=self._console,
            # On one terminal, the bar stays below what is printed. In a file or pipe, stdout is the
            # result: Rich would print it on stderr.
            redirect_stdout=sys.stdout.isatty(),
            disable=not self._live,
        )
        self._parts: int | None = None
        self._done = 0
        self._task = self._progress.add_task("", total=None, count="")

    def __enter__(self) -> "Steps":
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def begin(self, step: str, parts: int | None = None) -> None:
        """Begin `step`, of so many `parts` if the number is known. It ends the step before it.

        `step` may have text from outside in it, such as a prefix: it is shown as it is.
        """
        self._parts, self._done = parts, 0
        shown = printable(step)
        self._progress.reset(self._task, total=parts, description=shown, count="")
        if not self._live:
            print(f"{shown} ...", file=sys.stderr, flush=True)

    def advance(self, parts: int = 1) -> None:
        """Count `parts` more of the current step as done."""
        self._done += parts
        count = f"{self._done:,}" + (f" of {self._parts:,}" if self._parts else "")
        self._progress.update(self._task, advance=parts, count=count)

    def each(self, things: Iterable[_T]) -> Iterator[_T]:
        """Yield `things`, and count each as a part of the current step."""
        return reporting.each(things, self.advance)
