"""The construct for CDK apps of others: the same templates as those of the stack Catalog."""

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from constructs import Construct

from stacks import Catalog
from stacks.catalog import catalog, embedded_catalog
from stacks.constructs.saved_queries import SavedQueries
from stacks.settings.settings import Settings
from tests import assembly
from tests.stacks.conftest import Template, own_outputs, read

CONTEXT = {"team": "photos", "shards": "7"}
"""Of an app of others: without a feature flag, and with names that are, or are not, settings."""


HASHES = re.compile("([0-9A-F]{8})+([0-9a-f]{32})?$")
"""The end of a logical id: of the path in the app, and of a version of a function."""


class OurStack(cdk.Stack):
    """The stack Catalog without what it has for our other stacks."""

    def __init__(self, scope: Construct, id: str, settings: Settings) -> None:
        super().__init__(scope, id)
        ours = catalog.Catalog(self, "Default", settings)
        SavedQueries(self, "Queries", log_groups=[*ours.log_groups])


def embedded(folder: Path, **settings: Any) -> Template:
    """The template of a stack of others that has a catalog with these arguments."""
    app = cdk.App(context=CONTEXT, outdir=str(folder))
    Catalog(cdk.Stack(app, "Catalog"), "Photos", **settings)
    app.synth()
    return read(folder)


def resources(template: Template) -> Any:
    """The resources, without the hashes in their names, and without the name of the construct."""
    names = template["Resources"].keys()
    assert len({short(name) for name in names}) == len(names)

    def renamed(word: re.Match[str]) -> str:
        # The path of a rule is in the Sid of a statement.
        of_cdk = word[0] in names or word[0].startswith("AllowEventRule")
        return short(word[0]) if of_cdk else word[0]

    text = re.sub(r"\w+", renamed, json.dumps(template["Resources"]))
    return unordered(json.loads(text))


def short(name: str) -> str:
    """`name`, of CDK's, without hashes and the construct's name."""
    return HASHES.sub("", name).removeprefix("Photos").replace("CatalogPhotos", "Catalog")


def unordered(value: Any) -> Any:
    """`value` with all lists sorted: actions, and what a resource depends on, have no order."""
    if isinstance(value, dict):
        return {name: unordered(each) for name, each in value.items()}
    if isinstance(value, list):
        return sorted(map(unordered, value), key=json.dumps)
    return value


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"buckets": ["photos-prod", "logs-prod/2026/"], "stage": "production", "shards": 4},
        {"transport": "sns", "kinesis": True, "reconcile": "nightly"},
    ],
    ids=["defaults", "attached", "options"],
)
def test_it_is_the_catalog_of_our_own_stack(tmp_path: Path, settings: dict[str, Any]) -> None:
    theirs = embedded(tmp_path / "theirs", **settings)
    text = {
        name: ",".join(value) if name == "buckets" else str(value).lower()
        for name, value in settings.items()
    }
    ours = read(assembly.write(OurStack, "Catalog", tmp_path / "ours", **text))
    assert resources(theirs) == resources(ours)
    assert own_outputs(theirs).keys() == own_outputs(ours).keys()


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"transprot": "sqs"}, "setting transprot is unknown. Did you mean transport?"),
        ({"shards": 0}, "setting shards=0: must be a whole number from 1 to 256"),
        ({"buckets": []}, "setting buckets=: must be a comma-separated list of create, NAME"),
        ({"buckets": ["create", "a b"]}, "setting buckets=create,a b: "),
        ({"sql": True}, "setting sql is of a stack that this package does not have"),
        ({"workers_max": 4}, "setting workers_max is of a stack that this package does not have"),
    ],
)
def test_a_wrong_setting_is_one_line(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(problem)}") as error:
        Catalog(cdk.Stack(cdk.App(), "Mine"), "Photos", **settings)
    assert "cdk.json" not in str(error.value)
    assert "\n" not in str(error.value)


def test_every_setting_that_is_accepted_is_read() -> None:
    stacks = Path(embedded_catalog.__file__).parents[1]
    code = [
        path.read_text()
        for part in ("catalog", "constructs")
        for path in stacks.glob(f"{part}/*.py")
    ]
    read_here = set(re.findall(r"settings\.(\w+)", "".join(code)))
    # For queues of these stacks in the dashboard. `local` is read as `limits`.
    read_here = read_here - {"sql", "workers"} | {"local"}
    names = {field.name for field in fields(Settings)}
    assert names - read_here == embedded_catalog.OF_OTHER_STACKS


def test_a_second_catalog_in_a_stack_is_refused() -> None:
    stack = cdk.Stack(cdk.App(), "Mine")
    Catalog(stack, "Photos")
    with pytest.raises(ValueError, match=r"^the stack Mine has a catalog: use a stack for each$"):
        Catalog(stack, "Videos")
