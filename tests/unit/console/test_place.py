"""Places in addresses and forms: any folder or key arrives as it is."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.console.place import Place, decoded, folder_text, key_address, name_text, place
from reinventure.errors import UserError

# Surrogates are no characters: no key has one.
KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)


@given(KEYS)
def test_a_key_is_the_same_after_a_form_and_an_address(key: str) -> None:
    text = folder_text(key)
    assert text.isascii()
    assert decoded(text) == key
    address = key_address("/object", "photos", key)
    assert address.isascii()
    assert dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))["key"] == key


@given(KEYS)
def test_a_folder_is_the_same_after_its_address(name: str) -> None:
    address = Place("photos", f"{name}/").address("/catalog")
    named = dict(parse_qsl(urlsplit(address).query))
    assert decoded(named["folder"]) == f"{name}/"


@pytest.mark.parametrize("text", ["%FF", "%ED%A0%80", "x" * 1025])
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(UserError, match="invalid key"):
        decoded(text)


def test_the_way_to_a_folder() -> None:
    assert Place("b", "a//c/").above() == [
        ("a", Place("b", "a/")),
        ("", Place("b", "a//")),
        ("c", Place("b", "a//c/")),
    ]
    assert Place("b").above() == []


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a", "a"),
        (" a", '" a"'),
        (" ", '" "'),
        ("a\u202e", "a\\u202e"),
        ("a\n", '"a\\n"'),
        ("", ""),
    ],
)
def test_spaces_at_the_ends_are_seen(name: str, shown: str) -> None:
    assert name_text(name) == shown


def test_places_outside_of_the_catalog(catalog: DeployedCatalog) -> None:
    assert place({}, catalog) == Place(catalog.bucket)
    with pytest.raises(UserError, match="is not in the catalog"):
        place({"bucket": "other"}, catalog)
    with pytest.raises(UserError, match="ends with a slash"):
        place({"folder": "a"}, catalog)
