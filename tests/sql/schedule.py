"""Random histories of a few keys, and random deliveries of their messages to the mirror."""

import json
import random
from dataclasses import dataclass
from typing import Any

from reinventure.local.data_api_server import DataApiError
from s3_catalog.sql_mirror.data_api import Database, values
from s3_catalog.sql_mirror.mirror_writer import MirrorWriter
from tests.sql.conftest import BUCKET, PASSWORD, Service, never

ATTACHED = "logs.example"
KEYS = [
    "a",
    "A",
    "a ",
    "ä",
    "a\u0308",
    "ss",
    "ß",
    "🚀",
    "🚀 ",
    "a\x00",
    "x" * 1024,
    "%s :key0 '\"\\",
]
"""Keys that are equal in some collation, or that break careless quoting."""

Message = dict[str, Any]


@dataclass
class Schedule:
    """How `messages` are delivered: in `batches`, with faults that `chance` selects."""

    messages: list[Message]
    batches: list[list[Message]]
    chance: random.Random


def message(
    key: str,
    sequencer: int,
    asked_at: int | None,
    size: int | None,
    healed_at: int | None = None,
    bucket: str = BUCKET,
) -> Message:
    """Return a message of the change feed; `size` is None for a deletion."""
    time = f"2026-11-23T10:{sequencer % 60:02}:00.{(asked_at or 0) % 1000:03}Z"
    new = size is not None and {
        "size": size,
        "etag": f"{sequencer:x}-{asked_at or 0}",
        "version_id": f"v{size}" if size % 2 else None,
        "time": time,
    }
    return {
        "version": "1",
        "id": f"{key}{sequencer}",
        "kind": "created" if new else "deleted",
        "bucket": bucket,
        "key": key,
        "sequencer": f"{sequencer:032X}",
        "asked_at": asked_at,
        "healed_at": healed_at,
        "time": time,
        "event": "ObjectCreated:Put" if new else "ObjectRemoved:Delete",
        "old": None,
        "new": new or None,
    }


def removal(message: Message) -> Message:
    """Return the message of the deletion of the row itself that was written with `message`."""
    return {**message, "kind": "deleted", "old": message["new"], "new": None}


def history(chance: random.Random, key: str, bucket: str = BUCKET) -> list[Message]:
    """Return the messages of one key of `bucket`, in the order of its states.

    At the end, the row itself may be removed.
    """
    sequencer, asked_at, healed_at, messages = 8 + chance.randrange(20), None, None, []
    for _ in range(chance.randrange(1, 6)):
        heals = chance.random() < 0.15
        if heals or healed_at or chance.random() < 0.3:
            # A lookup, perhaps because of the same event. Only lookups write a healed row.
            asked_at = (asked_at or 0) + 1 + chance.randrange(3)
            sequencer += chance.randrange(8) if healed_at else 0
            if heals:
                sequencer, healed_at = chance.randrange(8), asked_at
        else:
            sequencer += 1 + chance.randrange(8)
            asked_at = None if chance.random() < 0.7 else chance.randrange(5)
        size = None if chance.random() < 0.35 else chance.randrange(1000)
        messages.append(message(key, sequencer, asked_at, size, healed_at, bucket))
    if messages[-1]["new"] and chance.random() < 0.15:
        messages.append(removal(messages[-1]))
    return messages


def schedule(seed: int) -> Schedule:
    """Return the schedule with the number `seed`: always the same."""
    chance = random.Random(seed)  # noqa: S311 (nothing is secret)
    places = [(bucket, key) for bucket in (BUCKET, ATTACHED) for key in KEYS[:6]]
    places += [(BUCKET, key) for key in KEYS[6:]]
    chosen = chance.sample(places, chance.randrange(1, 5))
    messages = [each for bucket, key in chosen for each in history(chance, key, bucket)]
    delivered = messages + chance.choices(messages, k=chance.randrange(4))
    if chance.random() < 0.8:
        chance.shuffle(delivered)
    batches = []
    while delivered:
        size = chance.randrange(1, 8)
        batches.append(delivered[:size])
        delivered = delivered[size:]
    return Schedule(messages, batches, chance)


def play(schedule: Schedule, database: Database, service: Service) -> None:
    """Deliver the schedule to an empty mirror, with retries until all succeed; then compare.

    Raises AssertionError when the mirror differs from the newest message of each key.
    """
    database.execute("DELETE FROM states")
    writer = MirrorWriter(database, BUCKET, lambda: PASSWORD, _ready=True)
    waiting = list(schedule.batches)
    fails = 0.3
    while waiting:
        batch = waiting.pop(0)
        _break(service, schedule.chance, fails)
        failed = writer.apply({str(n): json.dumps(each) for n, each in enumerate(batch)}, never)
        _break(service, schedule.chance, 0)
        again = [batch[int(n)] for n in failed]
        if again:
            fails *= 0.8
            waiting.insert(schedule.chance.randrange(len(waiting) + 1), again)
    assert mirrored(database) == newest(schedule.messages)
    live = values(database.execute("SELECT bucket, key_bytes, size FROM objects"))
    assert {(bucket, bytes(key).decode()): size for bucket, key, size in live} == {  # type: ignore[call-overload]
        place: state[0]
        for place, state in newest(schedule.messages).items()
        if state[0] is not None
    }


Mirrored = dict[tuple[str, str], tuple[object, ...]]
"""The state of each key, by its bucket and itself."""


def newest(messages: list[Message]) -> Mirrored:
    """Return the expected mirror: the state of the newest message of each key."""
    found: dict[tuple[str, str], Message] = {}
    for each in messages:
        place = each["bucket"], each["key"]
        if place not in found or _order(each) > _order(found[place]):
            found[place] = each
    return {place: _state(each) for place, each in found.items()}


def mirrored(database: Database) -> Mirrored:
    """Return the mirror's state of each key."""
    rows = values(
        database.execute(
            "SELECT bucket, key_bytes, size, etag, version_id, changed_at, event FROM states"
        )
    )
    return {(str(bucket), bytes(key).decode()): tuple(rest) for bucket, key, *rest in rows}  # type: ignore[call-overload]


def keys(database: Database) -> set[str]:
    """Return the keys that the mirror has of `BUCKET`."""
    return {key for bucket, key in mirrored(database) if bucket == BUCKET}


def _order(message: Message) -> tuple[int, str, int, bool]:
    place = message["healed_at"] or 0, message["sequencer"], message["asked_at"] or 0
    return *place, message["new"] is None


def _state(message: Message) -> tuple[object, ...]:
    new = message["new"] or {}
    time = message["time"][:-1].replace("T", " ")
    names = ("size", "etag", "version_id")
    return (*(new.get(name) for name in names), time, message["event"])


def _break(service: Service, chance: random.Random, fails: float) -> None:
    """Let calls fail from now on, some before their statement and some after it."""

    def fault(_path: str, _request: Message) -> DataApiError | None:
        if chance.random() >= fails:
            return None
        code, status = chance.choice(
            [
                ("InternalServerErrorException", 500),
                ("DatabaseErrorException", 400),  # For example, a deadlock.
                ("DatabaseUnavailableException", 504),
            ]
        )
        return DataApiError(code, "injected", status)

    service.before = service.after = fault
