"""Waiting for what must come true."""

import time
from collections.abc import Callable

PATIENCE = 60
"""Seconds after which it is taken never to."""


def until(condition: Callable[[], bool], otherwise: Callable[[], str] = str) -> None:
    """Return when `condition` holds; if it never does, fail with what `otherwise` says."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"it never came true {otherwise()}"
        time.sleep(0.2)
