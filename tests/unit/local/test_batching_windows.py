"""The local cloud gathers the records of a stream in batches."""

import importlib
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from reinventure.local.patches.streams import batches_are_gathered

MAPPING = {
    "UUID": "mapping",
    "EventSourceArn": "arn:aws:dynamodb:us-east-1:000000000000:table/rows/stream/now",
    "BatchSize": 100,
    "MaximumBatchingWindowInSeconds": 1,
}


class Stream:
    """A stream that is read up to `position` and has records up to `end`, at the time `now`."""

    position: int | None = 0
    end = 0
    now = 1000.0

    def __init__(self) -> None:
        self.mapping: dict[str, Any] = dict(MAPPING)


@pytest.fixture
def stream() -> Stream:
    return Stream()


@pytest.fixture
def is_read(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    """Whether the poller would read the stream now; it looks again if not."""
    functions: Any = importlib.import_module("ministack.services.lambda_svc")
    dynamodb: Any = importlib.import_module("ministack.services.dynamodb")
    woken: list[bool] = []

    def end(table: str, **scope: str) -> int:
        assert (table, scope) == ("rows", {"account_id": "0", "region": "r"})
        return stream.end

    def position(mapping: str) -> int | None:
        assert mapping == "mapping"
        return stream.position

    wake = SimpleNamespace(set=lambda: woken.append(True))
    monkeypatch.setattr(functions, "_iter_all_esms", lambda: [("0", "r", stream.mapping)])
    monkeypatch.setattr(functions, "_dynamodb_stream_positions", SimpleNamespace(get=position))
    monkeypatch.setattr(functions, "_esm_wake", wake)
    monkeypatch.setattr(dynamodb, "stream_end_position", end)
    monkeypatch.setattr(time, "time", lambda: stream.now)
    batches_are_gathered.apply()

    def read() -> bool:
        woken.clear()
        found = list(functions._iter_all_esms())
        assert bool(woken) == (not found)
        return found == [("0", "r", stream.mapping)]

    return read


def test_records_that_keep_coming_wait_for_the_end_of_the_window(
    stream: Stream, is_read: Callable[[], bool]
) -> None:
    for _ in range(32):
        stream.end += 1
        assert not is_read()
        stream.now += 1 / 32
    stream.end += 1
    assert is_read()
    stream.position = 33
    stream.end += 1
    assert not is_read(), "the next batch has a window of its own"


def test_a_full_batch_does_not_wait(stream: Stream, is_read: Callable[[], bool]) -> None:
    stream.end = 99
    assert not is_read()
    stream.end = 100
    assert is_read()


def test_a_batch_is_complete_when_no_more_records_come(
    stream: Stream, is_read: Callable[[], bool]
) -> None:
    stream.end = 1
    assert not is_read()
    stream.now += 0.06
    assert is_read()


@pytest.mark.parametrize("case", ["no window", "no record", "no position"])
def test_everything_else_is_read_as_before(
    stream: Stream, is_read: Callable[[], bool], case: str
) -> None:
    stream.end = 1
    match case:
        case "no window":
            stream.mapping["MaximumBatchingWindowInSeconds"] = 0
        case "no record":
            stream.end = 0
        case "no position":
            stream.position = None
    assert is_read()
