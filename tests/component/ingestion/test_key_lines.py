"""The lines that `ingest` logs at the level DEBUG: what became of each event, and why."""

import logging
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError

from s3_catalog.model.row import Row
from s3_catalog.model.stored_object import StoredObject
from s3_catalog.model.timestamps import utc_now
from s3_catalog.s3.bucket import Bucket
from s3_catalog.table.store import Store
from tests.doubles import lines_of_keys

BUCKET = "photos-example"
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[Lines]:
    """The fields of the lines of keys since the last call."""

    def read() -> list[dict[str, Any]]:
        found = [vars(each) for each in caplog.records if each.name == "key"]
        caplog.clear()
        return found

    with lines_of_keys(caplog):
        yield read


def record(
    sequencer: str, size: int = 1, second: int = 0, key: str = "k", name: str = "ObjectCreated:Put"
) -> dict[str, Any]:
    stored: dict[str, Any] = {"key": key, "sequencer": f"0060{sequencer}", "versionId": sequencer}
    if name.startswith("ObjectCreated"):
        stored |= {"size": size, "eTag": "e"}
    return {
        "eventName": name,
        "eventTime": f"2026-11-23T12:00:{second:02}.000Z",
        "userIdentity": {"principalId": "AWS:AROASECRET:somebody"},
        "requestParameters": {"sourceIPAddress": "192.0.2.7"},
        "s3": {"bucket": {"name": BUCKET}, "object": stored},
    }


def deliver(ingest: ModuleType, *records: dict[str, Any]) -> None:
    ingest.handler({"Records": list(records)}, None)


def decisions(found: list[dict[str, Any]]) -> list[tuple[str, str | None, int | None, int | None]]:
    """Outcome, clause, and the sizes in the rows before and after; None without a row."""
    return [
        (
            each["outcome"],
            each.get("clause"),
            (each.get("before") or {}).get("size"),
            (each.get("after") or {}).get("size"),
        )
        for each in found
        if each["message"] == "decided"
    ]


def test_each_event_arrives_and_is_decided(ingest: ModuleType, lines: Lines) -> None:
    deliver(ingest, record("0A", 1))
    assert [each["message"] for each in lines()] == ["arrived", "decided"]


def test_an_overwrite_a_duplicate_and_a_late_event(ingest: ModuleType, lines: Lines) -> None:
    for each in (record("0A", 1), record("0C", 3), record("0C", 3), record("0B", 2)):
        deliver(ingest, each)
    assert decisions(lines()) == [
        ("written", "ROW_MISSING", None, 1),
        ("written", "EVENT_IS_NEWER", 1, 3),
        ("superseded", "EVENT_IS_NEWER", 3, 3),
        ("superseded", "EVENT_IS_NEWER", 3, 3),
    ]


def test_a_batch_has_a_line_for_each_key(ingest: ModuleType, lines: Lines) -> None:
    deliver(ingest, record("0A", 1, key="a"), record("0A", 1, key="b"))
    lines()
    deliver(ingest, record("0B", 2, key="a"), record("0A", 1, key="b"), record("0A", 1, key="c"))
    found = lines()
    assert {
        each["key"]: outcome[:2]
        for each, outcome in zip(
            [each for each in found if each["message"] == "decided"], decisions(found), strict=True
        )
    } == {
        "a": ("written", "EVENT_IS_NEWER"),
        "b": ("superseded", "EVENT_IS_NEWER"),
        "c": ("written", "ROW_MISSING"),
    }


def test_an_event_that_another_of_its_delivery_supersedes(ingest: ModuleType, lines: Lines) -> None:
    deliver(ingest, record("0A", 1), record("0B", 2))
    assert decisions(lines()) == [
        ("coalesced", "EVENT_IS_NEWER", None, None),
        ("written", "ROW_MISSING", None, 2),
    ]


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> None:
    found = StoredObject(
        key="k", size=5, etag="e", version_id="v", modified=utc_now(), asked_at=utc_now()
    )
    monkeypatch.setattr(Bucket, "current", lambda *_: found)


def test_times_that_contradict_the_order_cause_a_lookup(
    ingest: ModuleType, stored: None, lines: Lines
) -> None:
    deliver(ingest, record("0A", 1, second=30))
    deliver(ingest, record("0B", 2, second=5))
    assert decisions(lines())[1:] == [
        ("undecided", "TIMES_AGREE", 1, 1),
        ("looked up", "ROW_UNCHANGED", 1, 5),
    ]


def test_the_removal_of_a_version_causes_a_lookup(
    ingest: ModuleType, stored: None, lines: Lines
) -> None:
    deliver(ingest, record("0B", name="ObjectRemoved:Delete"))
    assert decisions(lines()) == [("looked up", "ROW_MISSING", None, 5)]


def test_an_event_of_another_bucket_is_out_of_scope(
    ingest: ModuleType, lines: Lines, stored_rows: Callable[[], list[Row]]
) -> None:
    foreign = record("0A")
    foreign["s3"]["bucket"]["name"] = "another-bucket"
    deliver(ingest, foreign)
    assert decisions(lines()) == [("out of scope", None, None, None)]
    assert stored_rows() == []


def test_a_failure_has_a_line_at_every_level(
    ingest: ModuleType, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise ClientError({"Error": {"Code": "ThrottlingException"}}, "PutItem")

    monkeypatch.setattr(Store, "write", fail)
    with caplog.at_level(logging.INFO), pytest.raises(Exception, match="ThrottlingException"):
        deliver(ingest, record("0A", key='"quoted"%0Akey'))
    [line] = [vars(each) for each in caplog.records if each.name == "key"]
    assert (line["message"], line["bucket"], line["key"]) == ("failed", BUCKET, '"quoted"\nkey')
    assert line["sequencer"] == "00600A" + "0" * 26
    assert "ThrottlingException" in line["reason"]


def test_at_info_there_is_one_line_for_a_delivery(
    ingest: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        deliver(ingest, record("0A", key="a"), record("0A", key="b"))
    [line] = caplog.records
    assert line.getMessage() == "applied"
    names = ("written", "superseded", "ignored", "coalesced")
    assert [vars(line)[name] for name in names] == [2, 0, 0, 0]


def test_no_line_has_who_made_a_change(ingest: ModuleType, lines: Lines) -> None:
    deliver(ingest, record("0A", 1))
    deliver(ingest, record("0B", 1))
    text = str(lines())
    assert "EVENT_IS_NEWER" in text
    assert not any(word in text for word in ("AROASECRET", "somebody", "192.0.2.7"))
