"""Simulated time."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 1, tzinfo=UTC)
"""Of each history."""


class Clock:
    """The true time. The clocks of S3 and of the function may differ from it."""

    def __init__(self) -> None:
        self.now = START

    def advance(self, duration: timedelta) -> None:
        """Let `duration` pass."""
        self.now += duration
