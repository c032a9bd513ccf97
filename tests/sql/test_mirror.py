"""The claim: whatever happens to the messages, the mirror ends as the newest of each key says."""

import importlib
import json
import random
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest

from reinventure.local.data_api_server import DataApiError
from s3_catalog.errors import DatabaseAsleepError
from s3_catalog.model.row import TOMBSTONE_LIFE
from s3_catalog.sql_mirror import mirror_writer as mirrors
from s3_catalog.sql_mirror import state, upsert
from s3_catalog.sql_mirror.data_api import Database, values
from s3_catalog.sql_mirror.mirror_writer import Mirror
from tests.sql.conftest import CLUSTER, OWNER, PASSWORD, Service, never
from tests.sql.schedule import BUCKET, KEYS, Message, history, message, mirrored, newest, play
from tests.sql.schedule import schedule as make

SCHEDULES = 400
Patch = pytest.MonkeyPatch


@pytest.fixture
def mirror(tables: Database) -> Mirror:
    return Mirror(tables, BUCKET, lambda: PASSWORD, _ready=True)


def test_whatever_happens_the_mirror_ends_right(tables: Database, service: Service) -> None:
    for seed in range(SCHEDULES):
        play(make(seed), tables, service)


def test_writers_at_once_end_right(tables: Database, service: Service) -> None:
    chance = random.Random(1)  # noqa: S311
    messages = [each for key in KEYS for each in history(chance, key)]
    undone: list[Any] = []

    def write(seed: int) -> None:
        ours = Mirror(replace(tables, client=service.client()), BUCKET, lambda: PASSWORD)
        order = random.Random(seed)  # noqa: S311
        waiting = order.sample(messages, len(messages))
        for _ in range(2 * len(messages)):
            batch, waiting = waiting[:9], waiting[9:]
            bodies = {str(n): json.dumps(each) for n, each in enumerate(batch)}
            failed = ours.apply(bodies, never)
            # As the queue does: of two that lock each other out, the database refuses one.
            waiting += [batch[int(n)] for n in failed]
            if not waiting:
                return
        undone.extend(waiting)

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert undone == []
    assert mirrored(tables) == newest(messages)


# The schedules can fail: each of these mistakes is found


def in_the_statement(patch: Patch, old: str, new: str) -> None:
    sound = upsert.statement
    assert old in sound(1)  # Here: within a schedule it would pass for what the schedule shows.
    patch.setattr(upsert, "statement", lambda rows: sound(rows).replace(old, new))


def drop_the_order(patch: Patch) -> None:
    in_the_statement(patch, "VALUES(place) > place", "TRUE")


def flip_the_order(patch: Patch) -> None:
    in_the_statement(patch, "VALUES(place) > place", "VALUES(place) < place")


def delete_whatever_is_known(patch: Patch) -> None:
    rule = "VALUES(place) > place"
    in_the_statement(patch, rule, f"{rule} OR VALUES(size) IS NULL")


def assign_the_place_first(patch: Patch) -> None:
    last = ", place = GREATEST(place, VALUES(place))"
    sound = upsert.statement
    patch.setattr(
        upsert,
        "statement",
        lambda rows: (
            sound(rows)
            .replace(last, "")
            .replace("KEY UPDATE ", "KEY UPDATE place = GREATEST(place, VALUES(place)), ")
        ),
    )


def let_the_place_go_back(patch: Patch) -> None:
    in_the_statement(patch, "GREATEST(place, VALUES(place))", "VALUES(place)")


def keep_the_first(patch: Patch) -> None:
    in_the_statement(patch, "VALUES(place) > place", "FALSE")


def forget_when_it_was_asked(patch: Patch) -> None:
    patch.setattr(state, "_place", lambda told: told["sequencer"])


def drop_deletions(patch: Patch) -> None:
    sound = upsert.upsert

    def without(database: Database, states: list[state.State]) -> None:
        if kept := [each for each in states if each.size is not None]:
            sound(database, kept)

    patch.setattr(mirrors, "upsert", without)


def report_failures_as_successes(patch: Patch) -> None:
    sound = mirrors._write

    def silent(database: Database, states: Any) -> dict[str, str]:
        sound(database, states)
        return {}

    patch.setattr(mirrors, "_write", silent)


