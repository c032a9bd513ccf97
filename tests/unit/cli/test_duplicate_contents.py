"""Equal contents, against an oracle in memory."""

import sqlite3
from collections import defaultdict
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reinventure.cli.duplicate_contents import Contents
from reinventure.errors import UserError
from s3_catalog.model.inspection_result import InspectionResult
from s3_catalog.model.row import Row
from tests.unit.model.test_object_key import keys

NOW = "2026-11-23T12:00:00.005Z"
ROW = Row("b", "k", "0A", NOW, "ObjectCreated:Put", "v", 7, "e", None)


def row(key: str, content: bytes | None) -> Row:
    """The row of an object with this content, or of one that has not been inspected."""
    if content is None:
        return replace(ROW, key=key)
    found = InspectionResult(NOW, sha256(content).hexdigest())
    return replace(ROW, key=key, size=len(content), inspected=found)


contents = st.none() | st.sampled_from([b"a", b"bb", b"BB", b"c" * 100]) | st.binary(max_size=2)


@given(st.dictionaries(keys | st.sampled_from(["a\0b", "a\0c", "é", "🚀"]), contents))
def test_it_finds_the_copies_that_an_oracle_finds(objects: dict[str, bytes | None]) -> None:
    expected = defaultdict(list)
    for key, content in objects.items():
        if content is not None:
            expected[content].append(key)
    with Contents() as found:
        known = [found.add(row(key, content)) for key, content in objects.items()]
        copies = [(each, list(each.keys())) for each in found.copies()]
    assert known == [content is not None for content in objects.values()]
    assert {each.sha256: (each.size, each.count, each.wasted, names) for each, names in copies} == {
        sha256(content).hexdigest(): (
            len(content),
            len(names),
            len(content) * (len(names) - 1),
            sorted(names, key=str.encode),
        )
        for content, names in expected.items()
        if len(names) > 1
    }
    wasted = [each.wasted for each, _ in copies]
    assert wasted == sorted(wasted, reverse=True)


def test_an_object_without_a_hash_is_left_out() -> None:
    with Contents() as found:
        assert not found.add(replace(ROW, inspected=InspectionResult(NOW, error="out of time")))
        assert not list(found.copies())


def test_a_full_disk_is_an_error_for_the_user() -> None:
    with pytest.raises(UserError, match=r"cannot be used: database or disk is full\. "), Contents():
        raise sqlite3.OperationalError("database or disk is full")
