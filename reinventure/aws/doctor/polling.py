"""Waiting for something that AWS does some seconds or minutes later."""

import time
from collections.abc import Callable
from typing import TypeVar

POLL_SECONDS = 1.0

_T = TypeVar("_T")


def first(look: Callable[[], _T | None], patience: float) -> _T | None:
    """Return what `look` returns as soon as that is not None; None after `patience` seconds."""
    end = time.monotonic() + patience
    while (seen := look()) is None and time.monotonic() < end:
        time.sleep(POLL_SECONDS)
    return seen
