"""The comparison of a listing with the rows of the catalog."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3_catalog.model.row import BEFORE_ALL, Row, agree, is_complete
from s3_catalog.model.stored_object import StoredObject
from s3_catalog.reconciliation.difference import (
    Difference,
    Kind,
    difference,
    differences,
    side_by_side,
)

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def row(key: str, size: int, etag: str, version_id: str | None = None) -> Row:
    return Row("bucket", key, BEFORE_ALL, "t", "ObjectCreated:Put", version_id, size, etag, None)


def stored(key: str, size: int, etag: str, version_id: str | None = None) -> StoredObject:
    return StoredObject(key, size, etag, version_id, modified=NOW, asked_at=NOW)


contents = st.dictionaries(
    st.text("abé🚀/", min_size=1, max_size=3),
    st.tuples(st.integers(0, 1), st.sampled_from(["x", "y"])),
)


def listing(
    bucket: dict[str, tuple[int, str]], ends: set[str]
) -> Iterator[tuple[str, StoredObject | None]]:
    """A listing of `bucket` with the ends of pages at some keys, objects or not."""
    for key in sorted(bucket.keys() | ends):
        if key in bucket:
            yield key, stored(key, *bucket[key])
        if key in ends:
            yield key, None


@given(contents, contents, st.sets(st.text("abé🚀/", min_size=1, max_size=3)))
def test_every_difference_is_found_and_nothing_else(
    bucket: dict[str, tuple[int, str]], catalog: dict[str, tuple[int, str]], ends: set[str]
) -> None:
    found = differences(listing(bucket, ends), (row(key, *catalog[key]) for key in sorted(catalog)))
    expected = {}
    for key in bucket.keys() | catalog.keys():
        if key not in catalog:
            expected[key] = Kind.MISSING
        elif key not in bucket:
            expected[key] = Kind.GHOST
        elif bucket[key] != catalog[key]:
            expected[key] = Kind.STALE
    assert {difference.key: difference.kind for difference in found} == expected


@given(contents, contents, st.sets(st.text("abé🚀/", min_size=1, max_size=3)))
def test_at_the_end_of_a_page_exactly_the_keys_up_to_it_have_been_yielded(
    bucket: dict[str, tuple[int, str]], catalog: dict[str, tuple[int, str]], ends: set[str]
) -> None:
    rows = (row(key, *catalog[key]) for key in sorted(catalog))
    expected = sorted(bucket.keys() | catalog.keys())
    page_ends = []
    for key, object_, row_ in side_by_side(listing(bucket, ends), rows):
        if object_ or row_:
            assert expected.pop(0) == key
        else:
            page_ends.append(key)
            assert not expected or expected[0] > key
    assert expected == []
    assert page_ends == sorted(ends)


@pytest.mark.parametrize(
    ("of_row", "current", "same"),
    [("v1", "v1", True), ("v1", "v2", False), ("v1", None, False), (None, "v1", True)],
)
def test_versions_are_compared_if_the_row_has_one(
    of_row: str | None, current: str | None, same: bool
) -> None:
    assert agree(row("k", 1, "x", of_row), stored("k", 1, "x", current)) is same


@pytest.mark.parametrize(
    ("of_row", "listed", "agrees", "complete"),
    [
        ((None, None), (None, None), True, True),
        ((None, None), ("GLACIER", None), True, False),
        (("GLACIER", None), ("GLACIER", None), True, True),
        (("GLACIER", None), ("DEEP_ARCHIVE", None), False, False),
        (("GLACIER", None), (None, None), False, False),
        (("GLACIER", None), ("GLACIER", "IN_PROGRESS"), True, False),
        (("GLACIER", "IN_PROGRESS"), ("GLACIER", None), False, False),
    ],
)
def test_a_missing_class_or_restore_state_is_no_difference_but_incomplete(
    of_row: tuple[str | None, ...], listed: tuple[str | None, ...], agrees: bool, complete: bool
) -> None:
    mine = replace(row("k", 1, "x"), storage_class=of_row[0], restore=of_row[1])
    theirs = replace(stored("k", 1, "x"), storage_class=listed[0], restore=listed[1])
    assert agree(mine, theirs) is agrees
    assert (difference(theirs, mine, NOW) is None) is agrees
    assert is_complete(mine, theirs) is complete
    assert (difference(theirs, mine, NOW, is_complete) is None) is complete


def test_no_object_agrees_with_no_row_and_with_a_tombstone() -> None:
    tombstone = replace(row("k", 1, "x"), size=None, etag=None, expires_at=1)
    assert agree(None, None)
    assert agree(tombstone, None)
    assert not agree(tombstone, stored("k", 1, "x"))
    assert not agree(row("k", 1, "x"), None)


def test_a_difference_has_both_sides() -> None:
    objects = [stored("a", 1, "x"), stored("b", 2, "x")]
    rows = [row("b", 1, "x"), row("c", 1, "x")]
    assert list(differences([(each.key, each) for each in objects], rows)) == [
        Difference(Kind.MISSING, "a", objects[0], None),
        Difference(Kind.STALE, "b", objects[1], rows[0]),
        Difference(Kind.GHOST, "c", None, rows[1]),
    ]


@pytest.mark.parametrize(
    ("sequencer", "implausible"),
    [
        ("F" * 32, True),
        ("0" * 31 + "1", True),
        ("006A000000" + "0" * 22, False),  # Of May 2026.
        ("006C000000" + "0" * 22, True),  # Of May 2027.
        (BEFORE_ALL, False),
    ],
)
@pytest.mark.parametrize("deleted", [False, True])
def test_a_row_with_an_implausible_sequencer_differs_also_if_its_content_is_right(
    sequencer: str, implausible: bool, deleted: bool
) -> None:
    forged = replace(row("k", 1, "x"), sequencer=sequencer)
    there = None if deleted else stored("k", 1, "x")
    if deleted:
        forged = replace(forged, size=None, etag=None, expires_at=1)
    found = difference(there, forged, NOW)
    assert found == (Difference(Kind.IMPLAUSIBLE, "k", there, forged) if implausible else None)
