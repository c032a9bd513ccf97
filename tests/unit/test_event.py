from datetime import UTC, datetime
from typing import Any

import pytest

from catalog.event import Content, Event, MalformedRecordError, parse
from tests.unit.conftest import event


def record(**changes: Any) -> Any:
    """The record of an ordinary put, with fields of `s3.object` replaced, or removed by None."""
    put = event("put")["Records"][0]
    put["s3"]["object"].update(changes)
    put["s3"]["object"] = {k: v for k, v in put["s3"]["object"].items() if v is not None}
    return put


def test_a_put() -> None:
    assert parse(record()) == Event(
        bucket="photos-example",
        key="holiday/Zürich + lake.jpg",
        name="ObjectCreated:Put",
        time=datetime(2026, 11, 23, 10, 15, 30, 123_000, tzinfo=UTC),
        sequencer="0055AED6DCD90281E5" + "0" * 14,
        version_id="096fKKXTRTtl3on89fVO.nfljtsv6qko",
        content=Content(size=1024, etag="d41d8cd98f00b204e9800998ecf8427e"),
    )


def test_a_delete_has_no_content() -> None:
    happened = parse(event("delete")["Records"][0])
    assert happened is not None
    assert happened.content is None
    assert happened.version_id is None


@pytest.mark.parametrize(
    "name", ["Replication:OperationMissedThreshold", "ObjectTagging:Put", "SomethingNew:In2031"]
)
def test_what_the_catalog_does_not_follow_is_ignored_and_logged(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert parse({**record(), "eventName": name}) is None
    assert [getattr(entry, "event_name", None) for entry in caplog.records] == [name]


def test_the_prefix_of_eventbridge_names_is_accepted() -> None:
    happened = parse({**record(), "eventName": "s3:ObjectCreated:Put"})
    assert happened is not None
    assert happened.name == "ObjectCreated:Put"


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (record(key=None), "s3.object.key is missing"),
        (record(sequencer=None), "s3.object.sequencer is missing"),
        (record(size=None), "s3.object.size is None"),
        (record(eTag=None), "s3.object.eTag is missing"),
        (record(key=7), "s3.object.key is 7"),
        (record(size=-1), "s3.object.size is -1"),
        (record(size=True), "s3.object.size is True"),
        (record(size=2**63), "not a number of bytes"),
        (record(sequencer="xyz"), "sequencer 'xyz' is not hexadecimal"),
        (record(key="%FF"), "not UTF-8"),
        ({**record(), "eventTime": "yesterday"}, "yesterday"),
        ({**record(), "eventTime": "2026-11-23T10:15:30"}, "no time zone"),
        ({**record(), "s3": {"object": {"key": "k"}}}, "s3.bucket.name is missing"),
        ({**record(), "s3": "?"}, "s3.bucket.name is missing"),
        ({}, "eventName is missing"),
        ([], "eventName is missing"),
        (None, "eventName is missing"),
    ],
)
def test_says_what_is_wrong(bad: object, message: str) -> None:
    with pytest.raises(MalformedRecordError, match=message):
        parse(bad)
