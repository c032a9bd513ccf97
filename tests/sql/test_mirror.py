"""With any delivery of the messages, the mirror converges to the newest state of each key."""

import importlib
import json
import random
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError

from reinventure.local.data_api_server import DataApiError
from s3_catalog.exceptions import DatabaseAsleepError
from s3_catalog.sql_mirror import mirror_writer as mirrors
from s3_catalog.sql_mirror import state, upsert
from s3_catalog.sql_mirror.data_api import Database, values
from s3_catalog.sql_mirror.mirror_writer import MirrorWriter
from tests.doubles import Context, lines_of_keys
from tests.sql.conftest import BUCKET, CLUSTER, OWNER, PASSWORD, READER, Service, clear, never
from tests.sql.schedule import (
    ATTACHED,
    KEYS,
    Message,
    history,
    keys,
    message,
    mirrored,
    newest,
    play,
    removal,
)
from tests.sql.schedule import schedule as make

SCHEDULES = 400
Patch = pytest.MonkeyPatch


@pytest.fixture
def writer(tables: Database) -> MirrorWriter:
    return MirrorWriter(tables, BUCKET, lambda: PASSWORD, _ready=True)


def test_the_mirror_converges_with_faults_and_any_order(tables: Database, service: Service) -> None:
    for seed in range(SCHEDULES):
        play(make(seed), tables, service)


def test_the_mirror_converges_with_concurrent_writers(tables: Database, service: Service) -> None:
    chance = random.Random(1)  # noqa: S311
    messages = [each for key in KEYS for each in history(chance, key)]
    unwritten: list[Any] = []

    def write(seed: int) -> None:
        ours = MirrorWriter(replace(tables, client=service.client()), BUCKET, lambda: PASSWORD)
        order = random.Random(seed)  # noqa: S311
        waiting = order.sample(messages, len(messages))
        for _ in range(2 * len(messages)):
            batch, waiting = waiting[:9], waiting[9:]
            bodies = {str(n): json.dumps(each) for n, each in enumerate(batch)}
            failed = ours.apply(bodies, never)
            # As the queue delivers failures again: the database rejects one of two deadlocked.
            waiting += [batch[int(n)] for n in failed]
            if not waiting:
                return
        unwritten.extend(waiting)

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert unwritten == []
    assert mirrored(tables) == newest(messages)


# The schedules find each of these mistakes


def in_the_statement(patch: Patch, old: str, new: str) -> None:
    original = upsert.statement
    assert old in original(1)  # Here: in a schedule, a failure would look like a mistake found.
    patch.setattr(upsert, "statement", lambda rows: original(rows).replace(old, new))


def drop_the_order(patch: Patch) -> None:
    in_the_statement(patch, upsert._WINS, "TRUE")


def flip_the_order(patch: Patch) -> None:
    in_the_statement(patch, "VALUES(place) > place", "VALUES(place) < place")


def delete_whatever_is_known(patch: Patch) -> None:
    in_the_statement(patch, upsert._WINS, f"{upsert._WINS} OR VALUES(size) IS NULL")


def assign_the_place_first(patch: Patch) -> None:
    last = ", place = GREATEST(place, VALUES(place))"
    original = upsert.statement
    patch.setattr(
        upsert,
        "statement",
        lambda rows: (
            original(rows)
            .replace(last, "")
            .replace("KEY UPDATE ", "KEY UPDATE place = GREATEST(place, VALUES(place)), ")
        ),
    )


def let_the_place_go_back(patch: Patch) -> None:
    in_the_statement(patch, "GREATEST(place, VALUES(place))", "VALUES(place)")


def keep_the_first(patch: Patch) -> None:
    in_the_statement(patch, upsert._WINS, "FALSE")


def keep_rows_that_were_deleted_themselves(patch: Patch) -> None:
    in_the_statement(patch, upsert._WINS, "VALUES(place) > place")


def write_every_state_of_the_same_place(patch: Patch) -> None:
    in_the_statement(patch, upsert._WINS, "VALUES(place) >= place")


def mix_the_buckets(patch: Patch) -> None:
    patch.setattr(state, "_bucket", lambda _: BUCKET)


