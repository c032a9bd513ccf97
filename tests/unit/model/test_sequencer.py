"""The canonical form of a sequencer, and its order."""

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
