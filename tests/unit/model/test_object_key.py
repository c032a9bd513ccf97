"""Object keys: decoding, limits and partitions."""

from collections import Counter
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3_catalog.model import object_key as key

keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=256)


@given(keys)
def test_decoding_returns_the_key_that_s3_encoded(original: str) -> None:
    assert key.decode(quote_plus(original, safe="/")) == original


def test_a_space_is_a_plus_and_a_plus_is_not() -> None:
    assert key.decode("a+b%2Bc") == "a b+c"


def test_a_key_is_decoded_once() -> None:
    assert key.decode("a%2520b") == "a%20b"


def test_a_key_may_have_1024_bytes() -> None:
    assert key.decode("%F0%9F%9A%80" * 256) == "🚀" * 256


@pytest.mark.parametrize(
    ("encoded", "message"),
    [
        ("", "0 bytes"),
        ("x" * 1025, "1025 bytes"),
        ("%F0%9F%9A%80" * 257, "1028 bytes"),
        ("%FF", "not UTF-8"),
        ("\ud800", "not valid Unicode"),
    ],
)
def test_a_key_that_s3_does_not_allow_is_refused(encoded: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        key.decode(encoded)


@given(keys, st.integers(1, 256))
def test_a_key_is_in_one_of_the_partitions(name: str, shards: int) -> None:
    assert key.partition("bucket", name, shards) in key.partitions("bucket", shards)


def test_the_partition_of_a_key_never_changes() -> None:
    # Another hash would orphan every stored row.
    assert key.partition("bucket", "photos/2014/sunrise.png", 16) == "bucket#16#11"
    assert key.partition("bucket", "🚀", 16) == "bucket#16#6"


def test_one_hot_prefix_spreads_evenly() -> None:
    counts = Counter(key.partition("b", f"logs/2026/11/23/{n:06}", 16) for n in range(16_000))
    assert len(counts) == 16
    assert max(counts.values()) < 1_150


def test_two_numbers_of_shards_share_no_partition() -> None:
    assert not set(key.partitions("bucket", 16)) & set(key.partitions("bucket", 32))
