"""The commands by group. The module of a command is imported when the command runs.

The help of all commands reads their docstrings from the compiled modules: to import these, with
everything that they use, would take most of its time.
"""

import inspect
from functools import cache, cached_property
from importlib import import_module
from importlib.abc import InspectLoader
from importlib.util import find_spec
from types import CodeType
from typing import Any, Literal, cast

import typer
from typer.core import TyperCommand

from reinventure.cli.parameter_values import Command

COMMANDS = {
    "Query": (
        *("query.ls", "query.du", "query.find", "query.stat"),
        *("buckets.buckets", "sql.sql", "watch.watch", "console.console"),
    ),
    "Buckets": ("attach.attach", "detach.detach"),
    "Inspect": ("inspection.inspect", "inspection.duplicates"),
    "Maintain": (
        *("status.status", "verify.verify"),
        *("maintenance.repair", "maintenance.failed", "maintenance.redrive"),
        *("sql.sql_backfill", "audit.audit", "maintenance.smoke", "doctor.doctor"),
    ),
    "Local cloud": ("local.up", "local.down", "local.demo"),
    "Account": ("cost.cost", "account.deploy", "account.destroy"),
}
"""The functions of each group, with their modules in this package, in the order of the help."""

MARKUP: Literal["markdown"] = "markdown"
"""The language of docstrings, as Typer names it."""


class ImportedWhenRun(TyperCommand):
    """The command of `function`, which has its module before it: `query.ls`, in a group `panel`."""

    def __init__(self, function: str, panel: str) -> None:
        module, _, self.function = function.rpartition(".")
        self.module = f"{__package__}.{module}"
        super().__init__(self.function.replace("_", "-"), rich_help_panel=panel)

    @cached_property
    def command(self) -> Command:
        """The command itself, with its arguments and options."""
        app = typer.Typer(add_completion=False, rich_markup_mode=MARKUP)
        app.command(self.name, cls=Command)(getattr(import_module(self.module), self.function))
        return cast("Command", typer.main.get_command(app))

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Parse the arguments of the command, which the context has as its command."""
        return self.command.make_context(*arguments, **options)

    def read_help(self) -> None:
        """Set the help: the docstring of the function."""
        [code] = [each for each in _functions(self.module) if each.co_name == self.function]
        self.help = inspect.cleandoc(code.co_consts[0])


def commands() -> dict[str, ImportedWhenRun]:
    """Return all commands by their names."""
    made = [ImportedWhenRun(each, group) for group, names in COMMANDS.items() for each in names]
    return {str(command.name): command for command in made}


@cache
def _functions(module: str) -> list[CodeType]:
    """Return the code of all functions of `module`, without executing it."""
    spec = find_spec(module)
    if spec is None or not isinstance(spec.loader, InspectLoader):
        raise ImportError(f"no code of {module}")
    code = spec.loader.get_code(module)
    return [each for each in code.co_consts if isinstance(each, CodeType)] if code else []
