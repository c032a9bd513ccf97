import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reinventure.printable import printable, printable_json

UNPRINTABLE = [
    *("\x1b[31m", "\r", "\x00", "\x7f", "\x9b", "\u202e", "\u2066", "\u2028", "\u2029", "\x85"),
    *("\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u2060", "\u2064", "\ufeff"),
    *("\U000e0000", "\U000e0041", "\U000e007f", "\U000e0100", "\ufe0f", "\ufff9"),
    *("\u00ad", "\u061c", "\u180e", "\u206a", "\u115f", "\u3164", "\ud800", "\udcff"),
]


@pytest.mark.parametrize("character", UNPRINTABLE)
def test_control_and_invisible_characters_are_escaped(character: str) -> None:
    shown = printable(f"safe{character}unsafe")
    assert character[0] not in shown
    assert shown.startswith("safe\\")
    assert printable(shown) == shown


@pytest.mark.parametrize(
    "text", ["", "a b", "ü", "日本語", "🚀", "👍🏽", "עברית", "[/x]", "\\", "\xa0"]
)
def test_other_characters_are_unchanged(text: str) -> None:
    assert printable(text) == text
    assert printable_json(text) == json.dumps(text, ensure_ascii=False)


@pytest.mark.parametrize("character", UNPRINTABLE)
def test_json_has_no_such_character_and_the_same_value(character: str) -> None:
    shown = printable_json({character: [character]})
    assert character[0] not in shown
    assert json.loads(shown) == {character: [character]}


def test_json_escapes_as_json_does() -> None:
    assert printable_json("a\nü🚀\x7f\x9b\u202e\U000e0041") == (
        r'"a\nü🚀\u007f\u009b\u202e\udb40\udc41"'
    )


@given(st.text(alphabet=st.characters(exclude_categories=[])))
def test_json_of_any_text_is_the_text(text: str) -> None:
    # A parser joins the two halves of a character, as Python does not.
    assert json.loads(printable_json(text)) == json.loads(json.dumps(text))
    assert not set(printable_json(text)) & set("\x1b\x7f\x9b\u202e\u200b\ufeff")
