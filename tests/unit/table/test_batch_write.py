"""Batches: their statements, what is tried first and second, and what is left to single writes."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from s3_catalog.model.event import Content, Event
from s3_catalog.model.row import Row
from s3_catalog.table import batch_write as batch
from s3_catalog.table.item import to_item
from s3_catalog.table.store import Outcome, Store
from tests import doubles

TIME = datetime(2026, 11, 23, 12, 0, 0, 5000, UTC)
ORDER = "006000000B"
"""A sequencer of 2021."""
WRITTEN, SUPERSEDED, UNDECIDED = Outcome.WRITTEN, Outcome.SUPERSEDED, Outcome.UNDECIDED
THROTTLED = ClientError({"Error": {"Code": "ThrottlingException"}}, "BatchExecuteStatement")
TIMED_OUT = ReadTimeoutError(endpoint_url="https://dynamodb")

ACCEPTED: dict[str, Any] = {}
DUPLICATE = {"Error": {"Code": "DuplicateItem"}}
NO_ROW = {"Error": {"Code": "ConditionalCheckFailed"}}
BUSY = {"Error": {"Code": "TransactionConflict"}}


def refused(sequencer: str, code: str = "ConditionalCheckFailed") -> dict[str, Any]:
    """The reply to a statement that a row with this sequencer refuses."""
    return {"Error": {"Code": code, "Item": to_item(doubles.row(sequencer=sequencer), 1)}}


def put(key: str = "key") -> Event:
    return Event("bucket", key, "ObjectCreated:Put", TIME, ORDER, "v1", Content(7, "e"))


def delete(key: str = "key") -> Event:
    return Event("bucket", key, "ObjectRemoved:DeleteMarkerCreated", TIME, ORDER, None, None)


class Scripted(Store):
    """A store with a script: the replies to each batch, or its exception.

    A single write has the result in `results` by key, or raises it. `replaced` is the result of
    each insert of a row.
    """

    def __init__(self, *script: list[dict[str, Any]] | Exception) -> None:
        client: Any = self
        super().__init__(client, "table", 1)
        self._script = list(script)
        self.results: dict[str, Outcome | Exception] = {}
        self.replaced = True
        self.batches: list[list[dict[str, Any]]] = []
        self.singles: list[str] = []

    def batch_execute_statement(self, *, Statements: list[dict[str, Any]]) -> Any:  # noqa: N803
        self.batches.append(Statements)
        replies = self._script.pop(0)
        if isinstance(replies, Exception):
            raise replies
        return {"Responses": replies}

    def write(self, event: Event) -> Outcome:
        self.singles.append(event.key)
        result = self.results[event.key]
        if isinstance(result, Exception):
            raise result
        return result

    def replace(self, seen: Row | None, row: Row) -> bool:
        assert seen is None
        self.singles.append(row.key)
        return self.replaced

    @property
    def verbs(self) -> list[str]:
        """The first word of each statement and its key, by batch."""
        return [
            " ".join(
                f"{each['Statement'].split()[0]}:{key}"
                for each in statements
                for key in [self._key(each)]
            )
            for statements in self.batches
        ]

    @staticmethod
    def _key(statement: dict[str, Any]) -> str:
        parameters = statement["Parameters"]
        return str(parameters[parameters.index({"S": "bucket#1#0"}) + 1]["S"])


def test_an_insert_has_the_whole_item() -> None:
    store = Scripted([ACCEPTED])
    assert batch.write(store, [put()]) == [WRITTEN]
    assert store.batches == [
        [
            {
                "Statement": (
                    "INSERT INTO \"table\" VALUE {'pk': ?, 'sk': ?, 'sequencer': ?, "
                    "'event_time': ?, 'event_name': ?, 'version_id': ?, 'size': ?, 'etag': ?}"
                ),
                "Parameters": [
                    {"S": "bucket#1#0"},
                    {"S": "key"},
                    {"S": "006000000B"},
                    {"S": "2026-11-23T12:00:00.005Z"},
                    {"S": "ObjectCreated:Put"},
                    {"S": "v1"},
                    {"N": "7"},
                    {"S": "e"},
                ],
            }
        ]
    ]


def test_an_update_replaces_the_whole_item_by_a_stricter_rule() -> None:
    store = Scripted([ACCEPTED])
    assert batch.write(store, [delete()]) == [WRITTEN]
    assert store.batches == [
        [
            {
                "Statement": (
                    'UPDATE "table" SET "sequencer" = ? SET "event_time" = ? SET "event_name" = ?'
                    ' SET "expires_at" = ?'
                    ' REMOVE "version_id" REMOVE "size" REMOVE "etag" REMOVE "asked_at"'
                    ' REMOVE "healed_at" REMOVE "inspected" REMOVE "requester" REMOVE "source_ip"'
                    ' REMOVE "storage_class" REMOVE "checksum_algorithm" REMOVE "restore"'
                    ' WHERE "pk" = ? AND "sk" = ? AND "sequencer" < ?'
                    ' AND "event_time" <= ? AND "event_name" <> ? AND "asked_at" IS MISSING'
                ),
                "Parameters": [
                    {"S": "006000000B"},
                    {"S": "2026-11-23T12:00:00.005Z"},
                    {"S": "ObjectRemoved:DeleteMarkerCreated"},
                    {"N": "1800619200"},
                    {"S": "bucket#1#0"},
                    {"S": "key"},
                    {"S": "006000000B"},
                    {"S": "2026-11-23T12:00:10.005Z"},
                    {"S": "ObjectCreated:CompleteMultipartUpload"},
                ],
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        ]
    ]


def test_the_update_of_an_upload_needs_an_earlier_time() -> None:
    store = Scripted([DUPLICATE], [ACCEPTED])
    upload = replace(put(), name="ObjectCreated:CompleteMultipartUpload")
    assert batch.write(store, [upload]) == [WRITTEN]
    [update] = store.batches[1]
    assert update["Statement"].endswith(
        ' WHERE "pk" = ? AND "sk" = ? AND "sequencer" < ?'
        ' AND "event_time" < ? AND "asked_at" IS MISSING'
    )
    assert update["Parameters"][-4:] == [
        {"S": "bucket#1#0"},
        {"S": "key"},
        {"S": "006000000B"},
        {"S": "2026-11-23T11:59:50.005Z"},
    ]


def test_at_first_an_object_is_inserted_and_a_tombstone_updates() -> None:
    store = Scripted([ACCEPTED, ACCEPTED, ACCEPTED])
    assert batch.write(store, [delete("a"), put("b"), delete("c")]) == [WRITTEN] * 3
    assert store.verbs == ["UPDATE:a INSERT:b UPDATE:c"]


def test_a_refused_insert_becomes_an_update_and_the_reverse() -> None:
    store = Scripted([NO_ROW, DUPLICATE, ACCEPTED], [ACCEPTED, ACCEPTED])
    assert batch.write(store, [delete("a"), put("b"), put("c")]) == [WRITTEN] * 3
    assert store.verbs == ["UPDATE:a INSERT:b INSERT:c", "INSERT:a UPDATE:b"]
    assert store.singles == []


LATER = "006000000C"


@pytest.mark.parametrize(
    ("before", "replies", "after"),
    [
        ({}, [ACCEPTED, ACCEPTED, DUPLICATE], False),
        ({}, [DUPLICATE, ACCEPTED, DUPLICATE], True),
        ({}, [DUPLICATE, ACCEPTED, BUSY], None),
        ({}, [BUSY, BUSY, BUSY], None),
        ({"ObjectCreated:Put": True}, [ACCEPTED, refused(LATER), NO_ROW], True),
        ({"ObjectCreated:Put": True}, [NO_ROW, refused(LATER), NO_ROW], False),
        ({"ObjectCreated:Put": True}, [NO_ROW, refused(LATER), BUSY], True),
        ({"ObjectCreated:Put": False}, [ACCEPTED, DUPLICATE, DUPLICATE], True),
        ({"ObjectCreated:Put": False}, [ACCEPTED, DUPLICATE, BUSY], False),
    ],
)
def test_a_batch_tries_first_what_most_keys_of_the_last_one_needed(
    before: dict[str, bool], replies: list[dict[str, Any]], after: bool | None
) -> None:
    again = sum(reply in (DUPLICATE, NO_ROW) for reply in replies)
    # What the second attempts find does not count: they are of the rarer keys.
    store = Scripted(replies, *[[ACCEPTED] * again] * (again > 0), [ACCEPTED] * 2)
    store.existing |= before
    store.results = dict.fromkeys("abc", WRITTEN)
    batch.write(store, [put(key) for key in "abc"])
    assert store.existing.get("ObjectCreated:Put") is after
    batch.write(store, [put("d"), put("e")])
    verb = "UPDATE" if after else "INSERT"
    assert store.verbs[-1] == f"{verb}:d {verb}:e"


def test_each_name_of_events_is_learned_for_itself() -> None:
    store = Scripted([DUPLICATE, ACCEPTED, NO_ROW], [ACCEPTED] * 2)
    copy = replace(put("b"), name="ObjectCreated:Copy")
    batch.write(store, [put("a"), copy, delete("c")])
    assert store.existing == {
        "ObjectCreated:Put": True,
        "ObjectCreated:Copy": False,
        "ObjectRemoved:DeleteMarkerCreated": False,
    }


def test_the_second_request_of_a_batch_has_learned_from_the_first() -> None:
    store = Scripted([DUPLICATE] * 25, [ACCEPTED] * 25, [ACCEPTED] * 25)
    events = [put(str(n)) for n in range(50)]
    assert batch.write(store, events) == [WRITTEN] * 50
    verbs = [{each["Statement"].split()[0] for each in request} for request in store.batches]
    assert verbs == [{"INSERT"}, {"UPDATE"}, {"UPDATE"}]


@pytest.mark.parametrize(
    ("sequencer", "expected", "singles"),
    [
        ("006000000A", UNDECIDED, ["key"]),
        ("006000000B", SUPERSEDED, []),
        ("006000000C", SUPERSEDED, []),
        ("FFFFFFFFFF", UNDECIDED, ["key"]),
    ],
)
def test_an_event_is_superseded_if_the_row_has_it_or_a_later_one(
    sequencer: str, expected: Outcome, singles: list[str]
) -> None:
    for event, script in (
        (delete(), [[refused(sequencer)]]),
        (put(), [[DUPLICATE], [refused(sequencer)]]),
    ):
        store = Scripted(*script)
        store.results["key"] = UNDECIDED
        assert batch.write(store, [event]) == [expected]
        assert store.singles == singles


@pytest.mark.parametrize(
    ("event", "script"),
    [
        (put(), [[BUSY]]),
        (delete(), [[BUSY]]),
        (delete(), [[refused(ORDER, code="TransactionConflict")]]),
        (put(), [[NO_ROW]]),
        (delete(), [[DUPLICATE]]),
        (put(), [[DUPLICATE], [NO_ROW]]),
        (delete(), [[NO_ROW], [DUPLICATE]]),
        (put(), [THROTTLED]),
        (delete(), [TIMED_OUT]),
        (put(), [[DUPLICATE], THROTTLED]),
    ],
)
def test_any_other_reply_leaves_an_event_to_a_single_write(event: Event, script: list[Any]) -> None:
    store = Scripted(*script)
    store.results["key"] = SUPERSEDED
    assert batch.write(store, [event]) == [SUPERSEDED]
    assert store.singles == ["key"]
    assert len(store.batches) == len(script)


def test_results_are_in_the_order_of_the_events() -> None:
    store = Scripted([refused(LATER), BUSY, DUPLICATE, ACCEPTED, BUSY], [ACCEPTED])
    store.results = {"b": UNDECIDED, "e": SUPERSEDED}
    events = [delete("a"), put("b"), put("c"), put("d"), delete("e")]
    assert batch.write(store, events) == [SUPERSEDED, UNDECIDED, WRITTEN, WRITTEN, SUPERSEDED]
    assert store.singles == ["b", "e"]


@pytest.mark.parametrize("error", [THROTTLED, TIMED_OUT])
def test_the_exception_of_a_single_write_is_its_result_and_the_others_are_applied(
    error: Exception,
) -> None:
    store = Scripted(THROTTLED)
    store.results = {"a": error, "b": WRITTEN}
    assert batch.write(store, [put("a"), put("b")]) == [error, WRITTEN]


def test_a_batch_has_at_most_25_statements() -> None:
    store = Scripted([ACCEPTED] * 25, [BUSY])
    store.results = {"25": UNDECIDED}
    events = [put(str(n)) for n in range(26)]
    assert batch.write(store, events) == [*[WRITTEN] * 25, UNDECIDED]
    assert [len(statements) for statements in store.batches] == [25, 1]


def test_a_reply_with_fewer_results_than_statements_is_an_error() -> None:
    with pytest.raises(ValueError, match="shorter"):
        batch.write(Scripted([ACCEPTED]), [put("a"), put("b")])
    with pytest.raises(ValueError, match="shorter"):
        batch.insert(Scripted([ACCEPTED]), [doubles.row("a"), doubles.row("b")])


def test_no_event_is_no_request() -> None:
    store = Scripted()
    assert batch.write(store, []) == []
    assert batch.insert(store, []) == []
    assert store.batches == []


def test_missing_rows_are_inserted_and_existing_ones_returned() -> None:
    store = Scripted([ACCEPTED, DUPLICATE, ACCEPTED])
    rows = [doubles.row(key) for key in "abc"]
    assert batch.insert(store, rows) == [rows[1]]
    assert store.verbs == ["INSERT:a INSERT:b INSERT:c"]
    assert store.singles == []


@pytest.mark.parametrize(("replaced", "refused_keys"), [(True, ""), (False, "ab")])
@pytest.mark.parametrize("script", [[BUSY, BUSY], THROTTLED, TIMED_OUT])
def test_an_insert_without_an_answer_is_repeated_alone(
    script: Any, replaced: bool, refused_keys: str
) -> None:
    store = Scripted(script)
    store.replaced = replaced
    rows = [doubles.row(key) for key in "ab"]
    assert [row.key for row in batch.insert(store, rows)] == list(refused_keys)
    assert store.singles == ["a", "b"]


def test_rows_are_inserted_in_batches_of_25() -> None:
    store = Scripted([ACCEPTED] * 25, [ACCEPTED] * 25, [DUPLICATE])
    rows = [doubles.row(str(n)) for n in range(51)]
    assert batch.insert(store, rows) == [rows[50]]


@pytest.mark.parametrize(
    ("items", "expected"),
    [("", []), ("a", ["a"]), ("ab", ["ab"]), ("abc", ["ab", "c"]), ("abcd", ["ab", "cd"])],
)
def test_chunks_have_the_given_size_and_the_last_one_may_be_shorter(
    items: str, expected: list[str]
) -> None:
    assert ["".join(chunk) for chunk in batch.chunks(items, 2)] == expected


def test_a_batch_logs_what_became_of_each_event(caplog: pytest.LogCaptureFixture) -> None:
    store = Scripted([ACCEPTED, DUPLICATE, BUSY, ACCEPTED], [refused("006000000C")])
    store.results["busy"] = WRITTEN
    with doubles.lines_of_keys(caplog):
        batch.write(store, [put("new"), put("late"), put("busy"), delete("gone")])
    lines = {each["key"]: each for each in map(vars, caplog.records)}
    # The line of a single write is the store's own.
    assert {key: (each["outcome"], each["clause"]) for key, each in lines.items()} == {
        "new": ("written", "ROW_MISSING"),
        "late": ("superseded", "EVENT_IS_NEWER"),
        "gone": ("written", "EVENT_IS_NEWER"),
    }
    assert lines["late"]["before"]["sequencer"] == "006000000C"
