"""Which keys are in the scope of a catalog."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3_catalog.model import scope
from s3_catalog.model.scope import Entry, Scope
from tests.scopes import KEYS, NAMES, SCOPES


def test_a_scope_has_whole_buckets_and_prefixes() -> None:
    found = scope.parse(" photos-prod , logs-prod/2026/,logs-prod/2024/a b/ ")
    assert found == Scope(
        (Entry("logs-prod", "2024/a b/"), Entry("logs-prod", "2026/"), Entry("photos-prod"))
    )
    assert found.buckets == ("logs-prod", "photos-prod")
    assert found.prefixes("logs-prod") == ("2024/a b/", "2026/")
    assert found.prefixes("photos-prod") == ("",)
    assert found.prefixes("photos") == ()
    assert ("photos-prod", "any key") in found
    assert ("logs-prod", "2026/") in found
    assert ("logs-prod", "2026/1/2") in found
    assert ("logs-prod", "2026") not in found
    assert ("logs-prod", "2025/1") not in found
    assert ("logs-prod", "2024/a b") not in found
    assert ("other", "2026/1") not in found


def test_an_empty_text_is_the_empty_scope() -> None:
    assert scope.parse("") == scope.parse(" ") == Scope(())
    assert ("photos-prod", "key") not in Scope(())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("photos-prod,", "'': a bucket name has"),
        ("photos-prod,Logs", "'Logs': a bucket name has 3 to 63 lower-case letters"),
        ("s3://photos-prod", "'s3://photos-prod': a bucket name has"),
        ("photos-prod/", "'photos-prod/': must be NAME or NAME/PREFIX/"),
        ("photos-prod/2026", "'photos-prod/2026': must be NAME or NAME/PREFIX/"),
        ("photos-prod/東京/", "'photos-prod/東京/': an IAM policy cannot name this prefix"),
        ("photos-prod/a\x1fb/", r"'photos-prod/a\\x1fb/': an IAM policy cannot name"),
        ("photos-prod/a*/", r"'photos-prod/a\*/': an IAM policy cannot name .* are patterns"),
        ("photos-prod/${x}/", "an IAM policy cannot name this prefix"),
        (f"photos-prod/{'a' * 1024}/", "the prefix is longer than a key"),
        ("photos-prod,logs-prod,photos-prod", "'photos-prod' is named twice"),
        ("logs-prod/a/, logs-prod/a/", "'logs-prod/a/' is named twice"),
        ("logs-prod/a/,logs-prod", "'logs-prod/a/' is part of 'logs-prod': name one of them"),
        ("logs-prod/a/b/,logs-prod/a/", "'logs-prod/a/b/' is part of 'logs-prod/a/'"),
        ("logs-prod/a/,logs-prod/a-/,logs-prod/a/b/", "'logs-prod/a/b/' is part of"),
        ("photos--usw2-az1--x-s3/a/", "is the name of a directory bucket"),
    ],
)
def test_an_invalid_entry_is_refused_by_name(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as refused:
        scope.parse(text)
    assert "\n" not in str(refused.value)


@given(SCOPES)
def test_a_scope_survives_the_way_through_its_text(each: Scope) -> None:
    assert scope.parse(str(each)) == each
    assert scope.of(reversed(each.entries)) == each


@given(SCOPES, NAMES, KEYS)
def test_a_key_is_in_the_scope_if_an_entry_has_it_and_in_one_entry_only(
    each: Scope, bucket: str, key: str
) -> None:
    matching = [
        entry
        for entry in each.entries
        if entry.bucket == bucket and key[: len(entry.prefix)] == entry.prefix
    ]
    assert len(matching) == ((bucket, key) in each)


@given(SCOPES)
def test_prefixes_and_entries_are_the_same(each: Scope) -> None:
    assert each.entries == tuple(
        Entry(bucket, prefix) for bucket in each.buckets for prefix in each.prefixes(bucket)
    )


@given(st.lists(st.tuples(NAMES, st.sampled_from(["", "a/", "a/b/", "b/"]))))
def test_entries_that_share_a_key_are_refused_and_others_are_not(
    pairs: list[tuple[str, str]],
) -> None:
    entries = [Entry(bucket, prefix) for bucket, prefix in pairs]
    shared = any(
        one.bucket == other.bucket and other.prefix.startswith(one.prefix)
        for n, one in enumerate(entries)
        for m, other in enumerate(entries)
        if n != m
    )
    if shared:
        with pytest.raises(ValueError, match=r"named twice|is part of"):
            scope.of(entries)
    else:
        assert set(scope.of(entries).entries) == set(entries)


@given(SCOPES, NAMES, st.text("ab/"), st.text("ab/"))
def test_the_prefixes_under_another_select_the_keys_of_both(
    each: Scope, bucket: str, prefix: str, key: str
) -> None:
    chosen = each.under(bucket, prefix)
    both = (bucket, key) in each and key.startswith(prefix)
    assert sum(key.startswith(one) for one in chosen) == both
    assert list(chosen) == sorted(chosen)


@given(SCOPES, NAMES, st.text("ab/"))
def test_a_key_is_in_the_scope_or_in_one_range_outside(each: Scope, bucket: str, key: str) -> None:
    holding = [
        (after, until)
        for after, until in each.outside(bucket)
        if after < key and (until is None or key <= until)
    ]
    # The end of a range is a prefix, which is in the scope.
    inside = (bucket, key) in each
    assert len(holding) == 1 if key and not inside else all(until == key for _, until in holding)


@pytest.mark.parametrize("prefix", ["a/", "é/", "aé/", "aaa/", "a" * 1023 + "/"])
def test_the_ranges_outside_begin_after_the_greatest_key_of_a_prefix(prefix: str) -> None:
    _, (after, until) = scope.parse(f"bucket/{prefix}").outside("bucket")
    assert after.startswith(prefix)
    assert len(after.encode()) == 1024
    for greatest in ("\U0010ffff" * 9, "\uffff" * 9, "\u07ff", "\x7f"):
        key = (prefix + greatest).encode()[:1024].decode(errors="ignore")
        assert key <= after
    assert after < prefix[:-1] + "0"
    assert until is None


def test_nothing_is_outside_of_a_whole_bucket_and_all_of_one_that_is_not_in_the_scope() -> None:
    assert scope.parse("photos").outside("photos") == ()
    assert scope.parse("photos").outside("photos-prod") == (("", None),)
