"""The page of settings: `Settings`, with the defaults of cdk.json and what each parser accepts."""

import json
import re
from dataclasses import fields
from typing import Any

import aws_cdk as cdk

from stacks.settings import settings, worker_instance
from stacks.settings.settings import SettingError, Settings
from tests.assembly import ROOT
from tests.reference.field_docs import field_docs
from tests.reference.markdown import code, head, prose

_IMPOSSIBLE = "?"
"""A value that every parser refuses, with what it accepts."""

_REFUSAL = re.compile(r"setting \w+=\?: (?:must be (.*)|.*)\. Set it in cdk\.json")


_INTRODUCTION = """\
They live in `cdk.json`, under `context`, for `make deploy` and the pipeline. `cdk` takes others as
`-c name=value`, `make up` and `make demo` as `SET="name=value ..."`. An unknown name or an invalid
value fails `cdk synth`.

"""


def page() -> str:
    """Return the page."""
    defaults = json.loads((ROOT / "cdk.json").read_text())["context"]
    docs = field_docs(Settings)
    parts = [head("Settings", "stacks/settings/settings.py and cdk.json"), _INTRODUCTION]
    for field in fields(Settings):
        name, default = field.name, _written(defaults[field.name])
        accepted = _accepted(name, defaults)
        parts += [
            f"## {name}\n\nDefault: {code(default) or 'empty'}.",
            f" Accepts {accepted}.\n\n" if accepted else "\n\n",
            f"{prose(_with_values(docs[name]))}\n\n",
        ]
    return "".join(parts).rstrip("\n") + "\n"


def _written(default: Any) -> str:
    return default if isinstance(default, str) else json.dumps(default)


def _accepted(name: str, defaults: dict[str, Any]) -> str:
    """Return what the parser of the setting `name` says that it accepts."""
    node = cdk.App(context={**defaults, name: _IMPOSSIBLE}).node
    try:
        Settings.from_context(node)
    except SettingError as error:
        refusal = _REFUSAL.match(str(error))
        return refusal[1] or "" if refusal else ""
    raise ValueError(f"setting {name} accepts {_IMPOSSIBLE!r}")


def _with_values(docstring: str) -> str:
    """Return `docstring` with the values of the constants that it names."""

    def value(name: re.Match[str]) -> str:
        where = worker_instance if name[1] else settings
        found = getattr(where, name[2])
        if isinstance(found, tuple) and isinstance(found[0], int):
            return "{} to {}".format(*found)
        return ", ".join(map(code, found)) if not isinstance(found, int) else f"{found:,}"

    return re.sub(r"`(instances\.)?([A-Z][A-Z_]+)`", value, docstring)
