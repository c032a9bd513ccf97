"""Test doubles that several tests use: the context of an invocation, a clock, a row."""

from dataclasses import replace
from typing import Any

from s3_catalog.model.row import Row

_ROW = Row(
    bucket="bucket",
    key="key",
    sequencer="00600A" + "0" * 26,  # Of 2021.
    event_time="2026-11-23T12:00:00.005Z",
    event_name="ObjectCreated:Put",
    version_id=None,
    size=7,
    etag="e",
    expires_at=None,
)


class Context:
    """The second argument of a handler (`handlers.context.Context`).

    `remaining` milliseconds are left each time they are read; after `reads` times, one second.
    """

    def __init__(
        self,
        remaining: int = 900_000,
        *,
        reads: int | None = None,
        invoked_function_arn: str = "arn:aws:lambda:eu-west-1:123456789012:function:f",
    ) -> None:
        self.invoked_function_arn = invoked_function_arn
        self._remaining = remaining
        self._reads = reads

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds that are left."""
        if self._reads is None:
            return self._remaining
        self._reads -= 1
        return self._remaining if self._reads >= 0 else 1_000


class Clock:
    """A clock for code that takes `time.monotonic` as a parameter; `now` is in seconds."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the time, as `time.monotonic` does."""
        return self.now


def row(key: str = "key", **attributes: Any) -> Row:
    """Return the row of an object, with these `attributes` in place of the usual ones."""
    return replace(_ROW, key=key, **attributes)
