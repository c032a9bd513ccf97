"""The keys whose life a page shows: their lines, and an event when new ones have come."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from reinventure.aws.key_log_reader import KeyLogReader
from reinventure.console.event_stream import EventStream
from s3_catalog import key_log
from s3_catalog.model.timestamps import utc_now

WINDOW = timedelta(hours=24)
"""How far back the lines of a key are read."""

MAX_KEYS = 4
"""Keys that are watched at the same time, the last ones that were asked for."""

WATCHED_SECONDS = 600.0
"""A page asks again within half of this time, while it is open."""

_LATE = timedelta(minutes=2)
"""How late a line may come into the log, after the time that it has."""


@dataclass(slots=True)
class _Watched:
    """A key, until when it is watched, and the number of its lines since a moment."""

    bucket: str
    key: str
    until: float
    since: datetime
    lines: int


@dataclass
class WatchedKeys:
    """Reads the lines of keys by `reader`, and publishes `key` to `events` when there are more."""

    reader: KeyLogReader
    events: EventStream
    clock: Callable[[], float] = time.monotonic
    _watched: "OrderedDict[str, _Watched]" = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def lines(self, bucket: str, key: str) -> list[dict[str, Any]]:
        """Return the lines of `key`, in the order of their times, and watch it from now on.

        Raises botocore's ClientError or BotoCoreError.
        """
        now = utc_now()
        found = self.reader.lines(bucket, key, now - WINDOW)
        since = now - _LATE
        recent = sum(int(line["at"]) >= since.timestamp() * 1_000_000 for line in found)
        with self._lock:
            place = key_log.place(bucket, key)
            until = self.clock() + WATCHED_SECONDS
            self._watched[place] = _Watched(bucket, key, until, since, recent)
            self._watched.move_to_end(place)
            while len(self._watched) > MAX_KEYS:
                self._watched.popitem(last=False)
        return found

    def look(self) -> None:
        """Publish the event `key` for each watched key that has more lines than a page has seen."""
        for place, watched in self._current():
            try:
                found = self.reader.lines(watched.bucket, watched.key, watched.since)
            except (ClientError, BotoCoreError):
                # The page shows what prevents that when it asks again.
                continue
            since = watched.since.timestamp() * 1_000_000
            count = sum(int(line["at"]) >= since for line in found)
            if count > watched.lines:
                watched.lines = count
                self.events.publish("key", {"place": place})

    def _current(self) -> list[tuple[str, _Watched]]:
        with self._lock:
            now = self.clock()
            for place in [name for name, each in self._watched.items() if each.until < now]:
                del self._watched[place]
            return list(self._watched.items())
