import json
from dataclasses import replace

import pytest

from catalog.row import Row
from reinventure import output

ROW = Row("b", "a\nb ü🚀", "0A", "2026-11-23T12:00:00.005Z", "ObjectCreated:Put", "v", 7, "e", None)


def test_json_gives_the_key_exactly_and_every_field() -> None:
    line = output.as_json(ROW)
    assert "\n" not in line
    assert json.loads(line) == {
        "bucket": "b",
        "key": "a\nb ü🚀",
        "size": 7,
        "etag": "e",
        "version_id": "v",
        "sequencer": "0A",
        "event_time": "2026-11-23T12:00:00.005Z",
        "event_name": "ObjectCreated:Put",
    }


def test_a_line_shows_time_size_and_key() -> None:
    assert output.as_line(ROW) == "2026-11-23 12:00:00              7 a\\nb ü🚀"


def test_a_tombstone_says_that_it_is_one() -> None:
    tombstone = replace(ROW, size=None, etag=None, expires_at=1)
    assert output.as_line(tombstone) == "2026-11-23 12:00:00        deleted a\\nb ü🚀"
    shown = json.loads(output.as_json(tombstone))
    assert (shown["deleted"], shown["size"], shown["etag"]) == (True, None, None)
    assert shown.keys() == {*json.loads(output.as_json(ROW)), "deleted"}


@pytest.mark.parametrize("control", ["\x1b[31m", "\r", "\x00", "\x9b", "\u202e", "\u2028"])
def test_no_key_can_control_the_terminal(control: str) -> None:
    shown = output.printable(f"safe{control}unsafe")
    assert control[0] not in shown
    assert shown.startswith("safe\\")
