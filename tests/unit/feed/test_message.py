"""The messages of the change feed, their attributes and their schema."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3_catalog.exceptions import OutOfScopeError, UnreadableError
from s3_catalog.feed.message import (
    attributes,
    entry,
    filterable,
    mebibytes,
    message,
    read,
)
from s3_catalog.model.row import Row
from s3_catalog.model.scope import Entry, Scope
from s3_catalog.table import stream_record
from tests.stream_records import GONE, LIVE, record

SCHEMA_FILE = Path(__file__).parents[3] / "docs" / "change.schema.json"
SCHEMA = json.loads(SCHEMA_FILE.read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

LATER = replace(LIVE, sequencer="F" * 32, size=7, etag="other", asked_at=1_795_428_930_123_456)


def published(old: Row | None, new: Row | None) -> tuple[dict[str, Any], dict[str, str]]:
    """The message as a subscriber reads it, and the values of its attributes."""
    change = stream_record.parse(record(1, old, new))
    assert change.kind
    sent = entry(change, change.kind, "0")
    values = {name: each["StringValue"] for name, each in sent["MessageAttributes"].items()}
    return json.loads(sent["Message"]), values


def test_the_schema_is_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_example_in_the_docs_fits_the_schema_and_its_filters_the_attributes() -> None:
    blocks = (SCHEMA_FILE.parent / "changes.md").read_text().split("```json\n")[1:]
    example, filters = (block.split("```")[0] for block in blocks)
    VALIDATOR.validate(json.loads(example))
    _, values = published(None, LIVE)
    for line in filters.splitlines():
        assert json.loads(line).keys() <= values.keys()


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (None, LIVE, "created"),
        (GONE, LATER, "created"),
        (LIVE, LATER, "updated"),
        (LIVE, GONE, "deleted"),
        (LIVE, None, "deleted"),
    ],
)
def test_every_kind_of_message_fits_the_schema(old: Row | None, new: Row | None, kind: str) -> None:
    content, values = published(old, new)
    VALIDATOR.validate(content)
    assert content["kind"] == values["kind"] == kind


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "removed"},
        {"kind": "created"},
        {"new": None},
        {"old": {}},
        {"version": "2"},
        {"sequencer": "55AED6DCD90281E5"},
        {"asked_at": "now"},
        {"healed_at": "now"},
        {"healed_at": 1, "asked_at": None},
        {"time": "2026-11-23"},
        {"changed": "size"},
        {"changed": ["time"]},
        {"requester": ""},
    ],
)
def test_the_schema_refuses_other_values(wrong: dict[str, object]) -> None:
    content, _ = published(LIVE, LATER)
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate({**content, **wrong})


def test_a_message_has_the_old_and_new_state_and_its_place_in_the_order() -> None:
    assert published(LIVE, LATER) == (
        {
            "version": "1",
            "id": f"{1:032x}",
            "kind": "updated",
            "bucket": "photos-example",
            "key": "holiday/Zürich + lake.JPG",
            "sequencer": "F" * 32,
            "asked_at": 1_795_428_930_123_456,
            "healed_at": None,
            "time": "2026-11-23T10:15:30.123Z",
            "event": "ObjectCreated:Put",
            "requester": None,
            "source_ip": None,
            "changed": ["size", "etag"],
            "old": {
                "size": 1024,
                "etag": LIVE.etag,
                "version_id": LIVE.version_id,
                "time": "2026-11-23T10:15:30.123Z",
                "storage_class": None,
                "restore": None,
            },
            "new": {
                "size": 7,
                "etag": "other",
                "version_id": LIVE.version_id,
                "time": "2026-11-23T10:15:30.123Z",
                "storage_class": None,
                "restore": None,
            },
        },
        {
            "kind": "updated",
            "bucket": "photos-example",
            "key": "holiday/Zürich + lake.JPG",
            "prefix": "holiday/",
            "suffix": ".jpg",
            "size_mib": "0.00001",
        },
    )
    deleted, values = published(LIVE, GONE)
    assert (deleted["new"], deleted["event"]) == (None, "ObjectRemoved:DeleteMarkerCreated")
    assert "size_mib" not in values


def test_a_change_of_the_storage_class_or_the_restore_is_an_update_that_names_it() -> None:
    archived = replace(LIVE, storage_class="GLACIER", requester="AIDAEXAMPLE", source_ip="::1")
    content, values = published(LIVE, archived)
    assert (content["kind"], content["changed"]) == ("updated", ["storage_class"])
    assert (content["old"]["storage_class"], content["new"]["storage_class"]) == (None, "GLACIER")
    assert (content["requester"], content["source_ip"]) == ("AIDAEXAMPLE", "::1")
    assert values["kind"] == "updated"
    VALIDATOR.validate(content)
    restored, _ = published(archived, replace(archived, restore="IN_PROGRESS"))
    assert restored["changed"] == ["restore"]
    VALIDATOR.validate(restored)
    created, _ = published(None, archived)
    assert created["changed"] == []


def test_another_requester_or_checksum_alone_is_no_change() -> None:
    other = replace(LIVE, requester="AIDAEXAMPLE", checksum_algorithm="CRC32")
    assert stream_record.parse(record(1, LIVE, other)).kind is None


def test_raw_delivery_takes_all_attributes_of_a_message() -> None:
    """SNS discards a message with more than ten, where raw delivery is on."""
    _, values = published(LIVE, LATER)
    assert values.keys() == {"kind", "bucket", "key", "prefix", "suffix", "size_mib"}
    assert len(values) <= 10


def test_messages_of_before_there_was_a_storage_class_fit_the_schema() -> None:
    content, _ = published(LIVE, LATER)
    for name in ("requester", "source_ip", "changed"):
        del content[name]
    for side in ("old", "new"):
        del content[side]["storage_class"], content[side]["restore"]
    VALIDATOR.validate(content)


def test_a_message_of_a_healed_row_has_the_mark_and_those_of_before_fit_the_schema() -> None:
    healed, _ = published(LIVE, replace(LATER, sequencer="0" * 32, asked_at=7, healed_at=7))
    assert (healed["sequencer"], healed["healed_at"]) == ("0" * 32, 7)
    VALIDATOR.validate(healed)
    del healed["healed_at"]
    VALIDATOR.validate(healed)


def test_a_key_is_a_message_group_and_a_record_has_a_deduplication_id() -> None:
    def sent(number: int, row: Row) -> tuple[str, str]:
        change = stream_record.parse(record(number, None, row))
        assert change.kind
        made = entry(change, change.kind, "0")
        return made["MessageGroupId"], made["MessageDeduplicationId"]

    (group, first), (same_group, second) = sent(1, LIVE), sent(2, LATER)
    assert group == same_group
    assert first != second
    assert sent(1, replace(LIVE, key="another"))[0] != group
    assert len(group) <= 128
    assert group.isalnum()


@pytest.mark.parametrize(
    ("key", "prefix", "suffix"),
    [
        ("a/b/c.tar.GZ", "a/b/", ".gz"),
        ("plain", None, None),
        ("/", "/", None),
        ("a.b/c", "a.b/", None),
        (".profile", None, None),
        ("a/.profile", "a/", None),
        ("ends.", None, None),
    ],
)
def test_empty_prefixes_and_suffixes_are_left_out(
    key: str, prefix: str | None, suffix: str | None
) -> None:
    _, values = published(None, replace(LIVE, key=key))
    assert (values.get("prefix"), values.get("suffix")) == (prefix, suffix)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0.00000"),
        (1, "0.00001"),
        (2**20, "1.00000"),
        (2**20 + 1, "1.00001"),
        (64 * 2**20, "64.00000"),
        (64 * 2**20 + 1, "64.00001"),
        (50 * 2**40, "52428800.00000"),
    ],
)
def test_sizes_are_rounded_up(size: int, text: str) -> None:
    assert mebibytes(size) == text


@given(size=st.integers(0, 50 * 2**40), limit=st.integers(0, 50 * 2**20))
def test_a_filter_for_whole_mebibytes_is_exact(size: int, limit: int) -> None:
    value = float(mebibytes(size))
    assert (value <= limit) == (size <= limit * 2**20)
    assert value <= 10**9


XML = {0x9, 0xA, 0xD, *range(0x20, 0xD800), *range(0xE000, 0xFFFE), *range(0x10000, 0x110000)}


def test_attributes_have_characters_of_xml_only_and_are_never_empty() -> None:
    points = [*range(0xD800), *range(0xE000, 0x110000)]
    everything = "".join(map(chr, points))
    kept = filterable(everything)
    assert [ord(c) for c in kept] == [point if point in XML else 0xFFFD for point in points]
    _, values = published(None, replace(LIVE, key="\x00/\x01.\x02"))
    assert values["key"] == "\ufffd/\ufffd.\ufffd"
    assert all(values.values())


@pytest.mark.parametrize("character", ["\x01", "a", "/", ".", "é", "İ", "€", "🚀", '"', "\\"])
def test_ten_of_the_longest_messages_fit_into_a_request(character: str) -> None:
    key = character * (1024 // len(character.encode()))
    wide = replace(LATER, key=key, bucket="b" * 63, version_id='"' * 1024, etag="e" * 64)
    wide = replace(wide, requester='"' * 86, source_ip="0" * 45, storage_class="C" * 32)
    wide = replace(wide, restore="2031-01-01T00:00:00.000Z")
    change = stream_record.parse(record(1, wide, replace(wide, size=50 * 2**40)))
    assert change.kind
    texts = [json.dumps(message(change, change.kind))]
    for name, value in attributes(change, change.kind).items():
        texts += [name, value["DataType"], value["StringValue"]]
    assert 10 * sum(len(text.encode()) for text in texts) < 256 * 1024
    assert texts[0].isascii()


SCOPE = Scope((Entry("b", "k/"),))


def test_a_message_is_of_an_object_of_the_scope_or_unreadable() -> None:
    assert read('{"bucket": "b", "key": "k/ü"}', SCOPE)["key"] == "k/ü"
    for body, why in (
        ("{", "not JSON"),
        ("[" * 10_000, "not JSON"),
        ("[]", "has no key"),
        ('{"bucket": "b"}', "has no key"),
        ('{"key": "k/"}', "has no bucket"),
        ('{"bucket": 7, "key": "k/"}', "has no bucket"),
        ('{"bucket": "b", "key": ""}', "key has 0 bytes"),
    ):
        with pytest.raises(UnreadableError, match=why):
            read(body, SCOPE)


@pytest.mark.parametrize(("bucket", "key"), [("c", "k/"), ("b", "k"), ("b", "l/k/"), ("", "k/")])
def test_a_message_of_a_key_that_is_not_in_the_scope_is_told_apart(bucket: str, key: str) -> None:
    with pytest.raises(OutOfScopeError, match=f"the message is of 's3://{bucket}/{key}'"):
        read(json.dumps({"bucket": bucket, "key": key}), SCOPE)
