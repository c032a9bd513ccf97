"""The end of every command: its errors, as one line on stderr, and its exit code."""

import os
import re
import signal
import sys
import traceback
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, NoReturn, TextIO

import typer
from typer.core import TyperGroup

from reinventure.cli import command_table
from reinventure.cli.parameter_values import without_pydantic
from reinventure.errors import EXIT_CHECK_FAILED, EXIT_ERROR, CheckFailedError, UserError
from reinventure.printable import printable
from s3_catalog.exceptions import CatalogError, ContendedError

EXIT_CLOSED_PIPE = 128 + signal.SIGPIPE
"""The exit code of a shell for a program that a closed pipe ends: `reinventure ls | head -1`."""

_SURROGATE = re.compile("[\ud800-\udfff]")
"""What Python makes of a byte that is not UTF-8, in arguments, variables and names of files."""

_INVALID_VALUE = re.compile("Invalid value for (?P<names>.*?): (?P<reason>.*)")
"""The words of the option parser for a value that it refuses."""


class CommandLine(TyperGroup):
    """The commands. Each ends with its exit code, and an error is one line on stderr.

    Typer itself draws a box for an error of the option parser, and exits with 1 for a closed pipe.
    """

    def __init__(self, **options: Any) -> None:
        self._listed = command_table.commands()
        super().__init__(**{**options, "commands": self._listed})

    def get_params(self, ctx: Any) -> list[Any]:
        """Return all parameters, with that of the help."""
        return without_pydantic(super().get_params(ctx))

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands, for the help and for completion: each with its help."""
        for command in self._listed.values():
            command.read_help()
        return super().list_commands(ctx)

    def main(self, *arguments: Any, **options: Any) -> NoReturn:
        """Run the command line, and exit. Takes the parameters of `TyperGroup.main`."""
        options["standalone_mode"] = False
        try:
            _check_streams()
            _check_arguments(options.get("args") or next(iter(arguments), None) or sys.argv[1:])
            try:
                status = super().main(*arguments, **options)
            finally:
                # The rest of the output may find the pipe closed, or the disk full.
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


def _check_streams() -> None:
    """Raise UserError when stdout is closed, as with `>&-`: Python would drop the output."""
    if sys.stdout is None:
        raise UserError("stdout is closed: there is no place for the output")


def _check_arguments(arguments: Iterable[str]) -> None:
    """Raise UserError for an argument that is not UTF-8. No key or name in AWS has such bytes.

    Python has each of them as half a character (a surrogate), which no key equals.
    """
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            raise UserError(f"argument {argument!r} is not valid UTF-8") from None


def _leave_quietly() -> NoReturn:
    _discard(sys.stdout, sys.stderr)
    raise SystemExit(EXIT_CLOSED_PIPE) from None


def _discard(*streams: TextIO | None) -> None:
    """Discard what `streams` still hold: Python flushes them once more when it exits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        with suppress(OSError):  # A stream in memory has no descriptor.
            if stream is not None:
                os.dup2(nowhere, stream.fileno())


def _fail(error: Exception) -> NoReturn:
    message = _message(error)
    try:
        if message is None:
            traceback.print_exception(error)
        else:
            print(f"reinventure: {message}", file=sys.stderr)
    except BrokenPipeError:
        _leave_quietly()
    except OSError:  # Its disk is full, too.
        _discard(sys.stderr)
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        _discard(sys.stdout)
    status = EXIT_CHECK_FAILED if isinstance(error, CheckFailedError) else EXIT_ERROR
    raise SystemExit(status) from None


def _message(error: Exception) -> str | None:
    """Return the text for `error`; None for a bug, which needs its traceback."""
    message = None
    match error:
        case ContendedError():
            message = f"{error}. Try again when fewer writers change it"
        case CatalogError():
            message = str(error)
        case typer.TyperException():
            message = _usage(error)
        case typer.Abort():
            message = "there was no answer to the question: `--yes` answers it"
        case UnicodeEncodeError() if _SURROGATE.search(error.object):
            message = f"{error.object!r} is not valid UTF-8"
        case OSError():
            reason = error.strerror or str(error)
            message = f"{printable(str(error.filename))}: {reason}" if error.filename else reason
        case _:
            message = _explained(error)
    # Some end with the lines of a log.
    return message and "\n".join(map(printable, message.split("\n")))


def _explained(error: Exception) -> str | None:
    """Return the text for an error of botocore, which only a command imports."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    from reinventure.aws.connection import explain  # noqa: PLC0415

    return explain(error) if isinstance(error, (BotoCoreError, ClientError)) else None


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
