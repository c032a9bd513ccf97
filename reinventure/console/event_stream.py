"""The events by which pages stay current: numbered, in a bounded buffer, as Server-Sent Events.

An id is `<run>-<number>`: `run` is of this process, a page that outlives the server does not take
the numbers of another. A browser that was away sends the id of its last event (Last-Event-ID,
HTML Living Standard, 9.2.4) and gets those since. If the buffer no longer has them, or the id is of
another run, it gets the event `reload`: the page then loads its state anew.
"""

import asyncio
import json
import secrets
import threading
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

CAPACITY = 2_000
"""Events that are kept: of a burst of changes the newest; what a page missed, it reloads."""

KEEP_ALIVE_SECONDS = 15
"""Between two signs of life on a quiet stream: so a browser, and this server, notice a dead one."""

RETRY_MILLISECONDS = 1_000
"""After which a browser connects again."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event of this run: its number, its name, and its data as JSON."""

    number: int
    name: str
    data: str


class EventStream:
    """Events from any thread, for any number of pages. `run` names this process."""

    def __init__(self, capacity: int = CAPACITY, run: str | None = None) -> None:
        self.run = run or secrets.token_hex(4)
        self._kept: deque[Event] = deque(maxlen=capacity)
        self._number = 0
        self._lock = threading.Lock()
        self._readers: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._closed = False

    @property
    def readers(self) -> int:
        """Number of pages that are connected."""
        return len(self._readers)

    def position(self) -> str:
        """Return the id of the newest event, from which a page that shows all before reads on."""
        with self._lock:
            return f"{self.run}-{self._number}"

    def publish(self, name: str, data: object) -> None:
        """Append the event `name`, whose `data` are JSON."""
        with self._lock:
            self._number += 1
            self._kept.append(Event(self._number, name, json.dumps(data)))
            readers = list(self._readers.items())
        _wake(readers)

    def close(self) -> None:
        """End all streams, and those that are opened later."""
        with self._lock:
            self._closed = True
            readers = list(self._readers.items())
        _wake(readers)

    def since(self, position: str) -> list[Event] | None:
        """Return the events after `position`, or None if they are not all there."""
        run, _, text = position.rpartition("-")
        if run != self.run or not text.isascii() or not text.isdecimal():
            return None
        number = int(text)
        with self._lock:
            oldest = self._kept[0].number if self._kept else self._number + 1
            if not oldest - 1 <= number <= self._number:
                return None
            # The newest are at the end: a reader that keeps up looks at these alone.
            missed = self._number - number
            return [self._kept[len(self._kept) - missed + n] for n in range(missed)]

    async def read(self, position: str) -> AsyncIterator[bytes]:
        """Yield the events after `position` as they come, in the form of the stream.

        A reader holds no queue: one that is slower than the buffer gets `reload`.
        """
        news = asyncio.Event()
        with self._lock:
            self._readers[news] = asyncio.get_running_loop()
        try:
            yield f"retry: {RETRY_MILLISECONDS}\n\n".encode()
            while not self._closed:
                news.clear()
                events = self.since(position)
                if events is None:
                    position = self.position()
                    yield f"id: {position}\nevent: reload\ndata: null\n\n".encode()
                    continue
                for event in events:
                    position = f"{self.run}-{event.number}"
                    yield f"id: {position}\nevent: {event.name}\ndata: {event.data}\n\n".encode()
                if not events:
                    try:
                        await asyncio.wait_for(news.wait(), KEEP_ALIVE_SECONDS)
                    except TimeoutError:
                        yield b": quiet\n\n"
        finally:
            with self._lock:
                del self._readers[news]


def _wake(readers: list[tuple[asyncio.Event, asyncio.AbstractEventLoop]]) -> None:
    for news, loop in readers:
        try:
            loop.call_soon_threadsafe(news.set)
        except RuntimeError:
            # The loop has ended, and its readers with it.
            continue
