"""What runs behind the pages: following changes, reading numbers, and comparing every minute."""

import threading
from collections.abc import Callable

from reinventure.console.served import Served

LOCAL_SECONDS = 3.0
"""Between two readings of the numbers on the local cloud."""

ACCOUNT_SECONDS = 30.0
"""In an account, where CloudWatch has a number a minute and each reading has a price."""

COMPARISON_SECONDS = 60.0
"""Between two comparisons on the local cloud. Against an account, the button starts one."""


LOCAL_KEY_SECONDS = 1.0
"""Between two looks at the lines of the keys that a page shows, on the local cloud."""

ACCOUNT_KEY_SECONDS = 10.0
"""In an account, where FilterLogEvents has a quota of requests a second."""


LOCAL_COST_SECONDS = 5.0
"""Between two readings of what the changes cost, on the local cloud."""

ACCOUNT_COST_SECONDS = 300.0
"""In an account, where each metric that is asked for has a price: some 60 are $0.0006."""


class BackgroundWork:
    """The threads of a console. They do not keep its process alive."""

    def __init__(self, here: Served) -> None:
        self._here = here
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=here.changes.follow, name="changes", daemon=True)]
        interval = LOCAL_SECONDS if here.local else ACCOUNT_SECONDS
        self._repeat("numbers", interval, self._read_numbers)
        key_interval = LOCAL_KEY_SECONDS if here.local else ACCOUNT_KEY_SECONDS
        self._repeat("keys", key_interval, self._look_at_keys)
        self._repeat(
            "cost", LOCAL_COST_SECONDS if here.local else ACCOUNT_COST_SECONDS, self._read_cost
        )
        if here.local:
            self._repeat("comparison", COMPARISON_SECONDS, here.comparison.compare)

    def start(self) -> None:
        """Start all."""
        if self._here.faults and not self._here.read_only:
            # What a console that was killed has left, before anything new is broken.
            self._here.faults.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop all; return when the queue of the changes is deleted, and no fault is on."""
        self._stopping.set()
        self._here.changes.stop()
        self._here.command.stop()
        self._here.comparison.stop()
        if self._here.tour:
            self._here.tour.stop()
            self._here.tour.join()
        if self._here.faults and not self._here.read_only:
            self._here.faults.stop()
        for thread in self._threads:
            thread.join()

    def _read_numbers(self) -> None:
        # Once for the first page, then only while someone looks.
        if self._here.events.readers or not self._here.numbers.shown():
            self._here.numbers.read()

    def _read_cost(self) -> None:
        if self._here.events.readers or self._here.cost.unread:
            self._here.cost.read()

    def _look_at_keys(self) -> None:
        if self._here.events.readers:
            self._here.keys.look()

    def _repeat(self, name: str, seconds: float, work: Callable[[], None]) -> None:
        def loop() -> None:
            while not self._stopping.is_set():
                work()
                self._stopping.wait(seconds)

        self._threads.append(threading.Thread(target=loop, name=name, daemon=True))