MISTAKES = [
    drop_the_order,
    flip_the_order,
    delete_whatever_is_known,
    assign_the_place_first,
    let_the_place_go_back,
    keep_the_first,
    forget_when_it_was_asked,
    drop_deletions,
    report_failures_as_successes,
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
def test_a_mistake_is_found(
    mistake: Callable[[Patch], None], tables: Database, service: Service, monkeypatch: Patch
) -> None:
    mistake(monkeypatch)
    for seed in range(SCHEDULES):
        try:
            play(make(seed), tables, service)
        except AssertionError:
            return
    pytest.fail("no schedule shows it")


# A batch


def test_a_batch_is_one_statement(mirror: Mirror, service: Service) -> None:
    messages = [message(f"k{n}", n, None, n) for n in range(100)]
    service.asked.clear()
    assert mirror.apply(bodies(messages), never) == {}
    assert len(service.asked) == 1
    assert mirrored(mirror.database) == newest(messages)


def test_the_longest_batch_fits_a_request(mirror: Mirror) -> None:
    messages = [message(f"{n:04}" + "\x01" * 1020, n, 10**16, 2**63 - 1) for n in range(100)]
    for each in messages:
        each["new"] |= {"etag": "e" * state.MAX_ETAG, "version_id": "v" * state.MAX_VERSION}
    assert mirror.apply(bodies(messages), never) == {}
    assert mirrored(mirror.database) == newest(messages)


def test_keys_that_look_alike_are_as_many_objects(mirror: Mirror) -> None:
    messages = [message(key, n, None, n) for n, key in enumerate(KEYS)]
    assert mirror.apply(bodies(messages), never) == {}
    assert mirrored(mirror.database).keys() == set(KEYS)
    texts = values(mirror.database.execute("SELECT object_key FROM objects"))
    assert sorted(str(text) for [text] in texts) == sorted(KEYS)


def test_what_the_database_refuses_does_not_hold_up_the_rest(
    mirror: Mirror, service: Service
) -> None:
    messages = [message(f"k{n}", n, None, n) for n in range(20)]

    def refuse(_path: str, request: dict[str, Any]) -> DataApiError | None:
        values = [each["value"] for each in request["parameters"]]
        # The keys k3 and k17, as they travel.
        bad = {"blobValue": "azM="} in values or {"blobValue": "azE3"} in values
        return DataApiError("DatabaseErrorException", "Data too long") if bad else None

    service.before = refuse
    failed = mirror.apply(bodies(messages), never)
    assert failed.keys() == {"3", "17"}
    assert all("Data too long" in reason for reason in failed.values())
    service.before = lambda *_: None
    assert mirrored(mirror.database).keys() == {f"k{n}" for n in range(20)} - {"k3", "k17"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"bucket": "another"}, "bucket 'another' is not ours"),
        ({"bucket": None}, "bucket 'None' is not ours"),
        ({"key": ""}, "key has 0 bytes"),
        ({"key": "x" * 1025}, "key has 1025 bytes"),
        ({"key": "\ud800"}, "not valid Unicode"),
        ({"key": 7}, "it names no key"),
        ({"sequencer": "55AE"}, "sequencer '55AE' is none of a row"),
        ({"sequencer": "g" * 32}, "is none of a row"),
        ({"asked_at": -1}, "asked_at '-1' is no number"),
        ({"asked_at": True}, "asked_at 'True' is no number"),
        ({"asked_at": 10**20}, "asked_at '100000000000000000000' is no number"),
        ({"time": "yesterday"}, "time 'yesterday' is not in UTC"),
        ({"time": "2026-11-23T10:16:00Z"}, "is not in UTC with milliseconds"),
        ({"event": "é"}, "event 'é' is not 1 to 255 characters of ASCII"),
        ({"new": 7}, "neither an object nor null"),
        ({"new": {"size": 1.5, "etag": "e"}}, "size '1.5' is no number"),
        ({"new": {"size": 2**63, "etag": "e"}}, "size '9223372036854775808' is no number"),
        ({"new": {"size": 1, "etag": "e" * 256}}, "is not 1 to 255 characters of ASCII"),
        ({"new": {"size": 1}}, "etag is no text"),
        ({"new": {"size": 1, "etag": "e", "version_id": "v" * 1025}}, "not 1 to 1024 characters"),
    ],
)
def test_what_is_no_message_of_ours_is_returned_with_the_reason(
    mirror: Mirror, change: Message, reason: str
) -> None:
    sound = message("sound", 1, None, 1)
    failed = mirror.apply(bodies([{**message("k", 1, None, 1), **change}, sound]), never)
    assert failed.keys() == {"0"}
    assert reason in failed["0"]
    assert mirrored(mirror.database).keys() == {"sound"}