def ignore_asked_at(patch: Patch) -> None:
    patch.setattr(state, "_place", lambda message: message["sequencer"])


def restart_at_no_heal(patch: Patch) -> None:
    place = state._place
    patch.setattr(state, "_place", lambda message: place({**message, "healed_at": None}))


def forget_that_a_row_was_healed(patch: Patch) -> None:
    place = state._place

    def forgetful(message: Message) -> str:
        if message["healed_at"] != message["asked_at"]:
            message = {**message, "healed_at": None}
        return place(message)

    patch.setattr(state, "_place", forgetful)


def drop_deletions(patch: Patch) -> None:
    original = upsert.upsert

    def without(database: Database, states: list[state.State]) -> None:
        if kept := [each for each in states if each.size is not None]:
            original(database, kept)

    patch.setattr(mirrors, "upsert", without)


def report_failures_as_successes(patch: Patch) -> None:
    original = mirrors._write

    def silent(database: Database, states: Any) -> dict[str, str]:
        original(database, states)
        return {}

    patch.setattr(mirrors, "_write", silent)


MISTAKES = [
    drop_the_order,
    flip_the_order,
    delete_whatever_is_known,
    assign_the_place_first,
    let_the_place_go_back,
    keep_the_first,
    keep_rows_that_were_deleted_themselves,
    write_every_state_of_the_same_place,
    mix_the_buckets,
    ignore_asked_at,
    restart_at_no_heal,
    forget_that_a_row_was_healed,
    drop_deletions,
    report_failures_as_successes,
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
def test_a_schedule_finds_the_mistake(
    mistake: Callable[[Patch], None], tables: Database, service: Service, monkeypatch: Patch
) -> None:
    mistake(monkeypatch)
    for seed in range(SCHEDULES):
        try:
            play(make(seed), tables, service)
        except AssertionError:
            return
    pytest.fail("no schedule finds it")


# A heal


def test_the_mirror_restarts_at_a_marked_message_and_never_falls_back(writer: MirrorWriter) -> None:
    forged = message("k", 2**128 - 1, None, 666)
    corrected = message("k", 2**128 - 1, 5, 1)
    healed = message("k", 0, 7, None, healed_at=7)
    later = message("k", 3, 8, 2, healed_at=7)
    for order in permutations([forged, corrected, healed, later]):
        for each in (*order, forged, corrected, healed):  # Each of them once more.
            assert writer.apply(bodies([each]), never) == {}
        assert mirrored(writer.database) == newest([later])
        writer.database.execute("DELETE FROM states")


def test_a_fall_without_the_mark_is_refused(writer: MirrorWriter) -> None:
    forged = message("k", 2**128 - 1, None, 666)
    assert writer.apply(bodies([forged, message("k", 0, 7, 1)]), never) == {}
    assert mirrored(writer.database) == newest([forged])


def test_a_state_of_the_version_before_heals_is_older_than_a_healed_one(
    writer: MirrorWriter,
) -> None:
    before = message("k", 2**128 - 1, 10**16, 1)
    del before["healed_at"]
    healed = message("k", 0, 1, 2, healed_at=1)
    for order in permutations([before, healed]):
        assert writer.apply(bodies(list(order)), never) == {}
        assert mirrored(writer.database) == newest([healed])


# A batch


def test_a_batch_is_one_statement(writer: MirrorWriter, service: Service) -> None:
    messages = [message(f"k{n}", n, None, n) for n in range(100)]
    service.requests.clear()
    assert writer.apply(bodies(messages), never) == {}
    assert len(service.requests) == 1
    assert mirrored(writer.database) == newest(messages)


def test_the_largest_batch_fits_a_request(writer: MirrorWriter) -> None:
    messages = [message(f"{n:04}" + "\x01" * 1020, n, 10**16, 2**63 - 1) for n in range(100)]
    for each in messages:
        each["new"] |= {"etag": "e" * 255, "version_id": "v" * 1024}
    assert writer.apply(bodies(messages), never) == {}
    assert mirrored(writer.database) == newest(messages)


def test_similar_keys_are_different_objects(writer: MirrorWriter) -> None:
    messages = [message(key, n, None, n) for n, key in enumerate(KEYS)]
    assert writer.apply(bodies(messages), never) == {}
    assert keys(writer.database) == set(KEYS)
    texts = values(writer.database.execute("SELECT object_key FROM objects"))
    assert sorted(str(text) for [text] in texts) == sorted(KEYS)


def test_a_rejected_state_does_not_affect_the_others(
    writer: MirrorWriter, service: Service
) -> None:
    messages = [message(f"k{n}", n, None, n) for n in range(20)]

    def reject(_path: str, request: dict[str, Any]) -> DataApiError | None:
        values = [each["value"] for each in request["parameters"]]
        # The keys k3 and k17 in base64.
        bad = {"blobValue": "azM="} in values or {"blobValue": "azE3"} in values
        return DataApiError("DatabaseErrorException", "Data too long") if bad else None

    service.before = reject
    failed = writer.apply(bodies(messages), never)
    assert failed.keys() == {"3", "17"}
    assert all("Data too long" in reason for reason in failed.values())
    service.before = lambda *_: None
    assert keys(writer.database) == {f"k{n}" for n in range(20)} - {"k3", "k17"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"bucket": None}, "it has no bucket"),
        ({"bucket": "reinventure:probe"}, "bucket 'reinventure:probe': a bucket name has 3 to 63"),
        ({"bucket": "b" * 64}, "a bucket name has 3 to 63"),
        ({"bucket": "bücket"}, "a bucket name has 3 to 63"),
        ({"key": ""}, "key has 0 bytes"),
        ({"key": "x" * 1025}, "key has 1025 bytes"),
        ({"key": "\ud800"}, "not valid Unicode"),
        ({"key": 7}, "it has no key"),
        ({"sequencer": "55AE"}, "sequencer '55AE' is not the sequencer of a row"),
        ({"sequencer": "g" * 32}, "is not the sequencer of a row"),
        ({"asked_at": -1}, "asked_at '-1' is not a number"),
        ({"healed_at": 1}, "asked_at 'None' is not a number"),
        ({"asked_at": True}, "asked_at 'True' is not a number"),
        ({"asked_at": 10**20}, "asked_at '100000000000000000000' is not a number"),
        ({"time": "yesterday"}, "time 'yesterday' is not in UTC"),
        ({"time": "2026-11-23T10:16:00Z"}, "is not in UTC with milliseconds"),
        ({"event": "é"}, "event 'é' is not 1 to 255 ASCII characters"),
        ({"new": 7}, "neither an object nor null"),
        ({"new": {"size": 1.5, "etag": "e"}}, "size '1.5' is not a number"),
        ({"new": {"size": 2**63, "etag": "e"}}, "size '9223372036854775808' is not a number"),
        ({"new": {"size": 1, "etag": "e" * 256}}, "is not 1 to 255 ASCII characters"),
        ({"new": {"size": 1}}, "etag is not a string"),
        (
            {"new": {"size": 1, "etag": "e", "version_id": "v" * 1025}},
            "not 1 to 1024 ASCII",
        ),
    ],
)
def test_an_invalid_message_fails_with_its_reason(
    writer: MirrorWriter, change: Message, reason: str
) -> None:
    valid = message("valid", 1, None, 1)
    failed = writer.apply(bodies([{**message("k", 1, None, 1), **change}, valid]), never)
    assert failed.keys() == {"0"}
    assert reason in failed["0"]
    assert keys(writer.database) == {"valid"}


