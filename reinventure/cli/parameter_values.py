"""Reading the values of arguments and options, without Pydantic.

Typer reads each value with Pydantic, also where an option has a parser of its own. Its import takes
longer than everything else before the first request.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from typer.core import TyperArgument, TyperCommand, TyperOption


@dataclass(frozen=True, slots=True)
class Values:
    """Reads the texts of a parameter with `read`. A missing value is None, or nothing of many."""

    read: Callable[[Any], Any] | None

    def coerce(self, value: Any, param: TyperArgument | TyperOption, ctx: object) -> Any:  # noqa: ARG002
        """Return what `value` stands for. Called by Typer; raises what `read` raises."""
        many = param.multiple or param.nargs == -1
        if value is None:
            return () if many else None
        if self.read is None:
            return value
        return [self.read(each) for each in value] if many else self.read(value)


def without_pydantic(params: list[Any]) -> list[Any]:
    """Return `params`. Those that are texts, switches or have a parser are read by `Values`."""
    for param in params:
        described = param.type_descriptor
        parser = described.parameter_info.parser
        if parser or described.annotation in (bool, str, list[str]):
            values = Values(parser)
            param.get_runtime_param = lambda values=values: values
    return params


class Command(TyperCommand):
    """A command whose parameters are read without Pydantic."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return all parameters, with that of the help."""
        return without_pydantic(super().get_params(ctx))
