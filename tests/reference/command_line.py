"""The page of commands: what the help of `reinventure`, of each command and of `make` has."""

import re
from typing import Any

import typer.core
import typer.main

from reinventure.cli import app
from reinventure.cli.command_table import COMMANDS
from tests.assembly import ROOT
from tests.reference.markdown import code, head, prose, table

_TARGET = re.compile(r"^([a-z]+):.*## (.*)$", re.MULTILINE)
"""A target of the Makefile, as `make help` lists it."""
_EXAMPLE = re.compile(r"^For example:\n\n((?: {4}.*\n?)+)", re.MULTILINE)


_INTRODUCTION = """\
Also 130, 143 or 129 after Ctrl-C, `kill` or a hang-up, and 141 after a closed pipe; `status` exits
with 2, too, if it could not see all.

`reinventure` is also `python -m reinventure`. Every command has `--help`, those that print rows
`--json`. With several buckets, a PREFIX or KEY is a URL, such as `s3://photos-prod/holiday/`; `du`,
`verify` and `repair` without one work on all of them, and so do `find`, `duplicates` and `inspect`
with `--bucket '*'`. Times are in UTC and end with Z. Characters without a glyph, such as controls,
are spelled out. Output to a pipe is plain; `NO_COLOR=1` turns colours off on a terminal, too.

"""
"""What the help does not have room for."""


def page() -> str:
    """Return the page."""
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    context = group.make_context("reinventure", [], resilient_parsing=True)
    parts = [
        head("The command line", "the help of the commands (reinventure/cli) and the Makefile"),
        f"{prose(group.help or '')}\n\n",
        _INTRODUCTION,
        _parameters(group, context),
    ]
    for panel, functions in COMMANDS.items():
        parts.append(f"## {panel}\n\n")
        for function in functions:
            name = function.rpartition(".")[2].replace("_", "-")
            parts.append(_command(name, group.commands[name]))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = [(code(f"make {name}"), meaning) for name, meaning in _TARGET.findall(makefile)]
    parts += ["## make\n\nIn a checkout:\n\n", table(("target", "meaning"), targets)]
    return "".join(parts).rstrip("\n") + "\n"


def _command(name: str, listed: Any) -> str:
    command, context = listed.command, listed.make_context(name, [], resilient_parsing=True)
    usage = " ".join(["reinventure", name, *command.collect_usage_pieces(context)])
    text = _EXAMPLE.sub(_fenced, command.help)
    return (
        f"### {name}\n\n```text\n{usage}\n```\n\n{prose(text).strip()}\n\n"
        f"{_parameters(command, context)}"
    )


def _fenced(example: re.Match[str]) -> str:
    lines = example[1].replace("\n    ", "\n").strip()
    return f"```text\n{lines}\n```"


def _parameters(command: Any, context: Any) -> str:
    records = [each.get_help_record(context) for each in command.get_params(context)]
    rows = [(code(_plain(name)), prose(meaning)) for name, meaning in records if name != "--help"]
    return table(("argument or option", "meaning"), rows) if rows else ""


def _plain(name: str) -> str:
    """Return the parameter `name` without the type of Python that its help shows."""
    return re.sub("<.*>", "TEXT" if name.startswith("-") else "", name).strip()