def test_a_key_of_two_buckets_is_two_objects(writer: MirrorWriter) -> None:
    messages = [message("k", 1, None, 1), message("k", 2, None, 2, bucket=ATTACHED)]
    assert writer.apply(bodies(messages), never) == {}
    gone = message("k", 3, None, None, bucket=ATTACHED)
    assert writer.apply(bodies([gone]), never) == {}
    assert mirrored(writer.database) == newest([messages[0], gone])


def test_the_deletion_of_a_row_itself_counts_in_any_order(writer: MirrorWriter) -> None:
    other = message("k", 1, 5, 1)
    written = message("k", 1, 5, 1, bucket=ATTACHED)
    removed = removal(written)
    for order in permutations([other, written, removed]):
        for each in (*order, written):
            assert writer.apply(bodies([each]), never) == {}
        assert mirrored(writer.database) == newest([other, removed])
        writer.database.execute("DELETE FROM states")


def test_a_bucket_that_left_the_scope_and_came_back_is_mirrored_in_any_order(
    writer: MirrorWriter,
) -> None:
    """Its tombstone is the result of a lookup, and so is the row that replaces it."""
    states = [
        message("k", 1, None, 1, bucket=ATTACHED),
        message("k", 1, 5, None, bucket=ATTACHED),
        message("k", 1, 7, 1, bucket=ATTACHED),
    ]
    for end in (2, 3):
        for order in permutations(states[:end]):
            for each in (*order, order[0]):
                assert writer.apply(bodies([each]), never) == {}
            assert mirrored(writer.database) == newest(states[:end])
            writer.database.execute("DELETE FROM states")


