"""Every alarm has a section in docs/runbook.md, and every section an alarm."""

import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
import typer.main
from typer.core import TyperGroup

from reinventure.cli import app
from reinventure.contract import RUNBOOK
from tests.assembly import ROOT
from tests.local import runbook
from tests.local.runbook import sections
from tests.stacks.assemblies import Assemblies
from tests.stacks.conftest import properties
from tests.stacks.test_alarms import EVERYTHING, VARIANTS

TEXT = (ROOT / RUNBOOK).read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))

DESCRIPTION = re.compile(rf"(?P<what>[^`]+): `(?P<command>[^`]+)`\. {RUNBOOK}#(?P<anchor>[a-z-]+)")

ATTACHED = {**EVERYTHING, "buckets": "create,logs-prod/2026/,photos-prod"}


def anchor(heading: str) -> str:
    return heading.lower().replace(" ", "-")


def resolved(value: Any) -> str:
    """The text of a value of a template, with `?` for what is not known before a deployment."""
    if isinstance(value, str):
        return value
    match value:
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(map(resolved, parts))
    return "?"


def templates(assemblies: Assemblies) -> Iterator[Path]:
    """The templates of all variants: transports, options, attached buckets, product, pipeline."""
    for settings in (*VARIANTS, ATTACHED):
        yield from assemblies.catalog(**settings).glob("*.template.json")
    yield from assemblies.portfolio().glob("*.template.json")
    yield from assemblies.delivery().glob("*.template.json")


@pytest.fixture(scope="module")
def descriptions(assemblies: Assemblies) -> dict[str, str]:
    """The description of each alarm of all templates, by stack and logical id."""
    found = {}
    for path in templates(assemblies):
        for name, resource in json.loads(path.read_text())["Resources"].items():
            if resource["Type"] in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"):
                text = resolved(resource["Properties"].get("AlarmDescription"))
                found[f"{path.name.split('.')[0]}/{name}"] = text
    return found


def problems(descriptions: Mapping[str, str], sections: Mapping[str, str]) -> list[str]:
    """What does not fit between alarms and sections, a line for each."""
    lines, named = [], set()
    anchors = {anchor(heading): heading for heading in sections}
    for name, text in descriptions.items():
        match = DESCRIPTION.fullmatch(text)
        if match is None:
            lines.append(f"{name}: not 'what: `command`. link': {text}")
        elif match["anchor"] not in anchors:
            lines.append(f"{name}: no section #{match['anchor']}")
        else:
            named.add(match["anchor"])
    lines += [f"no alarm: {heading}" for name, heading in anchors.items() if name not in named]
    for heading, body in sections.items():
        if "\nClear: " not in body and "Nothing is wrong" not in body:
            lines.append(f"how does one see it clear: {heading}")
        if "```sh\n" not in body:
            lines.append(f"no command: {heading}")
        if ("Rehearsed" in body) == ("nly an account shows" in body):
            lines.append(f"is it rehearsed, or does only an account show it: {heading}")
    return lines


def test_every_alarm_has_a_section_and_every_section_an_alarm(
    descriptions: dict[str, str],
) -> None:
    assert len(descriptions) > 25
    assert problems(descriptions, SECTIONS) == []


def test_a_description_fits_into_an_alarm(descriptions: dict[str, str]) -> None:
    # CloudWatch's limit is 1,024 characters. A name of a resource takes up to 300 of them.
    longest = max(len(text) + 300 * text.count("?") for text in descriptions.values())
    assert longest <= 1024


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda d, _: d.update({"A/New": "It failed."}), "A/New: not 'what: `command`. link'"),
        (
            lambda d, _: d.update({"A/New": f"It failed: `x`. {RUNBOOK}#nowhere"}),
            "A/New: no section #nowhere",
        ),
        (
            lambda _, s: s.update({"New": "\n```sh\nx\n```\n\nClear: y. Rehearsed."}),
            "no alarm: New",
        ),
        (lambda _, s: s.pop("Totals is late"), "Catalog/TotalsLate"),
        (lambda _, s: s.update({"The pipeline failed": "Read."}), "no command: The pipeline"),
    ],
)
def test_a_missing_section_or_alarm_is_found(
    descriptions: dict[str, str],
    change: Callable[[dict[str, str], dict[str, str]], object],
    line: str,
) -> None:
    alarms, sections = dict(descriptions), dict(SECTIONS)
    change(alarms, sections)
    assert any(each.startswith(line) for each in problems(alarms, sections))


def test_alarms_that_scale_notify_nobody(assemblies: Assemblies) -> None:
    [workers] = assemblies.catalog(**EVERYTHING).glob("Workers.template.json")
    scaling = [
        alarm["AlarmActions"]
        for alarm in properties(json.loads(workers.read_text()), "AWS::CloudWatch::Alarm")
        if "#workers-are-added-and-removed" in json.dumps(alarm)
    ]
    assert len(scaling) == 2
    assert "Topic" not in json.dumps(scaling)


@pytest.mark.parametrize("heading", SECTIONS)
def test_a_section_is_rehearsed_if_it_says_so(heading: str) -> None:
    tests = [
        ROOT / "tests" / "local" / f"test_{name}.py" for name in ("runbook", "attached_bucket")
    ]
    named = any(f'"{heading}"' in test.read_text(encoding="utf-8") for test in tests)
    assert named == ("Rehearsed" in SECTIONS[heading])


@pytest.mark.parametrize(
    "command",
    sorted({command for commands in sections().values() for command in commands}),
)
def test_every_command_is_one_that_there_is(command: str) -> None:
    program, first, *rest = shlex.split(command)
    if program == "reinventure":
        cli_group = typer.main.get_command(app)
        assert isinstance(cli_group, TyperGroup)
        # Names in capitals are no names of buckets.
        cli_group.commands[first].make_context(first, [word.lower() for word in rest])
    else:
        session = boto3.Session(region_name="us-east-1")
        assert runbook.call(session, [program, first, *rest]).service == first


@pytest.mark.parametrize(
    "words", ["aws sqs start-moving --source-arn Q", "aws sqs start-message-move-task --arn Q"]
)
def test_a_command_that_there_is_not_is_found(words: str) -> None:
    with pytest.raises(KeyError):
        runbook.call(boto3.Session(region_name="us-east-1"), words.split())
