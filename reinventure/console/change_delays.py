"""How long changes took from S3 to the change feed: measured, of each change that came."""

import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from reinventure.console.function_calls import quantile

MAX_KEPT = 10_000
"""Of a burst, the last ones."""


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Of `count` delays the median and the 99th percentile, in milliseconds."""

    count: int
    median: float = 0.0
    slowest: float = 0.0


class Delays:
    """Delays with the time at which each ended. Threads may share it."""

    def __init__(self) -> None:
        self._kept: deque[tuple[datetime, float]] = deque(maxlen=MAX_KEPT)
        self._lock = threading.Lock()

    def add(self, at: datetime, milliseconds: float) -> None:
        """Add a delay that ended `at` this time."""
        with self._lock:
            self._kept.append((at, milliseconds))

    def last(self, window: timedelta, now: datetime) -> Quantiles:
        """Return the quantiles of the delays that ended in the last `window`."""
        with self._lock:
            while self._kept and self._kept[0][0] < now - window:
                self._kept.popleft()
            values = sorted(milliseconds for _, milliseconds in self._kept)
        if not values:
            return Quantiles(0)
        return Quantiles(len(values), quantile(values, 0.5), quantile(values, 0.99))
