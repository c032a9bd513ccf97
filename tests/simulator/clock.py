"""Simulated time."""

from datetime import UTC, datetime, timedelta


class Clock:
    """The true time, which nobody's clock needs to show."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def advance(self, duration: timedelta) -> None:
        """Let `duration` pass."""
        self.now += duration
