"""The `reinventure` command and its process."""

import gc
import signal
import sys
from typing import Annotated

import typer

from reinventure.cli.command_line import CommandLine
from reinventure.cli.command_table import MARKUP

app = typer.Typer(
    cls=CommandLine,
    help="""An encrypted, always-correct, live catalog of S3 buckets.

    Commands use the AWS account of the environment (AWS_PROFILE, AWS_REGION, ...), or the local
    cloud after `make up` and `source .local/env`.

    Exit codes: 0 success; 1 the check failed: bucket and catalog differ, a key is in neither,
    events failed again, a row came too late, totals changed during every recount, something does
    not work that doctor tried, or status found something wrong; 2 an error, which stderr explains
    in one line.""",
    pretty_exceptions_enable=False,
    rich_markup_mode=MARKUP,
)


@app.callback(invoke_without_command=True)
def reinventure(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)
    ] = False,
) -> None:
    """Show version or help, if there is no command."""
    if version:
        print(f"reinventure {_version()}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())
        raise typer.Exit


def main() -> None:
    """Run the command line in a process of its own: with its signals, and stdout in UTF-8."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")  # Keys are Unicode, whatever the locale is.
    # Rows and elements of XML are many, short-lived and in no cycle. With Python's own threshold
    # the search for cycles takes a fifth of the time of `verify`.
    gc.set_threshold(50_000)
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, _leave)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # `nohup` sets it to be ignored.
        signal.signal(signal.SIGHUP, _leave)
    app()


def _leave(signum: int, _frame: object) -> None:
    # An ordinary exit: what was started is stopped on the way out, and nothing is printed.
    raise SystemExit(128 + signum)


def _version() -> str:
    from importlib import metadata  # noqa: PLC0415 (no other option needs it)

    try:
        return metadata.version("reinventure")
    except metadata.PackageNotFoundError:
        import tomllib  # noqa: PLC0415 (in a checkout that is not installed only)

        from reinventure.cdk_cli import ROOT  # noqa: PLC0415

        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        return str(project["version"])
