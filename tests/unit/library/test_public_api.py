"""What versions promise: every public name with its signature, and a light import."""

import dataclasses
import enum
import inspect
import json
import os
import re
import subprocess
import sys
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest

import reinventure
from tests.assembly import ROOT

PROMISED = Path(__file__).with_name("public_api.txt")


def test_the_public_names_are_those_that_versions_promise() -> None:
    """Add to the file what is new. What is taken away or changed there needs a major version."""
    assert "\n".join(described()) + "\n" == PROMISED.read_text()


def described() -> Iterator[str]:
    """Yield a line for each public function and class, and each public member of a class.

    Types are without their modules: a class may move. A default that is a function is three dots.
    """
    for line in lines():
        yield re.sub(r"\b(\w+\.)+(?=[A-Z])", "", re.sub("<function .*?>", "...", line))


def lines() -> Iterator[str]:
    for name in reinventure.__all__:
        thing = getattr(reinventure, name)
        if inspect.isfunction(thing):
            yield f"{name}{inspect.signature(thing)}"
            continue
        bases = ", ".join(base.__name__ for base in thing.__bases__ if base is not object)
        yield f"{name}({bases})" if bases else name
        if issubclass(thing, enum.Enum):
            yield from (f"    {member.name} = {member.value!r}" for member in thing)
        else:
            yield from (f"    {line}" for line in members(thing))


def members(thing: type) -> Iterator[str]:
    if dataclasses.is_dataclass(thing):
        for field in dataclasses.fields(thing):
            default = "" if field.default is dataclasses.MISSING else f" = {field.default!r}"
            yield f"{field.name}: {text(field.type)}{default}"
    else:
        for name, annotation in inspect.get_annotations(thing).items():
            yield f"{name}: {text(annotation)}"
    for name, member in sorted(vars(thing).items()):
        if name.startswith("_"):
            continue
        if isinstance(member, property) and member.fget:
            yield f"{name} -> {text(inspect.signature(member.fget).return_annotation)}"
        elif inspect.isfunction(member):
            yield f"{name}{inspect.signature(member)}"


def text(annotation: object) -> str:
    return inspect.formatannotation(annotation).strip("'")


@pytest.mark.parametrize("name", reinventure.__all__)
def test_every_public_name_is_documented_and_annotated(name: str) -> None:
    thing = getattr(reinventure, name)
    functions = [thing] if inspect.isfunction(thing) else vars(thing).values()
    assert inspect.getdoc(thing)
    for each in functions:
        found = each.fget if isinstance(each, property) else each
        if not inspect.isfunction(found) or found.__name__.startswith("_"):
            continue
        assert found.__doc__, found
        signature = inspect.signature(found)
        assert signature.return_annotation is not inspect.Signature.empty, found
        for parameter in list(signature.parameters.values())[0 if each is thing else 1 :]:
            assert parameter.annotation is not inspect.Parameter.empty, (found, parameter)


def test_public_values_are_frozen() -> None:
    classes = [getattr(reinventure, name) for name in reinventure.__all__]
    values = [each for each in classes if dataclasses.is_dataclass(each)]
    assert len(values) > 10
    for each in values:
        assert typing.cast("typing.Any", each).__dataclass_params__.frozen, each


def test_another_name_does_not_exist() -> None:
    assert dir(reinventure) == reinventure.__all__
    with pytest.raises(AttributeError, match="has no attribute 'closed'"):
        _ = reinventure.closed  # type: ignore[attr-defined]


def test_the_import_is_light() -> None:
    program = "import json, sys; old = {*sys.modules}; import reinventure\n"
    program += "print(json.dumps(sorted({*sys.modules} - old)))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{ROOT / 'lambdas'}"},
        capture_output=True,
        text=True,
        check=True,
    )
    ours = [name for name in json.loads(done.stdout) if "catalog" in name or "inventure" in name]
    assert ours == ["reinventure"]
    assert not {"boto3", "botocore", "rich", "typer", "pydantic"} & {*json.loads(done.stdout)}
