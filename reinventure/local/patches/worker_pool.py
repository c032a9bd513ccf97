"""The processes in which the emulator runs functions: how many, and whose turn it is.

A *worker* is a process that runs one invocation of one function at a time. There are never more
than `2 * cores + 3`. An invocation leases a worker and otherwise waits: no event is lost, and no
retry is used up. It cannot wait for ever:

- The last three workers are for invocations that another function makes and waits for: the first
  for those of depth 2 and deeper, the second for depth 3, the third for depth 4. So the deepest
  invocation that runs gets what it waits for, ends, and frees its worker.
- A still deeper one does not wait: if no worker is free, it is refused, as Lambda throttles what
  exceeds the account's concurrency.
- One function never has all workers: what it waits for without invoking it gets the last.
"""

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Lock, get_ident
from typing import Any, Protocol

_NESTED = 3
"""Workers for invocations that another function makes: one for each depth below the first."""

_YOUNG_SECONDS = 1.0
"""What has lasted less, a wait or idleness, is no reason to stop a worker for another function."""


def worker_limit(cores: int) -> int:
    """Return the number of workers that exist at most on a machine with `cores`."""
    return 2 * cores + _NESTED


class Worker(Protocol):
    """What the pool uses of a worker of MiniStack."""

    in_use: bool
    last_used: float


@dataclass(eq=False)
class _Request:
    """An invocation that waits for a worker, in the thread `thread`."""

    key: str
    depth: int
    create: Callable[[], Worker]
    since: float = field(default_factory=time.time)
    thread: int = field(default_factory=get_ident)
    granted: Event = field(default_factory=Event)
    worker: Worker | None = None
    evicted: Worker | None = None
    """Idle worker to stop before `worker` starts."""


class WorkerPool:
    """Leases of all workers.

    `workers` are MiniStack's, by key, guarded by `lock`; a key is of one revision of a function.
    `stop` ends the processes of workers and returns when they have ended.
    """

    def __init__(
        self,
        workers: dict[str, list[Any]],
        lock: Lock,
        stop: Callable[[list[Any]], None],
        cores: int,
    ) -> None:
        self._workers, self._lock, self._stop = workers, lock, stop
        self._at_once = worker_limit(cores) - _NESTED
        self._leases: dict[int, tuple[str, Worker]] = {}
        self._waiting: dict[tuple[int, str], deque[_Request]] = {}
        self._leaving: list[Worker] = []

    @property
    def limit(self) -> int:
        """Workers that exist at most."""
        return self._at_once + _NESTED

    def acquire(
        self, key: str, depth: int, create: Callable[[], Worker], *, caller_waits: bool
    ) -> Worker | None:
        """Lease a worker of `key` to this thread until `release`; wait until there is one.

        `create` makes a worker, whose process starts later. `depth` is 1, or one more than that of
        the function that invokes this one. Returns None, without a lease, where waiting might never
        end: for a `depth` above 4 whose caller waits.
        """
        request = _Request(key, depth, create)
        with self._lock:
            self._waiting.setdefault((depth, key), deque()).append(request)
            self._grant()
            if not request.granted.is_set() and caller_waits and depth > _NESTED + 1:
                self._waiting[depth, key].remove(request)
                return None
        # A worker that is too young to be stopped becomes older without anything happening.
        while not request.granted.wait(_YOUNG_SECONDS):
            with self._lock:
                self._grant()
        if request.evicted:
            self._stop([request.evicted])
        return request.worker

    def release(self) -> None:
        """End the lease of this thread, if it has one."""
        with self._lock:
            _, worker = self._leases.pop(get_ident(), (None, None))
            if worker is None:
                return
            worker.in_use = False
            worker.last_used = time.time()
            left = [worker] if worker in self._leaving else []
            self._grant()
        self._end(left)

    def retire(self, matches: Callable[[str], bool]) -> None:
        """Stop the workers of the keys that match: idle ones now, the others at their release."""
        with self._lock:
            keys = [key for key in self._workers if matches(key)]
            retired = [worker for key in keys for worker in self._workers.pop(key)]
            self._leaving += retired
            idle = [worker for worker in retired if not worker.in_use]
        self._end(idle)

    def _end(self, workers: list[Worker]) -> None:
        if workers:
            self._stop(workers)
            with self._lock:
                self._leaving = [worker for worker in self._leaving if worker not in workers]
                self._grant()

    def _grant(self) -> None:
        """Give workers to those who wait, as long as there are any."""
        while any(self._grant_first(*turn) for turn in self._turns()):
            pass

    def _turns(self) -> list[tuple[int, str]]:
        """Return the queues in their order.

        The deepest first. Of others, those that stop no worker of another function, unless they
        have waited long: more busy functions than workers would start a process again and again.
        Of these, those of functions that run least.
        """
        running = self._running()
        self._waiting = {turn: queue for turn, queue in self._waiting.items() if queue}
        full, late = self._existing() >= self.limit, time.time() - _YOUNG_SECONDS

        def place(turn: tuple[int, str]) -> tuple[int, bool, int]:
            depth, key = turn
            evicts = full and self._idle(key) is None and self._waiting[turn][0].since > late
            return -depth, evicts, running[key]

        return sorted(self._waiting, key=place)

    def _running(self) -> Counter[str]:
        return Counter(key for key, _ in self._leases.values())

    def _grant_first(self, depth: int, key: str) -> bool:
        """Give a worker to the first in a queue; return whether it is possible."""
        if len(self._leases) >= self._at_once + min(depth - 1, _NESTED):
            return False
        if depth == 1 and self._running()[key] >= self._at_once - 1:
            return False
        own = self._workers.setdefault(key, [])
        worker, evicted = self._idle(key), None
        if worker is None and self._existing() >= self.limit:
            evicted = self._evict(0 if depth > 1 else len(own))
            if evicted is None:
                return False
        request = self._waiting[depth, key].popleft()
        if worker is None:
            worker = request.create()
            own.append(worker)
        worker.in_use = True
        self._leases[request.thread] = key, worker
        request.worker, request.evicted = worker, evicted
        request.granted.set()
        return True

    def _idle(self, key: str) -> Worker | None:
        own: list[Worker] = self._workers.get(key, [])
        return next((worker for worker in own if not worker.in_use), None)

    def _existing(self) -> int:
        return sum(map(len, self._workers.values())) + len(self._leaving)

    def _evict(self, own: int) -> Worker | None:
        """Take the worker that has been idle longest from its function, for one that has `own`.

        Unless `own` is 0, the other has more by two, or has not run lately: so two functions do not
        take turns in stopping each other's workers.
        """
        now = time.time()
        idle: list[tuple[float, str, Worker]] = [
            (worker.last_used, key, worker)
            for key, workers in self._workers.items()
            for worker in workers
            if not worker.in_use
            and (own == 0 or len(workers) > own + 1 or now - worker.last_used >= _YOUNG_SECONDS)
        ]
        if not idle:
            return None
        _, key, worker = min(idle, key=lambda each: each[0])
        self._workers[key].remove(worker)
        return worker