@pytest.mark.parametrize("body", ["", "{", "[]", "{}", '{"sequencer": "00"}', "[" * 100_000, "7"])
def test_a_body_that_is_not_a_message_fails(writer: MirrorWriter, body: str) -> None:
    assert writer.apply({"m": body}, never).keys() == {"m"}


# A database that is not available


def pause(service: Service, requests: int) -> None:
    """Let the next `requests` find the database paused."""
    left = iter(range(requests))

    def fault(*_: object) -> DataApiError | None:
        if next(left, None) is None:
            return None
        return DataApiError("DatabaseResumingException", "The Aurora DB instance is resuming")

    service.before = fault


def test_the_writer_waits_until_the_database_has_resumed(
    tables: Database, service: Service
) -> None:
    waited = []
    pause(service, 3)
    writer = MirrorWriter(tables, BUCKET, lambda: PASSWORD)
    assert writer.apply(bodies([message("k", 1, None, 1)]), lambda: waited.append(1)) == {}
    assert len(waited) == 3
    assert keys(tables) == {"k"}


def test_all_messages_fail_when_the_database_does_not_resume(
    writer: MirrorWriter, service: Service
) -> None:
    def wait() -> None:
        raise DatabaseAsleepError("not yet")

    pause(service, 10)
    messages = [message(f"k{n}", n, None, n) for n in range(5)]
    assert writer.apply(bodies(messages), wait) == dict.fromkeys("01234", "not yet")


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("DatabaseUnavailableException", 504),
        ("DatabaseNotFoundException", 404),
        ("ServiceUnavailableError", 503),
        ("StatementTimeoutException", 400),
        ("ForbiddenException", 403),
        ("SecretsErrorException", 400),
    ],
)
def test_an_error_that_no_row_causes_is_not_bisected(
    writer: MirrorWriter, service: Service, code: str, status: int
) -> None:
    service.before = lambda *_: DataApiError(code, "no", status)
    service.requests.clear()
    messages = [message(f"k{n}", n, None, n) for n in range(5)]
    assert writer.apply(bodies(messages), never).keys() == set("01234")
    assert len(service.requests) == 1


# Tombstones


def test_tombstones_are_deleted_after_60_days(writer: MirrorWriter) -> None:
    now = datetime(2026, 11, 25, tzinfo=UTC)
    times = {
        "60 days": now - timedelta(days=60),
        "60 days and 1 second": now - timedelta(days=60, seconds=1),
        "new": now + timedelta(minutes=5),
        "forged": now + timedelta(minutes=5, seconds=1),
        "object": now - timedelta(days=120),
    }
    messages = []
    for key, time in times.items():
        state = message(key, 1, None, 1 if key == "object" else None)
        messages.append({**state, "time": f"{time:%Y-%m-%dT%H:%M:%S}.000Z"})
    assert writer.apply(bodies(messages), never) == {}
    mirrors.delete_expired_tombstones(writer.database, now)
    assert keys(writer.database) == {"60 days", "new", "object"}


def test_a_forged_tombstone_in_the_future_does_not_outlive_the_mark_of_its_heal(
    writer: MirrorWriter,
) -> None:
    """A heal that leaves a deleted key deleted sends no message, so the mirror keeps the place."""
    forged = {**message("k", 1, None, None), "sequencer": "F" * 32}
    assert writer.apply(bodies([{**forged, "time": "2999-01-01T00:00:00.000Z"}]), never) == {}
    assert keys(writer.database) == {"k"}
    writer.prepare(never)
    # 120 days later, the row of the next put has no mark.
    assert writer.apply(bodies([message("k", 2, None, 7)]), never) == {}
    assert mirrored(writer.database)[BUCKET, "k"][0] == 7


