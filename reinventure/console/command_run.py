"""A command of `reinventure` that the console runs, and what it prints.

What the console changes, it changes as a person would at a terminal: by the same command, which is
shown with its output. One runs at a time.
"""

import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from reinventure.printable import printable

MAX_LINES = 500
"""Of the output that are kept: the last ones."""


@dataclass(frozen=True, slots=True)
class Run:
    """A command, the lines that it has printed, and its exit code; None while it runs."""

    arguments: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    status: int | None = None

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return bool(self.arguments) and self.status is None


class CommandRun:
    """The last command; `options` are added to each, and `changed` is called after each line."""

    def __init__(self, options: Sequence[str], changed: Callable[[Run], None]) -> None:
        self._options, self._changed = tuple(options), changed
        self._lock = threading.Lock()
        self._shown = Run()
        self._process: subprocess.Popen[str] | None = None
        self._thread: threading.Thread | None = None

    def shown(self) -> Run:
        """Return the last command."""
        return self._shown

    def start(self, *arguments: str) -> bool:
        """Start `reinventure` with `arguments`; return False if another command is running."""
        with self._lock:
            if self._shown.running:
                return False
            self._shown = Run(arguments)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "reinventure", *arguments, *self._options],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="backslashreplace",
            )
            process = self._process
        self._changed(self._shown)
        self._thread = threading.Thread(target=self._follow, args=[process], daemon=True)
        self._thread.start()
        return True

    def join(self) -> None:
        """Wait for the end of the command, if one has been started."""
        if self._thread:
            self._thread.join()

    def stop(self) -> None:
        """Interrupt the command, if one is running, as Ctrl-C would; wait for its end."""
        process = self._process
        if process and process.poll() is None:
            process.terminate()
            process.wait()

    def _follow(self, process: subprocess.Popen[str]) -> None:
        with process:
            for line in process.stdout or ():
                self._show(lines=(*self._shown.lines[1 - MAX_LINES :], line.rstrip("\n")))
        self._show(status=process.returncode)

    def _show(self, **changes: object) -> None:
        self._shown = replace(self._shown, **changes)  # type: ignore[arg-type]
        self._changed(self._shown)


def data(run: Run) -> dict[str, object]:
    """Return what the event `command` has, as JSON."""
    return {
        "command": " ".join(("reinventure", *run.arguments)),
        "lines": [printable(line) for line in run.lines],
        "status": run.status,
    }
