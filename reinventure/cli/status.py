"""The command that shows whether a catalog is fine, and what fixes it if it is not."""

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC

import typer

import reinventure
from reinventure.aws.status import present_state
from reinventure.aws.status.check import Check, State
from reinventure.cli.options import Json, Profile, Region, Stack, of_stack
from reinventure.cli.time_output import utc
from reinventure.contract import CATALOG
from reinventure.errors import EXIT_CHECK_FAILED, EXIT_ERROR
from reinventure.printable import printable, printable_json
from reinventure.progress import Steps
from s3_catalog.model.timestamps import utc_now

_COLORS = {State.FINE: "green", State.WRONG: "red", State.NOT_SEEN: "yellow"}

_TAKEN = {
    "reinventure": ("--stack", "--profile", "--region"),
    "aws": ("--profile", "--region"),
}
"""Options of the commands that fix something, by their program."""

_NONE: Mapping[str, str] = {}

_WIDTH = max(map(len, State))
_SUBJECT_WIDTH = len("found equal")


def status(
    json: Json = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Show whether the catalog is fine now, or what is wrong, since when, and what fixes it.

    A line for each part: the last deployment, the keys, failures that wait, the readers of the
    table's stream, comparisons with the bucket, attached buckets, the SQL mirror, and all other
    alarms. Below what is wrong is the command that fixes it, or shows what to fix; docs/runbook.md
    has more on each. Reads only, and no object. `reinventure verify` compares, and `reinventure
    doctor` proves that the keys can be used.

    Exits with 0 if all is fine, with 1 if something is wrong, and with 2 if nothing is, but
    something could not be seen: the line names the missing permission.

    For example:

        reinventure status
        reinventure status --json
    """
    catalog = reinventure.open(stack, profile=profile, region=region).deployed
    options = of_stack(stack, profile, region)
    with Steps() as steps:
        steps.begin(f"Looking at {stack} in {catalog.region}")
        found = list(present_state.checks(catalog, utc_now()))
    if json:
        for check in found:
            print(check_json(check, options))
    else:
        typer.echo(f"{stack} in {catalog.region}: {_summary(found)}.")
        for check in found:
            for line in check_lines(check, options):
                typer.echo(line)
    raise typer.Exit(_exit_code(found))


def check_lines(check: Check, options: Mapping[str, str] = _NONE) -> list[str]:
    """Return `check` for a person: state, part, what was seen, since when; below, what to do.

    `options` are those with which other commands find the same stack, with their values.
    """
    state = check.state.upper() if check.state is State.WRONG else check.state
    shown = typer.style(f"{state:{_WIDTH}}", fg=_COLORS[check.state])
    since = f", since {utc(check.since)}" if check.since else ""
    lines = [f"{shown}  {check.subject:{_SUBJECT_WIDTH}}  {printable(check.detail)}{since}"]
    if check.remedy:
        indent = " " * (_WIDTH + _SUBJECT_WIDTH + 4)
        lines.append(f"{indent}-> {printable(_for_stack(check.remedy, options))}")
    return lines


def check_json(check: Check, options: Mapping[str, str] = _NONE) -> str:
    """Return `check` as one line of JSON, the time in UTC. `options` as above."""
    return printable_json(
        {
            "subject": check.subject,
            "state": check.state,
            "detail": check.detail,
            "since": check.since.astimezone(UTC).isoformat() if check.since else None,
            "remedy": _for_stack(check.remedy, options) or None,
        }
    )


def _summary(found: Sequence[Check]) -> str:
    counts = Counter(each.state for each in found)
    words = [f"{counts[State.WRONG]:,} WRONG"] if counts[State.WRONG] else []
    words += [f"{counts[State.NOT_SEEN]:,} not seen"] if counts[State.NOT_SEEN] else []
    return ", ".join(words) or "fine"


def _exit_code(found: Sequence[Check]) -> int:
    states = {each.state for each in found}
    if State.WRONG in states:
        return EXIT_CHECK_FAILED
    return EXIT_ERROR if State.NOT_SEEN in states else 0


def _for_stack(remedy: str, options: Mapping[str, str]) -> str:
    """Return `remedy` with those of `options` that each command in it takes, quoted for a shell."""
    commands = []
    # A key or prefix of a command of ours may have any characters.
    for command in remedy.split(" && ") if remedy.startswith("aws ") else [remedy]:
        taken = _TAKEN.get(command.partition(" ")[0], ())
        added = (f" {name} {shlex.quote(options[name])}" for name in taken if name in options)
        commands.append("".join((command, *added)))
    return " && ".join(commands)