def test_the_oldest_tombstones_are_deleted_first(writer: MirrorWriter, monkeypatch: Patch) -> None:
    monkeypatch.setattr(mirrors, "MAX_DELETED", 2)
    messages = [message(f"k{minute}", minute, None, None) for minute in (1, 2, 3)]
    assert writer.apply(bodies(messages), never) == {}
    mirrors.delete_expired_tombstones(writer.database, datetime(2027, 11, 25, tzinfo=UTC))
    assert keys(writer.database) == {"k3"}


# The function


@pytest.fixture
def function(tables: Database, service: Service, monkeypatch: Patch) -> ModuleType:
    """The function's module as Lambda loads it: from its environment, before any message."""
    monkeypatch.setenv("CLUSTER_ARN", CLUSTER)
    monkeypatch.setenv("SECRET_ARN", OWNER)
    monkeypatch.setenv("READER_SECRET_ARN", "arn:none")
    monkeypatch.setenv("BUCKET_NAME", BUCKET)
    monkeypatch.setenv("AWS_ENDPOINT_URL_RDS_DATA", service.url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    module = importlib.reload(importlib.import_module("handlers.mirror"))
    monkeypatch.setattr(module, "POLL", 0.01)
    return module


def test_the_function_replies_with_the_failed_messages(
    function: ModuleType, tables: Database
) -> None:
    messages = [message("k", 1, None, 7), {"key": "no message"}]
    delivery = {
        "Records": [
            {"messageId": f"m{n}", "body": json.dumps(each)} for n, each in enumerate(messages)
        ]
    }
    answer = function.handler(delivery, Context())
    assert answer["batchItemFailures"] == [{"itemIdentifier": "m1"}]
    assert mirrored(tables)[BUCKET, "k"][0] == 7


def test_a_delivery_without_messages_creates_the_tables(
    function: ModuleType, service: Service, server: Path, owner: Database
) -> None:
    function._writer.password = lambda: PASSWORD
    for _ in range(2):  # An instance of the function that has written, too.
        clear(server)
        assert function.handler({"Records": []}, Context()) == {
            "batchItemFailures": [],
            "errors": [],
        }
        assert values(owner.execute("SELECT COUNT(*) AS n FROM objects")) == [[0]]
        reader = Database(service.client(), CLUSTER, READER, never)
        assert values(reader.execute("SELECT COUNT(*) AS n FROM objects")) == [[0]]


def test_a_delivery_without_messages_raises_what_prevents_the_tables(
    function: ModuleType, service: Service
) -> None:
    service.before = lambda *_: DataApiError("InternalServerErrorException", "gone", 500)
    with pytest.raises(ClientError, match="gone"):
        function.handler({"Records": []}, Context())


@pytest.mark.parametrize(("left", "failed"), [(60_000, 0), (59_999, 1)])
def test_the_function_waits_while_60_seconds_are_left(
    function: ModuleType, service: Service, left: int, failed: int
) -> None:
    pause(service, 3)
    delivery = {"Records": [{"messageId": "m", "body": json.dumps(message("k", 1, None, 7))}]}
    answer = function.handler(delivery, Context(left))
    assert len(answer["batchItemFailures"]) == failed


def bodies(messages: list[Message]) -> dict[str, str]:
    return {str(n): json.dumps(each) for n, each in enumerate(messages)}


def test_each_state_has_a_line_and_each_failure_too(
    writer: MirrorWriter, caplog: pytest.LogCaptureFixture
) -> None:
    good = message("k", 1, None, 1)
    with lines_of_keys(caplog):
        assert writer.apply({"m": json.dumps(good)}, never) == {}
    [line] = [vars(each) for each in caplog.records if each.name == "key"]
    assert (line["msg"], line["key"], line["message_id"]) == ("mirrored", "k", "m")
    assert line["sequencer"] == good["sequencer"]
