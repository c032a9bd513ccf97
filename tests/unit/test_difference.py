from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.bucket import StoredObject
from catalog.difference import Kind, agree, differences
from catalog.row import Row

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def row(key: str, size: int, etag: str, version_id: str | None = None) -> Row:
    return Row("bucket", key, "A", "t", "ObjectCreated:Put", version_id, size, etag, None)


def thing(key: str, size: int, etag: str, version_id: str | None = None) -> StoredObject:
    return StoredObject(key, size, etag, version_id, modified=NOW, asked_at=NOW)


contents = st.dictionaries(
    st.text("abé🚀/", min_size=1, max_size=3),
    st.tuples(st.integers(0, 1), st.sampled_from(["x", "y"])),
)


@given(contents, contents)
def test_finds_every_difference_and_no_other(
    bucket: dict[str, tuple[int, str]], catalog: dict[str, tuple[int, str]]
) -> None:
    found = differences(
        (thing(key, *bucket[key]) for key in sorted(bucket)),
        (row(key, *catalog[key]) for key in sorted(catalog)),
    )
    expected = {}
    for key in bucket.keys() | catalog.keys():
        if key not in catalog:
            expected[key] = Kind.MISSING
        elif key not in bucket:
            expected[key] = Kind.GHOST
        elif bucket[key] != catalog[key]:
            expected[key] = Kind.STALE
    assert {difference.key: difference.kind for difference in found} == expected


@pytest.mark.parametrize(
    ("known", "current", "same"),
    [("v1", "v1", True), ("v1", "v2", False), ("v1", None, False), (None, "v1", True)],
)
def test_versions_differ_where_the_row_knows_one(
    known: str | None, current: str | None, same: bool
) -> None:
    assert agree(row("k", 1, "x", known), thing("k", 1, "x", current)) is same


def test_no_object_agrees_with_no_row_and_with_a_tombstone() -> None:
    tombstone = replace(row("k", 1, "x"), size=None, etag=None, expires_at=1)
    assert agree(None, None)
    assert agree(tombstone, None)
    assert not agree(tombstone, thing("k", 1, "x"))
    assert not agree(row("k", 1, "x"), None)
