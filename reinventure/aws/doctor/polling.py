"""Waiting for something that AWS does some seconds or minutes later."""

import time
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


def first(look: Callable[[], _T | None], patience: float, *, pause: float = 1) -> _T | None:
    """Return what `look` returns as soon as that is not None; None after `patience` seconds.

    Waits `pause` seconds between two looks.
    """
    end = time.monotonic() + patience
    while (seen := look()) is None and time.monotonic() < end:
        time.sleep(pause)
    return seen
