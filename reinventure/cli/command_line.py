"""The end of every command: its errors, as one line on stderr, and its exit code."""

import os
import re
import signal
import sys
import traceback
from contextlib import suppress
from typing import Any, NoReturn

import typer
from botocore.exceptions import BotoCoreError, ClientError
from typer.core import TyperGroup

from reinventure.aws.connection import explain
from reinventure.errors import EXIT_CHECK_FAILED, EXIT_ERROR, CheckFailedError
from reinventure.printable import printable
from s3_catalog.exceptions import CatalogError, ContendedError

EXIT_CLOSED_PIPE = 128 + signal.SIGPIPE
"""The exit code of a shell for a program that a closed pipe ends: `reinventure ls | head -1`."""

_INVALID_VALUE = re.compile("Invalid value for (?P<names>.*?): (?P<reason>.*)")
"""The words of the option parser for a value that it refuses."""


class CommandLine(TyperGroup):
    """The commands. Each ends with its exit code, and an error is one line on stderr.

    Typer itself draws a box for an error of the option parser, and exits with 1 for a closed pipe.
    """

    def main(self, *arguments: Any, **options: Any) -> NoReturn:
        """Run the command line, and exit. Takes the parameters of `TyperGroup.main`."""
        options["standalone_mode"] = False
        try:
            try:
                status = super().main(*arguments, **options)
            finally:
                # The rest of the output may find the pipe closed.
                sys.stdout.flush()
        except BrokenPipeError:
            _leave_quietly()
        except SystemExit as leaving:
            # Typer and Rich turn a closed pipe into an exit with 1.
            if isinstance(leaving.__context__, BrokenPipeError):
                _leave_quietly()
            raise
        except Exception as error:  # noqa: BLE001 (Python exits with 1 for others: "check failed")
            _fail(error)
        raise SystemExit(status or 0)


def _leave_quietly() -> NoReturn:
    # Python flushes both streams once more when it exits.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # A stream in memory has no descriptor.
            os.dup2(nowhere, stream.fileno())
    raise SystemExit(EXIT_CLOSED_PIPE) from None


def _fail(error: Exception) -> NoReturn:
    message = _message(error)
    try:
        if message is None:
            traceback.print_exception(error)
        else:
            print(f"reinventure: {message}", file=sys.stderr)
    except BrokenPipeError:
        _leave_quietly()
    status = EXIT_CHECK_FAILED if isinstance(error, CheckFailedError) else EXIT_ERROR
    raise SystemExit(status) from None


def _message(error: Exception) -> str | None:
    """Return the text for `error`; None for a bug, which needs its traceback."""
    match error:
        case ContendedError():
            return f"{error}. Try again when fewer writers change it"
        case CatalogError():
            return str(error)
        case typer.TyperException():
            return _usage(error)
        case ClientError() | BotoCoreError():
            return explain(error)
        case OSError():
            reason = error.strerror or str(error)
            return f"{printable(str(error.filename))}: {reason}" if error.filename else reason
    return None


def _usage(error: typer.TyperException) -> str:
    """Return one sentence for an error of the option parser, in the style of all others."""
    message = printable(error.format_message())
    if match := _INVALID_VALUE.fullmatch(message):
        names = match["names"].replace("'", "")
        return f"{names}: {_as_clause(match['reason'])}"
    clause = _as_clause(message)
    context = getattr(error, "ctx", None)
    if context is None:
        return clause
    end = "" if clause.endswith("?") else "."
    return f"{clause}{end} See `{context.command_path} --help`"


def _as_clause(sentence: str) -> str:
    return f"{sentence[:1].lower()}{sentence[1:].removesuffix('.')}"
