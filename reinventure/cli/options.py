"""The options that commands share, and what they stand for."""

from datetime import datetime
from typing import Annotated

import typer

from reinventure.cli import values as measure
from reinventure.errors import UserError

Prefix = Annotated[str, typer.Argument(metavar="PREFIX", help="Only keys that begin with this.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Stack = Annotated[str, typer.Option(help="The CloudFormation stack of the catalog.")]
Profile = Annotated[str | None, typer.Option(help="A profile of your AWS configuration.")]
Region = Annotated[str | None, typer.Option(help="An AWS region, such as eu-west-1.")]


def instant(option: str, text: str, now: datetime) -> datetime:
    """Return the moment that the value `text` of `option` names: a date, a time, or an age.

    Raises UserError, which names the option, when it names none.
    """
    try:
        return measure.instant(text, now)
    except ValueError as error:
        raise UserError(f"{option}: {error}") from None
