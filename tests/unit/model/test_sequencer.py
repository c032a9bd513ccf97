"""The canonical form of a sequencer, and its order."""

from datetime import UTC, datetime, timedelta
from itertools import zip_longest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3_catalog.model import sequencer

raw = st.text("0123456789abcdefABCDEF", min_size=1, max_size=32)


def test_the_canonical_form_is_upper_case_and_padded_on_the_right() -> None:
    assert sequencer.canonical("0055aed6dcd90281e5") == "0055AED6DCD90281E5" + "0" * 14


@given(raw, raw)
def test_canonical_sequencers_compare_as_s3_documents(one: str, other: str) -> None:
    digits = list(zip_longest(one, other, fillvalue="0"))
    expected = [int(a, 16) for a, _ in digits] < [int(b, 16) for _, b in digits]
    assert (sequencer.canonical(one) < sequencer.canonical(other)) == expected


@pytest.mark.parametrize("bad", ["", "0x12", "12 ", "12\n", "١٢", "G"])
def test_another_character_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="not hexadecimal"):
        sequencer.canonical(bad)


def test_32_digits_stay_as_they_are() -> None:
    assert sequencer.canonical("1A" * 16) == "1A" * 16


def test_more_than_32_digits_are_refused() -> None:
    with pytest.raises(ValueError, match="33 digits"):
        sequencer.canonical("1" * 33)


NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("raw", "plausible"),
    [
        ("0055AED6DCD90281E5", True),
        ("0055AED6DC", True),
        (f"{int(NOON.timestamp()) + 300:010X}" + "0" * 8, True),
        (f"{int(NOON.timestamp()) + 301:010X}" + "0" * 8, False),
        ("0043B71B80", True),  # 2006 begins.
        ("0043B71B7F" + "F" * 8, False),
        ("F" * 32, False),
        ("0", False),
        ("55AED6DCD90281E5", False),  # In AWS's documents, without the first zeros.
        ("0000066128761999", False),  # Microseconds since 1970.
    ],
)
def test_a_sequencer_is_plausible_from_2006_to_five_minutes_from_now(
    raw: str, plausible: bool
) -> None:
    assert sequencer.plausible(sequencer.canonical(raw), NOON) is plausible
    assert not sequencer.plausible(sequencer.canonical(raw), NOON - timedelta(days=36_500))
