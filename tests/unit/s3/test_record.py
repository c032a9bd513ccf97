"""Records: the events that S3 and EventBridge describe."""

from datetime import UTC, datetime
from typing import Any

import pytest

from s3_catalog.exceptions import MalformedError
from s3_catalog.model.event import Content, Event
from s3_catalog.model.requester import Requester
from s3_catalog.s3.record import parse
from tests.s3_events import event


def record(**changes: Any) -> Any:
    """The record of a put, with fields of `s3.object` replaced, or removed where None."""
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
        requester=Requester("AIDAEXAMPLEUSER", "192.0.2.44"),
    )


def test_a_delete_has_no_content() -> None:
    happened = parse(event("delete")["Records"][0])
    assert happened is not None
    assert happened.content is None
    assert happened.version_id is None


@pytest.mark.parametrize(
    "name",
    [
        "Replication:OperationMissedThreshold",
        "ObjectTagging:Put",
        "SomethingNew:In2031",
    ],
)
def test_events_of_other_kinds_are_ignored_and_logged(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert parse({**record(), "eventName": name}) is None
    assert [getattr(entry, "event_name", None) for entry in caplog.records] == [name]


def test_the_prefix_s3_of_an_event_name_is_accepted() -> None:
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
        (record(eTag="\ud800"), r"s3.object.eTag is '\\ud800', not valid Unicode"),
        (
            {**record(), "eventTime": "9999-12-31T23:59:59Z"},
            "time '9999-12-31T23:59:59Z' is not between 2006 and 3000",
        ),
        (record(size=-1), "s3.object.size is -1"),
        (record(size=True), "s3.object.size is True"),
        (record(size=2**63), "not a number of bytes"),
        (record(sequencer="xyz"), "sequencer 'xyz' is not hexadecimal"),
        (record(key="%FF"), "not UTF-8"),
        ({**record(), "eventTime": "yesterday"}, "yesterday"),
        (
            {**record(), "eventTime": "2026-11-23T10:15:30"},
            "time '2026-11-23T10:15:30' has no time zone",
        ),
        ({**record(), "s3": {"object": {"key": "k"}}}, "s3.bucket.name is missing"),
        ({**record(), "s3": "?"}, "s3.bucket.name is missing"),
        ({}, "eventName is missing"),
        ([], "eventName is missing"),
        (None, "eventName is missing"),
    ],
)
def test_a_malformed_record_is_refused_with_the_reason(bad: object, message: str) -> None:
    with pytest.raises(MalformedError, match=message):
        parse(bad)


def test_a_key_in_eventbridge_is_not_decoded() -> None:
    happened = parse(event("eventbridge_created"))
    assert happened == Event(
        bucket="photos-example",
        key="1+1=2 is 100%/Zürich.txt",
        name="ObjectCreated:Put",
        time=datetime(2026, 11, 23, 10, 15, 30, tzinfo=UTC),
        sequencer="00617F08299329D189" + "0" * 14,
        version_id="IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
        content=Content(size=5, etag="b1946ac92492d2347c6235b4d2611184"),
        requester=Requester("123456789012", "192.0.2.44"),
    )


@pytest.mark.parametrize(
    ("name", "expected", "self_contained"),
    [
        ("eventbridge_delete_marker", "ObjectRemoved:DeleteMarkerCreated", True),
        ("eventbridge_permanently_deleted", "ObjectRemoved:Delete", False),
        ("eventbridge_lifecycle", "LifecycleExpiration:Delete", False),
    ],
)
def test_deletes_of_eventbridge(name: str, expected: str, self_contained: bool) -> None:
    happened = parse(event(name))
    assert happened is not None
    assert (happened.name, happened.self_contained) == (expected, self_contained)


@pytest.mark.parametrize(
    ("name", "self_contained"),
    [
        ("put", True),
        ("post", True),
        ("copy", True),
        ("complete_multipart_upload", True),
        ("complete_multipart_upload_long", True),
        ("replicated_put", True),
        ("delete_marker_created", True),
        ("delete", False),
        ("delete_marker_removed", False),
        ("lifecycle_delete", False),
        ("lifecycle_delete_unversioned", False),
        ("lifecycle_delete_marker_created", False),
        ("lifecycle_transition", False),
        ("intelligent_tiering", False),
        ("restore_completed", False),
    ],
)
def test_only_new_objects_and_delete_markers_by_requests_are_self_contained(
    name: str, self_contained: bool
) -> None:
    record = event(name)["Records"][0]
    happened = parse(record)
    assert happened is not None
    assert happened.self_contained is self_contained
    assert (happened.sequencer is not None) is self_contained
    assert happened.multipart is name.startswith("complete_multipart_upload")


@pytest.mark.parametrize("sequencer", [None, 7, "", "not hexadecimal", "F" * 99])
@pytest.mark.parametrize("name", ["delete", "lifecycle_delete_marker_created"])
def test_the_sequencer_of_an_event_that_needs_a_lookup_is_not_read(
    name: str, sequencer: object
) -> None:
    unordered = event(name)["Records"][0]
    unordered["s3"]["object"]["sequencer"] = sequencer
    happened = parse(unordered)
    assert happened is not None
    assert happened.sequencer is None
    assert not happened.self_contained


def test_the_version_id_null_is_none() -> None:
    happened = parse(record(versionId="null"))
    assert happened is not None
    assert happened.version_id is None


