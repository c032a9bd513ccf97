"""Environment variables as the fields of a record.

A construct writes the record of its function (`to_env`), the handler reads it back (`from_env`).
So a variable has one name and one type, and neither side spells it. The names are deployed: a
renamed field is a renamed variable.
"""

import os
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Self, get_args, get_type_hints

from s3_catalog.exceptions import EnvironmentVariableError

_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True)
class Environment:
    """Base of the records. A field's name in upper case is the name of its variable.

    Types are str, int, bool ("true" or "false") and each of them or None. A field that is None has
    no variable. Texts may be tokens of the CDK, which CloudFormation resolves.
    """

    @classmethod
    def from_env(cls, variables: Mapping[str, str] = os.environ) -> Self:
        """Return the record that `variables` hold; the variables of others are ignored.

        Raises EnvironmentVariableError when one without a default is missing, or its value has
        another type.
        """
        types = get_type_hints(cls)
        values: dict[str, object] = {}
        for field in fields(cls):
            name = field.name.upper()
            if name in variables:
                values[field.name] = _parse(name, variables[name], types[field.name])
            elif field.default is MISSING:
                raise EnvironmentVariableError(f"environment variable {name} is missing")
        return cls(**values)

    def to_env(self) -> dict[str, str]:
        """Return the variables that hold this record."""
        values = {field.name.upper(): getattr(self, field.name) for field in fields(self)}
        return {name: _text(value) for name, value in values.items() if value is not None}


def _parse(name: str, text: str, type_: object) -> object:
    accepted = get_args(type_) or (type_,)
    if bool in accepted:
        if text not in _BOOLEANS:
            raise EnvironmentVariableError(
                f"environment variable {name} is {text!r}, not a boolean"
            )
        return _BOOLEANS[text]
    if int in accepted:
        try:
            return int(text)
        except ValueError:
            raise EnvironmentVariableError(
                f"environment variable {name} is {text!r}, not a whole number"
            ) from None
    return text


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
