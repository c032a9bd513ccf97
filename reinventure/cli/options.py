"""The arguments and options that several commands have, and the option parser's use of values."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import typer

from reinventure import values
from reinventure.contract import CATALOG

_T = TypeVar("_T")


def parser(read: Callable[[str], _T]) -> Callable[[Any], _T]:
    """Return `read`, one of the functions of `values`, as a parser of an argument or option.

    Its ValueError becomes a usage error that names the option. A default is passed through.
    """

    def parse(value: Any) -> _T:
        if not isinstance(value, str):
            default: _T = value
            return default
        try:
            return read(value)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None

    return parse


def of_stack(stack: str, profile: str | None, region: str | None) -> dict[str, str]:
    """Return the options with which another command finds the same stack, and their values."""
    named = stack if stack != CATALOG else None
    given = {"--stack": named, "--profile": profile, "--region": region}
    return {name: value for name, value in given.items() if value}


Prefix = Annotated[
    values.Place,
    typer.Argument(
        metavar="PREFIX",
        parser=parser(values.prefix),
        show_default=False,
        help="Only keys that begin with this. With several buckets: s3://BUCKET/PREFIX.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]
Plan = Annotated[bool, typer.Option("--plan", help="Show what would change, and change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Stack = Annotated[str, typer.Option(help="The CloudFormation stack of the catalog.")]
MirrorStack = Annotated[str, typer.Option(help="The CloudFormation stack of the SQL mirror.")]
Profile = Annotated[str | None, typer.Option(help="A profile of the AWS configuration.")]
Region = Annotated[str | None, typer.Option(help="An AWS region, such as eu-west-1.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        parser=parser(values.setting),
        help="A setting of the stacks, such as transport=sqs. Repeatable.",
    ),
]
