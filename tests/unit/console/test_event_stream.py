"""The stream of events: what a page gets that was away, and what is kept."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from reinventure.console import event_stream
from reinventure.console.event_stream import EventStream


def numbers(events: EventStream, position: str) -> list[int] | None:
    found = events.since(position)
    return None if found is None else [event.number for event in found]


def test_a_page_gets_what_came_since_its_position() -> None:
    events = EventStream(capacity=3, run="r")
    assert events.position() == "r-0"
    events.publish("change", {"key": "a"})
    assert events.position() == "r-1"
    events.publish("change", {"key": "b"})
    assert numbers(events, "r-0") == [1, 2]
    assert numbers(events, "r-1") == [2]
    assert numbers(events, "r-2") == []


def test_only_the_newest_are_kept_and_a_gap_is_one() -> None:
    events = EventStream(capacity=3, run="r")
    for n in range(5):
        events.publish("change", n)
    assert numbers(events, "r-2") == [3, 4, 5]
    assert numbers(events, "r-1") is None
    assert numbers(events, "r-0") is None


@pytest.mark.parametrize("position", ["", "r", "r-", "r-6", "r--1", "r-x", "r-٣", "other-5", "-5"])
def test_a_position_of_another_run_or_of_none_is_a_gap(position: str) -> None:
    events = EventStream(run="r")
    for n in range(5):
        events.publish("change", n)
    assert events.since(position) is None


async def lines(stream: AsyncIterator[bytes], count: int) -> list[str]:
    return [(await anext(stream)).decode() for _ in range(count)]


def test_the_stream_has_the_form_of_server_sent_events() -> None:
    async def read() -> list[str]:
        events = EventStream(run="r")
        events.publish("change", {"key": "two\nlines"})
        return await lines(events.read("r-0"), 2)

    assert asyncio.run(read()) == [
        "retry: 1000\n\n",
        'id: r-1\nevent: change\ndata: {"key": "two\\nlines"}\n\n',
    ]


def test_after_a_gap_a_page_is_told_to_reload_and_reads_on_from_there() -> None:
    async def read() -> list[str]:
        events = EventStream(capacity=1, run="r")
        for n in range(3):
            events.publish("change", n)
        stream = events.read("r-0")
        found = await lines(stream, 2)
        events.publish("change", 3)
        return [*found[1:], *await lines(stream, 1)]

    assert asyncio.run(read()) == [
        "id: r-3\nevent: reload\ndata: null\n\n",
        "id: r-4\nevent: change\ndata: 3\n\n",
    ]


def test_an_event_of_another_thread_wakes_the_reader() -> None:
    async def read() -> list[str]:
        events = EventStream(run="r")
        stream = events.read("r-0")
        await anext(stream)
        waiting = asyncio.ensure_future(lines(stream, 1))
        for _ in range(10):  # Until it has found nothing, and waits.
            await asyncio.sleep(0)
        await asyncio.to_thread(events.publish, "change", 1)
        return await waiting

    assert asyncio.run(read()) == ["id: r-1\nevent: change\ndata: 1\n\n"]


def test_a_quiet_stream_gives_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "KEEP_ALIVE_SECONDS", 0.001)

    async def read() -> list[str]:
        return await lines(EventStream(run="r").read("r-0"), 3)

    assert asyncio.run(read())[1:] == [": quiet\n\n"] * 2


def test_it_ends_when_the_console_stops_and_forgets_its_readers() -> None:
    async def read() -> int:
        events = EventStream(run="r")

        async def all_of() -> int:
            return len([each async for each in events.read("r-0")])

        reading = asyncio.ensure_future(all_of())
        while not events.readers:
            await asyncio.sleep(0)
        events.close()
        await reading
        left = events.readers
        assert len([each async for each in events.read("r-0")]) == 1
        return left

    assert asyncio.run(read()) == 0


def test_a_reader_that_is_gone_is_forgotten() -> None:
    async def read() -> int:
        events = EventStream(run="r")
        stream = events.read("r-0")
        await lines(stream, 1)
        assert events.readers == 1
        await stream.aclose()  # type: ignore[attr-defined]
        return events.readers

    assert asyncio.run(read()) == 0