def test_a_long_value_is_cut_in_the_reason() -> None:
    with pytest.raises(MalformedError) as fits:
        parse(record(size="x" * 78))
    assert str(fits.value) == f"s3.object.size is '{'x' * 78}', not a number of bytes"
    with pytest.raises(MalformedError) as cut:
        parse(record(size="x" * 79))
    assert str(cut.value) == f"s3.object.size is '{'x' * 79}..., not a number of bytes"


def test_the_time_of_an_event_is_in_utc() -> None:
    happened = parse({**record(), "eventTime": "2026-11-23T19:15:30+09:00"})
    assert happened is not None
    assert happened.time == datetime(2026, 11, 23, 10, 15, 30, tzinfo=UTC)
    assert happened.time.tzinfo is UTC


def test_a_size_may_be_a_pebibyte() -> None:
    largest = parse(record(size=2**50))
    assert largest is not None
    assert largest.content == Content(2**50, "d41d8cd98f00b204e9800998ecf8427e")
    with pytest.raises(MalformedError, match="size is 1125899906842625, not a number of bytes"):
        parse(record(size=2**50 + 1))


def test_the_quotes_of_an_etag_are_removed() -> None:
    happened = parse(record(eTag='"XeX"'))
    assert happened is not None
    assert happened.content == Content(1024, "XeX")


def eventbridge(name: str, **changes: Any) -> Any:
    """An event of EventBridge, with fields of `detail` replaced."""
    happened = event(name)
    happened["detail"].update(changes)
    return happened


@pytest.mark.parametrize(
    ("reason", "name"),
    [
        ("PutObject", "ObjectCreated:Put"),
        ("POST Object", "ObjectCreated:Post"),
        ("CopyObject", "ObjectCreated:Copy"),
        ("CompleteMultipartUpload", "ObjectCreated:CompleteMultipartUpload"),
        ("A new way", "ObjectCreated:A new way"),
    ],
)
def test_the_reason_of_eventbridge_gives_the_name(reason: str, name: str) -> None:
    happened = parse(eventbridge("eventbridge_created", reason=reason))
    assert happened is not None
    assert (happened.name, happened.self_contained) == (name, True)


def test_an_unknown_deletion_type_is_refused() -> None:
    with pytest.raises(MalformedError, match="deletion-type is 'Hidden', which S3 does not"):
        parse(eventbridge("eventbridge_delete_marker", **{"deletion-type": "Hidden"}))


@pytest.mark.parametrize(
    ("field", "value", "logged"),
    [
        ("source", "aws.ec2", "Object Created"),
        ("detail-type", "Object Tags Added", "Object Tags Added"),
    ],
)
def test_other_events_of_eventbridge_are_ignored_and_logged(
    field: str, value: str, logged: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert parse({**event("eventbridge_created"), field: value}) is None
    assert [getattr(entry, "event_name", None) for entry in caplog.records] == [logged]


def test_only_events_of_eventbridge_that_need_a_lookup_may_lack_a_sequencer() -> None:
    for name in ("eventbridge_created", "eventbridge_delete_marker"):
        ordered = event(name)
        del ordered["detail"]["object"]["sequencer"]
        with pytest.raises(MalformedError, match="sequencer is missing"):
            parse(ordered)
    for name in ("eventbridge_permanently_deleted", "eventbridge_lifecycle"):
        unordered = event(name)
        unordered["detail"]["object"].pop("sequencer", None)
        happened = parse(unordered)
        assert happened is not None
        assert happened.sequencer is None


@pytest.mark.parametrize(
    ("detail_type", "name"),
    [
        ("Object Storage Class Changed", "LifecycleTransition"),
        ("Object Access Tier Changed", "IntelligentTiering"),
        ("Object Restore Initiated", "ObjectRestore:Post"),
        ("Object Restore Completed", "ObjectRestore:Completed"),
        ("Object Restore Expired", "ObjectRestore:Delete"),
    ],
)
def test_events_of_storage_by_eventbridge_have_the_names_of_notifications(
    detail_type: str, name: str
) -> None:
    happened = parse({**event("eventbridge_storage_class_changed"), "detail-type": detail_type})
    assert happened is not None
    assert (happened.name, happened.of_storage, happened.self_contained) == (name, True, False)
    assert (happened.content, happened.sequencer) == (None, None)
    assert happened.requester == Requester("s3.amazonaws.com", None)


@pytest.mark.parametrize("name", ["lifecycle_transition", "intelligent_tiering"])
def test_events_of_storage_need_a_lookup(name: str) -> None:
    happened = parse(event(name)["Records"][0])
    assert happened is not None
    assert (happened.of_storage, happened.sequencer) == (True, None)
    assert happened.requester == Requester("s3.amazonaws.com", "s3.amazonaws.com")


@pytest.mark.parametrize("odd", [None, 7, "", "a b", "x" * 999, "\ud800", ["AWS:x"], {"a": 1}])
def test_an_odd_requester_or_address_is_left_out_and_refuses_no_event(odd: object) -> None:
    happened = parse(
        {
            **record(),
            "userIdentity": {"principalId": odd},
            "requestParameters": {"sourceIPAddress": odd},
        }
    )
    assert happened is not None
    assert happened.requester == Requester(None, None)
    nothing: tuple[object, ...] = ({}, None, "?", [])
    for absent in nothing:
        happened = parse({**record(), "userIdentity": absent, "requestParameters": absent})
        assert happened is not None
        assert happened.requester == Requester(None, None)
