"""The state in a message: its fields, and the limits of the columns."""

import json
from typing import Any

import pytest

from s3_catalog.exceptions import UnreadableError
from s3_catalog.sql_mirror.state import State, parse


def message(**fields: Any) -> str:
    """Return a message of the change feed with these `fields` in place of the usual ones."""
    new = {"size": 7, "etag": "e", "version_id": None, "time": "2026-11-23T10:16:00.000Z"}
    usual = {
        "bucket": "bucket",
        "key": "k",
        "sequencer": "0A" * 16,
        "asked_at": None,
        "time": "2026-11-23T10:16:00.123Z",
        "event": "ObjectCreated:Put",
        "new": new,
    }
    return json.dumps({**usual, **fields})


def test_the_fields_of_a_state() -> None:
    assert parse(message(asked_at=1_764_000_000_000_000)) == State(
        bucket="bucket",
        key="k",
        size=7,
        etag="e",
        version_id=None,
        changed_at="2026-11-23 10:16:00.123",
        event="ObjectCreated:Put",
        place="0A" * 16 + "00001764000000000000",
    )


@pytest.mark.parametrize("bucket", ["attached", "b" * 63])
def test_a_state_may_be_of_any_bucket(bucket: str) -> None:
    assert parse(message(bucket=bucket)).bucket == bucket


def test_a_healed_state_is_after_all_that_are_not_and_in_the_order_of_its_lookups() -> None:
    places = [
        parse(message(sequencer=sequencer, asked_at=asked_at, healed_at=healed_at)).place
        for sequencer, asked_at, healed_at in (
            ("0A" * 16, 5, None),
            ("F" * 32, 10**20 - 1, None),
            ("0" * 32, 6, 6),
            ("0A" * 16, 7, 6),
            ("0" * 32, 10**20 - 1, 6),
        )
    ]
    assert places == sorted(places)
    assert len(set(places)) == len(places)
    assert max(map(len, places)) <= 52  # Of the column.


def test_a_healed_state_is_of_a_lookup() -> None:
    with pytest.raises(UnreadableError, match="asked_at 'None' is not a number"):
        parse(message(asked_at=None, healed_at=6))


def test_a_deletion_has_neither_size_nor_etag() -> None:
    state = parse(message(new=None))
    assert (state.size, state.etag, state.version_id) == (None, None, None)


def test_a_new_state_without_a_size_is_no_deletion() -> None:
    with pytest.raises(UnreadableError, match="size 'None' is not a number"):
        parse(message(new={}))


@pytest.mark.parametrize(
    ("fits", "exceeds"),
    [
        ({"event": "e" * 255}, {"event": "e" * 256}),
        ({"asked_at": 10**20 - 1}, {"asked_at": 10**20}),
        ({"asked_at": 0}, {"asked_at": -1}),
        ({"new": {"size": 0, "etag": "e"}}, {"new": {"size": -1, "etag": "e"}}),
        ({"new": {"size": 2**63 - 1, "etag": "e"}}, {"new": {"size": 2**63, "etag": "e"}}),
        ({"new": {"size": 1, "etag": "e" * 255}}, {"new": {"size": 1, "etag": "e" * 256}}),
        ({"bucket": "b" * 63}, {"bucket": "b" * 64}),
        (
            {"new": {"size": 1, "etag": "e", "version_id": "v" * 1024}},
            {"new": {"size": 1, "etag": "e", "version_id": "v" * 1025}},
        ),
    ],
    ids=[
        "event",
        "asked_at",
        "negative asked_at",
        "negative size",
        "size",
        "etag",
        "bucket",
        "version_id",
    ],
)
def test_a_value_that_does_not_fit_its_column_is_refused(
    fits: dict[str, Any], exceeds: dict[str, Any]
) -> None:
    parse(message(**fits))
    with pytest.raises(UnreadableError):
        parse(message(**exceeds))
