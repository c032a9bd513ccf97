"""Values of arguments and options, read by our own code and by Typer's."""

from typing import Any

import pytest
import typer
from typer._coercion import build_runtime_param

from reinventure.cli.command_table import ImportedWhenRun, commands

TEXTS = ["", "photos/", "10k", "24h", "*", "s3://photos-prod/a", "image/*", "a=b", "é", "-1"]


def read(values: Any, value: object, parameter: Any) -> object:
    try:
        found = values.coerce(value, parameter, typer.Context(typer.core.TyperCommand("x")))
    except typer.BadParameter as error:
        return str(error)
    return found


@pytest.mark.parametrize("command", commands().values(), ids=lambda command: command.name)
def test_every_value_is_what_typer_reads(command: ImportedWhenRun) -> None:
    context = typer.Context(command.command)
    parameters = [each for each in command.command.get_params(context) if each.name != "files"]
    assert parameters
    for parameter in parameters:
        ours, typers = (
            parameter.get_runtime_param(),
            build_runtime_param(parameter.type_descriptor),
        )
        assert type(ours) is not type(typers)
        many = parameter.multiple or parameter.nargs == -1
        switch = parameter.type_descriptor.annotation is bool
        texts: list[Any] = [] if switch else TEXTS
        values = [texts[start:] for start in range(len(texts))] if many else texts
        for value in [None, parameter.get_default(context), *values]:
            # An age counts back from now.
            if value != "24h":
                assert read(ours, value, parameter) == read(typers, value, parameter)
