"""Showing what is being done, on stderr: a progress bar for a person, plain lines for a log."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class Steps:
    """A piece of work in named steps, some of them with a known number of parts.

    Use as a context; `begin` a step, `advance` within it. On a terminal the bar shows the step at
    work; elsewhere each step is a line when it begins.
    """

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._live = self._console.is_terminal
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TimeElapsedColumn(),
            console=self._console,
            disable=not self._live,
        )
        self._task = self._progress.add_task("", total=1)

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

    def begin(self, step: str, parts: int = 1) -> None:
        """Say that `step`, made of `parts`, begins; the one before it is done."""
        self._progress.update(self._task, description=step, completed=0, total=parts, refresh=True)
        if not self._live:
            self._console.print(f"{step} ...", highlight=False, markup=False)

    def advance(self, parts: int = 1) -> None:
        """Say that `parts` of the current step are done."""
        self._progress.update(self._task, advance=parts)
