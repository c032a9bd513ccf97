"""The commands of docs/runbook.md, run as they stand there."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore import xform_name

from reinventure.contract import RUNBOOK
from reinventure.local.cloud import Cloud
from tests.assembly import ROOT
from tests.local.command import run

_CLI_NAMES = {"max-items": "max-results"}
"""Options of the AWS CLI itself, and the parameters of calls that do the same."""


@dataclass(frozen=True, slots=True)
class Call:
    """What a command of the AWS CLI calls: a method of boto3's client of `service`."""

    service: str
    method: str
    arguments: Mapping[str, Any]


def sections() -> dict[str, list[str]]:
    """Return the commands of the blocks of each section, by its heading."""
    text = (ROOT / RUNBOOK).read_text(encoding="utf-8")
    return {
        heading: [
            line
            for block in re.findall(r"^```sh\n(.*?)^```$", body, re.MULTILINE | re.DOTALL)
            for line in block.splitlines()
        ]
        for heading, body in re.findall(
            r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL
        )
    }


def do(section: str, cloud: Cloud, session: boto3.Session, names: Mapping[str, str]) -> None:
    """Run all commands of a section, with `names` in place of its words in capitals.

    The name STACK is of the catalog, if it is another one than usual.
    """
    stack = [f"--stack={names['STACK']}"] if "STACK" in names else []
    for command in sections()[section]:
        words = [_named(word, names) for word in shlex.split(command)]
        if words[0] == "reinventure":
            # With an answer for those that ask.
            ended = run(*words[1:], *stack, environment=cloud.environment, answer="y")
            # Those that look end with 1 while something is wrong.
            assert ended.returncode in (0, 1), ended.stderr
        else:
            made = call(session, words)
            client: Any = session.client(made.service)  # type: ignore[call-overload]
            getattr(client, made.method)(**made.arguments)


def _named(word: str, names: Mapping[str, str]) -> str:
    for name, value in names.items():
        word = word.replace(name, value)
    return word


def call(session: Any, words: list[str]) -> Call:
    """Return the call of a command of the AWS CLI, whose options are parameters with dashes.

    Raises an error for a service, an operation or an option that there is not, and for an option
    that is missing.
    """
    program, service, operation, *options = words
    assert program == "aws", words
    client = session.client(service)
    method = operation.replace("-", "_")
    shape = client.meta.service_model.operation_model(
        client.meta.method_to_api_mapping[method]
    ).input_shape
    members = {xform_name(name, "-"): name for name in shape.members}
    arguments: dict[str, Any] = {}
    for option, value in zip(options[::2], options[1::2], strict=True):
        words_of = option.removeprefix("--")
        name = members[_CLI_NAMES.get(words_of, words_of)]
        arguments[name] = int(value) if shape.members[name].type_name == "integer" else value
    assert set(shape.required_members) <= arguments.keys(), words
    return Call(service, method, arguments)
