"""The `reinventure` command: what it is made of, and how it ends."""

import signal
import sys

import typer
from botocore.exceptions import BotoCoreError, ClientError

from reinventure.aws.connection import explain
from reinventure.cli import account, audit, local
from reinventure.cli import inspection as contents
from reinventure.cli import maintenance as upkeep
from reinventure.cli import query as questions
from reinventure.cli import sql as mirror
from reinventure.cli import watch as changes
from reinventure.errors import EXIT_ERROR, UserError
from s3_catalog.errors import ContendedError

app = typer.Typer(
    help="""An encrypted, always-correct, live catalog of an S3 bucket.

    Commands talk to whatever AWS the environment points at: an account (AWS_PROFILE, AWS_REGION,
    ...) or the local cloud (`source .local/env` after `make up`).

    Exit codes: 0 done; 1 bucket and catalog differ, neither knows a key, events failed again, a row
    came too late, or totals changed all the while they were recounted; 2 an error that is said on
    stderr.""",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

# In the order in which the help shows them.
for command in (
    questions.ls,
    questions.du,
    questions.find,
    questions.stat,
    contents.duplicates,
    contents.inspect,
    mirror.sql,
    changes.watch,
    upkeep.verify,
    upkeep.repair,
    mirror.sql_backfill,
    upkeep.failed,
    upkeep.redrive,
    audit.audit,
    upkeep.smoke,
    local.up,
    local.down,
    local.demo,
    account.deploy,
    account.destroy,
):
    app.command()(command)


def main() -> None:
    """Run the command line; say what went wrong in one line, never in a traceback."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")  # Keys are Unicode, whatever the locale is.
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, _leave)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # `nohup` means it.
        signal.signal(signal.SIGHUP, _leave)
    try:
        app()
    except UserError as error:
        _fail(str(error))
    except ContendedError as error:
        _fail(f"{error}. Try again when fewer writers are at work on it.")
    except (ClientError, BotoCoreError) as error:
        _fail(explain(error))


def _leave(signum: int, _frame: object) -> None:
    # An ordinary exit: what was started is stopped on the way out, and nothing is said.
    raise SystemExit(128 + signum)


def _fail(message: str) -> None:
    print(f"reinventure: {message}", file=sys.stderr)
    raise SystemExit(EXIT_ERROR)
