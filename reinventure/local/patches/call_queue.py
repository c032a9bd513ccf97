"""Calls that wait for a few threads, instead of each having its own."""

import logging
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread

_LOG = logging.getLogger("ministack.calls")


class CallQueue:
    """Calls that `threads` threads make, in the order in which they are put.

    The threads end with the process. A call that raises is logged.
    """

    def __init__(self, threads: int) -> None:
        # Its lock is held for moments only: the thread that serves requests does not wait for it.
        self._calls: SimpleQueue[Callable[[], object]] = SimpleQueue()
        for _ in range(threads):
            Thread(target=self._run, daemon=True).start()

    def put(self, call: Callable[[], object]) -> None:
        """Have `call` made, without arguments."""
        self._calls.put(call)

    def _run(self) -> None:
        while True:
            try:
                self._calls.get()()
            except Exception:  # noqa: BLE001 (the next call has nothing to do with it)
                _LOG.exception("a call failed")
