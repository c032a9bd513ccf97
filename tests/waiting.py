"""Waiting for a condition: as long as it takes, but not for ever."""

import time
from collections.abc import Callable

PATIENCE = 120
"""Seconds after which what the local cloud has not done is taken never to come."""


def wait_until(
    done: Callable[[], bool],
    patience: float = PATIENCE,
    left: Callable[[], object] = lambda: "nothing came",
) -> None:
    """Return when `done` says so; fail with what `left` says after `patience` seconds."""
    deadline = time.monotonic() + patience
    while not done():
        assert time.monotonic() < deadline, left()
        time.sleep(0.1)
