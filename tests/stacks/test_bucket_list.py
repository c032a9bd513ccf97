"""The setting `buckets`."""

import re
from hashlib import blake2b
from itertools import count

import pytest

from reinventure import bucket_list
from reinventure.bucket_list import MAX_ATTACHED, MAX_BYTES, MAX_RULES, BucketList
from reinventure.event_patterns import patterns
from s3_catalog.model import scope
from s3_catalog.model.scope import Scope


def test_the_list_has_the_bucket_of_its_own_and_existing_ones() -> None:
    assert bucket_list.parse("create") == BucketList(create=True, attached=Scope(()))
    assert bucket_list.parse("photos, create ,logs/2026/") == BucketList(
        create=True, attached=scope.parse("logs/2026/,photos")
    )
    assert bucket_list.parse("photos") == BucketList(create=False, attached=scope.parse("photos"))
    # A bucket may be called so; its prefixes are not ambiguous.
    assert bucket_list.parse("create/a/").attached.buckets == ("create",)


@pytest.mark.parametrize("value", ["create", "create,logs/2026/,photos", "photos", "create/a/"])
def test_its_text_is_that_of_the_setting(value: str) -> None:
    assert str(bucket_list.parse(value)) == value


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "must be a comma-separated list of create, NAME and NAME/PREFIX/"),
        (" ", "must be a comma-separated list"),
        ("create,", "must be a comma-separated list"),
        ("None", "'None': a bucket name has 3 to 63"),
        ("create,photos,create", "'create' is named twice"),
        ("photos,photos", "'photos' is named twice"),
        ("photos,photos/a/", "'photos/a/' is part of 'photos'"),
        ("create,photos--usw2-az1--x-s3", "is the name of a directory bucket"),
        ("tables--table-s3", "is the name of a table bucket"),
        (f"logs/{'é' * 400}/", "the prefix is too long for an EventBridge pattern"),
        (
            ",".join(f"bucket-{n}" for n in range(MAX_ATTACHED + 1)),
            "33 buckets and prefixes are attached, a catalog has up to 32",
        ),
        (
            ",".join(f"{n:02}{'x' * 61}/{'p' * 35}/" for n in range(MAX_ATTACHED)),
            "have 3,231 bytes, a catalog has room for 3,000",
        ),
    ],
)
def test_another_value_is_refused_in_one_line(value: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)) as refused:
        bucket_list.parse(value)
    assert "\n" not in str(refused.value)


def test_a_list_that_needs_too_many_rules_is_refused() -> None:
    """Two long prefixes whose hashes begin alike, and a short one that leaves them at each bit."""

    def bits(entry: str) -> str:
        return f"{int.from_bytes(blake2b(entry.encode(), digest_size=32).digest(), 'big'):0256b}"

    long = f"logs/{'x' * 990}"
    alike = next(
        entry for n in count() if bits(entry := f"{long}{n}/")[:14] == bits(f"{long}/")[:14]
    )
    entries = [f"{long}/", alike]
    for depth in range(14):
        path = bits(alike)[:depth] + "10"[int(bits(alike)[depth])]
        entries.append(next(e for n in count() if bits(e := f"b-{n}").startswith(path)))
    assert len(patterns(scope.parse(",".join(entries)))) > MAX_RULES
    with pytest.raises(
        ValueError, match=f"need {len(entries)} EventBridge rules, a catalog has up to 12"
    ):
        bucket_list.parse(",".join(entries))


def test_the_largest_lists_are_accepted_and_need_few_rules() -> None:
    for value, most in [
        ("create," + ",".join(f"bucket-{n}" for n in range(MAX_ATTACHED)), 1),
        (",".join(f"{n:02}{'x' * 57}" for n in range(MAX_ATTACHED)), 4),
        (",".join(f"bucket-{n:02}/{'x' * 47}/" for n in range(MAX_ATTACHED)), 8),
        (",".join(f"logs/{n}{'x' * 980}/" for n in range(3)), 3),
    ]:
        attached = bucket_list.parse(value).attached
        assert len(str(attached).encode()) <= MAX_BYTES
        assert len(patterns(attached)) <= most
