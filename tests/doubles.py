"""Test doubles that several tests use: the context of an invocation, a clock, a row."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from s3_catalog import key_log
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


@contextmanager
def lines_of_keys(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Log as functions do with the setting `log_level=debug`, in the body of this context."""
    with caplog.at_level(logging.DEBUG), pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_log, "ENABLED", True)
        yield
