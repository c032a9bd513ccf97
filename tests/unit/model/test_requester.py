"""The requester of a row: read from an event, found by an id, and kept by a lookup or not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from s3_catalog.model.event import Content, Event
from s3_catalog.model.requester import (
    MAX_ID,
    MAX_SOURCE,
    UNKNOWN,
    Requester,
    is_by,
    of_lookup,
    requester,
)
from s3_catalog.model.stored_object import StoredObject
from tests import doubles

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ANN, BOB = Requester("A:ann", "192.0.2.1"), Requester("A:bob", "192.0.2.1")
LIFECYCLE = Requester("s3.amazonaws.com", "s3.amazonaws.com")
SEQUENCER = "00600A" + "0" * 26

UNVERSIONED = StoredObject("key", 7, "e", None, NOON, NOON)
VERSION = replace(UNVERSIONED, version_id="v1")
ROW = doubles.row(requester="A:ann", source_ip="192.0.2.1")
OF_VERSION = replace(ROW, version_id="v1")
TOMBSTONE = replace(ROW, size=None, etag=None, expires_at=1)


def event(name: str, by: Requester, seconds: float = 60, **changes: Any) -> Event:
    """An event `seconds` after that of `ROW`."""
    time = datetime.fromisoformat(ROW.event_time) + timedelta(seconds=seconds)
    content = Content(7, "e") if name.startswith("ObjectCreated") else None
    sequencer = SEQUENCER if name.endswith(("Put", "MarkerCreated")) else None
    return replace(
        Event("bucket", "key", name, time, sequencer, None, content, requester=by), **changes
    )


@pytest.mark.parametrize(
    ("id", "source", "found"),
    [
        ("AWS:AROAEXAMPLE:ann", "192.0.2.1", Requester("AROAEXAMPLE:ann", "192.0.2.1")),
        ("AIDAEXAMPLE", "2001:db8::1", Requester("AIDAEXAMPLE", "2001:db8::1")),
        ("s3.amazonaws.com", "s3.amazonaws.com", Requester("s3.amazonaws.com", "s3.amazonaws.com")),
        ("x" * MAX_ID, "1.2.3", Requester("x" * MAX_ID, None)),
        ("x" * (MAX_ID + 1), "evil.example.com", UNKNOWN),
        ("AWS:", "192.0.2.1\n", UNKNOWN),
        ("a\x1b[2Jb", "::1%" + "z" * 60, UNKNOWN),
        ("ü", "192.0.2.1 ", UNKNOWN),
        ("a b", "fe80::1%\x1b[2J", UNKNOWN),
    ],
)
def test_an_event_names_a_requester_that_fits_a_row(id: str, source: str, found: Requester) -> None:
    assert requester(id, source) == found


@pytest.mark.parametrize("id", ["A:ann", "A", "ann", "AWS:A:ann"])
def test_a_requester_is_found_by_the_whole_or_a_part(id: str) -> None:
    assert is_by("A:ann", id)
    for other in (None, "A:anna", "AA:nn", ""):
        assert not is_by(other, "ann")


def test_events_of_storage_keep_the_requester_of_the_same_object_and_of_a_deletion() -> None:
    moved = event("LifecycleTransition", LIFECYCLE)
    for seen, found in ((ROW, UNVERSIONED), (OF_VERSION, VERSION), (TOMBSTONE, None)):
        assert of_lookup(seen, found, [moved]) == ANN
        assert of_lookup(seen, found, []) == ANN
    for seen, found in ((ROW, replace(UNVERSIONED, etag="f")), (ROW, None), (TOMBSTONE, VERSION)):
        assert of_lookup(seen, found, [moved]) == UNKNOWN
    assert of_lookup(None, VERSION, [moved]) == UNKNOWN


def test_a_version_has_the_requester_of_its_own_event() -> None:
    put = event("ObjectCreated:Put", BOB, version_id="v1")
    assert of_lookup(None, VERSION, [put]) == BOB
    assert of_lookup(OF_VERSION, VERSION, [event("ObjectRemoved:Delete", BOB)]) == ANN
    other = event("ObjectCreated:Put", BOB, version_id="v2")
    assert of_lookup(None, VERSION, [other]) == UNKNOWN
    assert of_lookup(None, VERSION, [replace(put, sequencer=None)]) == UNKNOWN


def test_without_a_version_id_an_object_that_was_made_anew_has_none() -> None:
    assert of_lookup(ROW, UNVERSIONED, [event("ObjectCreated:Put", BOB)]) == UNKNOWN
    assert of_lookup(ROW, UNVERSIONED, [event("ObjectRemoved:Delete", BOB)]) == UNKNOWN


@pytest.mark.parametrize(
    ("seconds", "found"), [(-60, ANN), (-10, UNKNOWN), (10, UNKNOWN), (60, BOB)]
)
def test_of_two_deletions_the_certainly_later_one_counts(seconds: int, found: Requester) -> None:
    deleted = event("ObjectRemoved:Delete", BOB, seconds)
    assert of_lookup(TOMBSTONE, None, [deleted]) == found
    assert of_lookup(TOMBSTONE, None, [replace(deleted, requester=ANN)]) == ANN


def test_a_deletion_counts_unless_something_else_came_after_it() -> None:
    deleted = event("ObjectRemoved:Delete", BOB)
    assert of_lookup(None, None, [deleted]) == BOB
    assert of_lookup(ROW, None, [deleted]) == BOB
    assert of_lookup(ROW, None, [event("ObjectRemoved:Delete", BOB, -60)]) == UNKNOWN
    later = event("ObjectCreated:Put", ANN, 70)
    assert of_lookup(ROW, None, [deleted, later]) == UNKNOWN
    forged = event("ObjectRemoved:DeleteMarkerCreated", BOB, sequencer=None)
    assert of_lookup(None, None, [forged]) == UNKNOWN


def test_the_removal_of_a_version_deletes_nothing_that_is_deleted_already() -> None:
    removed = event("LifecycleExpiration:Delete", LIFECYCLE, version_id="v1")
    assert of_lookup(TOMBSTONE, None, [removed]) == ANN
    assert of_lookup(OF_VERSION, None, [removed]) == LIFECYCLE
    marker = event("LifecycleExpiration:DeleteMarkerCreated", LIFECYCLE, version_id="v2")
    assert of_lookup(TOMBSTONE, None, [marker]) == LIFECYCLE


def is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


parts = st.sampled_from(["", "0", "1", "00", "255", "256", "abcd", "FFFF", "12345", "1.2.3.4"])


@given(
    st.ip_addresses().map(str)
    | st.builds(str.join, st.sampled_from(".:"), st.lists(parts, min_size=1, max_size=9))
    | st.text("0123456789abcdefABCDEF.:", max_size=45)
)
def test_an_address_is_what_python_takes_for_one(text: str) -> None:
    assume(len(text) <= MAX_SOURCE)
    assert (requester(None, text).source_ip == text) == is_address(text)
