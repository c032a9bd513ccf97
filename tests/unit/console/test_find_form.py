"""The form of a search: every option of `find`, and each mistake beside its field."""

import inspect
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from typer.testing import Result

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.cli import query
from reinventure.console import find_form
from reinventure.console.find_form import FIELDS, element, read
from reinventure.console.place import Place
from reinventure.console.row_search import Search
from s3_catalog.table.row_query import Filter

BUCKETS = ("logs", "photos")
PHOTOS = Place("photos", "2026/")
SHA256 = "0F" * 32
VALUES = {
    "suffix": ".jpg",
    "larger": "10k",
    "smaller": "1.5GB",
    "newer": "2026-01-31",
    "older": "2026-02-01T12:00",
    "storage_class": "glacier",
    "by": "alice",
    "content_type": "Image/*",
    "sha256": SHA256,
    "wider": "4000",
    "rows_over": "7",
    "limit": "100",
}


def test_everything_at_once() -> None:
    asked = read({**VALUES, "begins": "IMG_", "everywhere": "yes"}, PHOTOS, BUCKETS)
    assert asked.search == Search(
        BUCKETS,
        "2026/IMG_",
        ".jpg",
        Filter(
            larger=10_000,
            smaller=1_500_000_000,
            newer=datetime(2026, 1, 31, tzinfo=UTC),
            older=datetime(2026, 2, 1, 12, tzinfo=UTC),
            storage_class="GLACIER",
            by="alice",
            content_type="image/*",
            sha256=SHA256.lower(),
            wider=4000,
            rows_over=7,
        ),
        100,
    )
    assert asked.used


def test_it_has_every_option_of_the_command() -> None:
    # PREFIX is begins and the folder, --bucket the place and everywhere.
    of_connection = {"place", "bucket", "json", "stack", "profile", "region"}
    options = set(inspect.signature(query.find).parameters) - of_connection
    assert {each.name for each in FIELDS} | {"deleted"} == options


def test_nothing_is_every_object_of_the_folder() -> None:
    asked = read({"suffix": "", "larger": " "}, PHOTOS, BUCKETS)
    assert asked.search == Search(("photos",), "2026/")
    assert not asked.used
    assert not asked.search.conditional


WRONG = {
    "larger": "5 elephants",
    "smaller": "x",
    "newer": "yesterday",
    "older": "2026-13-01",
    "storage_class": "cold!",
    "by": "AWS:",
    "content_type": "im*age",
    "sha256": "0f",
    "wider": "-1",
    "rows_over": "many",
    "limit": "0",
    "begins": "x" * 1025,
}


@pytest.mark.parametrize(("name", "text"), WRONG.items())
def test_a_mistake_is_beside_its_field(name: str, text: str) -> None:
    form = {name: text}
    asked = read(form, PHOTOS, BUCKETS)
    assert asked.search is None
    assert list(asked.errors) == [name]
    shown = str(element(form, PHOTOS, BUCKETS, asked, "/catalog"))
    note = f'<span id="find-{name}-note" class="wrong">{asked.errors[name]}</span>'
    assert note.replace("'", "&#x27;") in shown.replace("'", "&#x27;")
    assert f'aria-describedby="find-{name}-note"' in shown
    assert shown.count('aria-invalid="true"') == 1
    # What was written stays, and the form is open.
    assert f'value="{text}"' in shown
    assert "<details open" in shown


def test_all_mistakes_are_shown_at_once() -> None:
    asked = read({"larger": "x", "wider": "y", "deleted": "yes"}, PHOTOS, BUCKETS)
    assert list(asked.errors) == ["larger", "wider"]


@pytest.mark.parametrize("name", sorted(VALUES))
def test_deleted_objects_have_what_the_command_says(
    run: Callable[..., Result], catalog: DeployedCatalog, name: str
) -> None:
    options = {"storage_class": "--class", "content_type": "--type"}
    option = options.get(name, f"--{name.replace('_', '-')}")
    refused = run("find", "--deleted", option, VALUES[name]).exit_code == 2
    asked = read({name: VALUES[name], "deleted": "yes"}, PHOTOS, BUCKETS)
    assert (asked.search is None) == refused
    assert (name in asked.errors) == refused


def test_what_is_written_is_text() -> None:
    form = {"suffix": '"><img src=x onerror=alert(1)>'}
    shown = str(element(form, PHOTOS, BUCKETS, read(form, PHOTOS, BUCKETS), "/catalog"))
    assert "<img" not in shown


def test_a_hostile_folder_stays_itself() -> None:
    place = Place("photos", 'a\u202e\n"<b>/')
    shown = str(element({}, place, BUCKETS, read({}, place, BUCKETS), "/catalog"))
    assert 'name="folder" value="a%E2%80%AE%0A%22%3Cb%3E/"' in shown
    asked = find_form.read({}, place, BUCKETS)
    assert asked.search
    assert asked.search.prefix == place.folder
