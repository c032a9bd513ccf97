"""The log of single keys: what a line has, what it never has, and when there is none."""

import importlib
import json
import logging
from datetime import UTC, datetime
from typing import Any

import pytest

from reinventure.local.patches.function_log import JsonLine
from s3_catalog import clients, key_log
from s3_catalog.model.event import Content, Event
from s3_catalog.model.inspection_result import InspectionResult
from s3_catalog.model.requester import Requester
from tests import doubles

HOSTILE = 'he said "hi" \\ * { $.x = 1 }\n\u2028\u202e<img src=x onerror=alert(1)>'


def event(key: str = "key") -> Event:
    time = datetime(2026, 11, 23, 12, 0, 0, 5000, UTC)
    content = Content(7, "e")
    by = Requester("AROASECRET:session", "192.0.2.7")
    return Event("bucket", key, "ObjectCreated:Put", time, "00600B", "v1", content, by)


def fields(record: logging.LogRecord) -> dict[str, Any]:
    line: dict[str, Any] = json.loads(JsonLine().format(record))
    return line


def test_lines_are_wanted_at_debug_only(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        assert importlib.reload(key_log).ENABLED
    with caplog.at_level(logging.INFO):
        assert not importlib.reload(key_log).ENABLED


def test_the_line_of_an_event_has_its_place_in_the_order_and_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG):
        key_log.log_event(key_log.ARRIVED, event(), message_id="m")
    [record] = caplog.records
    line = fields(record)
    assert line.pop("at") > 1_700_000_000_000_000
    del line["timestamp"]
    assert line == {
        "level": "DEBUG",
        "message": "arrived",
        "logger": "key",
        "place": key_log.place("bucket", "key"),
        "bucket": "bucket",
        "key": "key",
        "sequencer": "00600B",
        "version_id": "v1",
        "event_name": "ObjectCreated:Put",
        "event_time": "2026-11-23T12:00:00.005Z",
        "size": 7,
        "message_id": "m",
    }


def test_a_hostile_key_is_one_line_and_reads_back(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        key_log.log_event(key_log.ARRIVED, event(HOSTILE))
    [record] = caplog.records
    assert len(JsonLine().format(record).splitlines()) == 1
    assert fields(record)["key"] == HOSTILE


@pytest.mark.parametrize("key", ["key", HOSTILE, "\U0001f680", "a" * 1024])
def test_a_place_has_hexadecimal_digits_only(key: str) -> None:
    place = key_log.place("bucket", key)
    assert len(place) == 32
    assert set(place) <= set("0123456789abcdef")


def test_places_of_other_buckets_and_keys_differ() -> None:
    places = {key_log.place(bucket, key) for bucket in ("a", "b") for key in ("k", "l", "k/l")}
    assert len(places) == 6


def test_a_row_is_logged_without_what_its_object_contains_and_who_made_it() -> None:
    inspected = InspectionResult("2026-11-23T12:00:00Z", sha256="00")
    row = doubles.row(inspected=inspected, requester="AROASECRET", source_ip="192.0.2.7")
    assert key_log.of_row(row) == {
        "sequencer": row.sequencer,
        "event_time": "2026-11-23T12:00:00.005Z",
        "event_name": "ObjectCreated:Put",
        "size": 7,
        "etag": "e",
    }
    assert key_log.of_row(None) is None


def test_a_failure_is_logged_at_every_level(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        key_log.log_failure("bucket", HOSTILE, "00600B", ValueError("x" * 5000))
    [record] = caplog.records
    line = fields(record)
    assert (line["level"], line["message"], line["bucket"]) == ("ERROR", "failed", "bucket")
    assert (line["key"], line["sequencer"]) == (HOSTILE, "00600B")
    assert line["reason"] == "x" * 1000


def test_aws_libraries_log_no_requests(caplog: pytest.LogCaptureFixture) -> None:
    clients.session.cache_clear()
    with caplog.at_level(logging.DEBUG):
        clients.session()
        for name in ("botocore.auth", "botocore.endpoint", "urllib3.connectionpool"):
            assert not logging.getLogger(name).isEnabledFor(logging.INFO)