@pytest.mark.parametrize("body", ["", "{", "[]", "{}", '{"sequencer": "00"}', "[" * 100_000, "7"])
def test_what_is_no_message_at_all_is_returned(mirror: Mirror, body: str) -> None:
    assert mirror.apply({"m": body}, never).keys() == {"m"}


# A database that is not there


def asleep(service: Service, questions: int) -> None:
    """Have the next so many questions find the database asleep."""
    left = iter(range(questions))

    def fault(*_: object) -> DataApiError | None:
        if next(left, None) is None:
            return None
        return DataApiError("DatabaseResumingException", "The Aurora DB instance is resuming")

    service.before = fault


def test_a_database_that_wakes_up_is_waited_for(tables: Database, service: Service) -> None:
    waited = []
    asleep(service, 3)
    mirror = Mirror(tables, BUCKET, lambda: PASSWORD)
    assert mirror.apply(bodies([message("k", 1, None, 1)]), lambda: waited.append(1)) == {}
    assert len(waited) == 3
    assert mirrored(tables).keys() == {"k"}


def test_after_too_long_the_queue_has_it_all_again(mirror: Mirror, service: Service) -> None:
    def wait() -> None:
        raise DatabaseAsleepError("not yet")

    asleep(service, 10)
    messages = [message(f"k{n}", n, None, n) for n in range(5)]
    assert mirror.apply(bodies(messages), wait) == dict.fromkeys("01234", "not yet")


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
def test_what_no_row_is_to_blame_for_is_asked_once(
    mirror: Mirror, service: Service, code: str, status: int
) -> None:
    service.before = lambda *_: DataApiError(code, "no", status)
    service.asked.clear()
    messages = [message(f"k{n}", n, None, n) for n in range(5)]
    assert mirror.apply(bodies(messages), never).keys() == set("01234")
    assert len(service.asked) == 1


# What is forgotten


def test_a_deletion_is_forgotten_when_the_catalog_forgets_it_too(mirror: Mirror) -> None:
    now = datetime(2026, 11, 25, tzinfo=UTC)
    times = {
        "old": now - TOMBSTONE_LIFE,
        "older": now - TOMBSTONE_LIFE * 2,
        "new": now,
        "there": now - TOMBSTONE_LIFE * 2,
    }
    messages = []
    for key, time in times.items():
        told = message(key, 1, None, 1 if key == "there" else None)
        messages.append({**told, "time": f"{time:%Y-%m-%dT%H:%M:%S}.000Z"})
    assert mirror.apply(bodies(messages), never) == {}
    mirrors.forget(mirror.database, now)
    assert mirrored(mirror.database).keys() == {"old", "new", "there"}


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


class Context:
    def __init__(self, milliseconds: int = 120_000) -> None:
        self._left = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self._left


def test_the_function_takes_a_batch_of_the_queue(function: ModuleType, tables: Database) -> None:
    told = [message("k", 1, None, 7), {"key": "no message"}]
    delivery = {
        "Records": [{"messageId": f"m{n}", "body": json.dumps(each)} for n, each in enumerate(told)]
    }
    answer = function.handler(delivery, Context())
    assert answer["batchItemFailures"] == [{"itemIdentifier": "m1"}]
    assert mirrored(tables)["k"][0] == 7


@pytest.mark.parametrize(("left", "failed"), [(120_000, 0), (30_000, 1)])
def test_the_function_waits_as_long_as_it_has_time(
    function: ModuleType, service: Service, left: int, failed: int
) -> None:
    asleep(service, 3)
    delivery = {"Records": [{"messageId": "m", "body": json.dumps(message("k", 1, None, 7))}]}
    answer = function.handler(delivery, Context(left))
    assert len(answer["batchItemFailures"]) == failed


def bodies(messages: list[Message]) -> dict[str, str]:
    return {str(n): json.dumps(each) for n, each in enumerate(messages)}
