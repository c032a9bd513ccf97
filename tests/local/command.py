"""The `reinventure` command, run in this process."""

import io
import signal
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

import pytest

from reinventure import cli


@dataclass(frozen=True)
class Ended:
    """How the command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str, environment: dict[str, str], answer: str = "") -> Ended:
    """Run the command with `environment` on top of this one's, as its entry point runs it.

    `answer` is the line that a person types when it asks.
    """
    output, errors = _stream(), _stream()
    with (
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(output),
        redirect_stderr(errors),
    ):
        patch.setattr(sys, "argv", ["reinventure", *arguments])
        patch.setattr(sys, "stdin", io.StringIO(f"{answer}\n"))
        # The handlers of the test run stay: a signal ends the run, not the command.
        patch.setattr(signal, "signal", lambda *_: None)
        patch.delenv("AWS_PROFILE", raising=False)
        for name, value in environment.items():
            patch.setenv(name, value)
        try:
            cli.main()
            status: object = 0
        except SystemExit as ended:
            status = ended.code
    assert isinstance(status, int)
    return Ended(status, _text(output), _text(errors))


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()
