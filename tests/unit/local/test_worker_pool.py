"""The pool of the emulator's workers: its bound holds, and everybody's turn comes."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock, Thread
from typing import Any

import pytest

from reinventure.local.patches.worker_pool import WorkerPool
from tests.waiting import wait_until

PATIENCE = 30


class Process:
    """A worker that has no process."""

    def __init__(self) -> None:
        self.in_use = False
        self.last_used = time.time()


class Cloud:
    """A pool, what it has started and stopped, and the most that existed at once."""

    def __init__(self, cores: int) -> None:
        self.workers: dict[str, list[Any]] = {}
        self.running: set[Process] = set()
        self.started = self.peak = 0
        self.lock = Lock()
        self.pool = WorkerPool(self.workers, Lock(), self._stop, cores)

    def _stop(self, processes: list[Process]) -> None:
        assert not any(process.in_use for process in processes)
        with self.lock:
            self.running.difference_update(processes)

    def invoke(self, key: str, do: Callable[[], object] = lambda: None, depth: int = 1) -> bool:
        """Run `do` in a worker of `key`; return whether there was one."""
        waits = depth > 1
        worker = self.pool.acquire(key, depth, Process, caller_waits=waits)
        if worker is None:
            return False
        try:
            assert isinstance(worker, Process)
            with self.lock:
                if worker not in self.running:
                    # As in MiniStack, the process starts with the first invocation.
                    self.started += 1
                    self.running.add(worker)
                    self.peak = max(self.peak, len(self.running))
            do()
        finally:
            self.pool.release()
        return True

    def in_thread(self, key: str, do: Callable[[], object], depth: int = 1) -> Thread:
        thread = Thread(target=self.invoke, args=(key, do, depth), daemon=True)
        thread.start()
        return thread


def join(threads: list[Thread]) -> None:
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()


@pytest.mark.parametrize("cores", [1, 2, 4])
def test_a_storm_of_all_functions_ends_within_the_bound(cores: int) -> None:
    cloud = Cloud(cores)
    done = []

    def work(n: int) -> None:
        assert cloud.invoke(f"function {n % 11}", lambda: time.sleep(0.001))
        done.append(n)

    with ThreadPoolExecutor(60) as callers:
        list(callers.map(work, range(600)))
    assert sorted(done) == list(range(600))
    assert cloud.peak <= 2 * cores + 3


@pytest.mark.parametrize("cores", [1, 2])
def test_functions_that_invoke_each_other_four_deep_do_not_wait_for_ever(cores: int) -> None:
    cloud = Cloud(cores)
    ends = []

    def chain(n: int, depth: int) -> None:
        # Functions 0 to 2 invoke themselves, 3 to 5 the next one.
        key = f"function {n if n < 3 else (n + depth) % 6}"

        def do() -> None:
            if depth == 4:
                ends.append(n)
            else:
                nested = Thread(target=chain, args=(n, depth + 1), daemon=True)
                nested.start()
                join([nested])

        assert cloud.invoke(key, do, depth)

    threads = [Thread(target=chain, args=(n % 6, 1), daemon=True) for n in range(60)]
    for thread in threads:
        thread.start()
    join(threads)
    assert len(ends) == 60
    assert cloud.peak <= 2 * cores + 3


def test_a_function_that_invokes_itself_without_end_is_refused() -> None:
    cloud = Cloud(cores=1)
    refused = []

    def again(depth: int) -> None:
        worker = cloud.pool.acquire("recursive", depth, Process, caller_waits=depth > 1)
        if worker is None:
            refused.append(depth)
            return
        nested = Thread(target=again, args=(depth + 1,), daemon=True)
        nested.start()
        join([nested])
        cloud.pool.release()

    outer = Thread(target=again, args=(1,), daemon=True)
    outer.start()
    join([outer])
    assert refused == [6]  # There are five workers.


def test_a_deep_event_waits_for_its_turn() -> None:
    cloud = Cloud(cores=1)
    free, done = Event(), Event()
    busy = [cloud.in_thread("busy", free.wait, depth) for depth in (1, 2, 3, 4, 4)]
    wait_until(lambda: len(cloud.running) == 5, PATIENCE)

    def event() -> None:
        assert cloud.pool.acquire("deep", 9, Process, caller_waits=False)
        cloud.pool.release()
        done.set()

    waiting = Thread(target=event, daemon=True)
    waiting.start()
    assert not done.wait(0.05)
    free.set()
    join([*busy, waiting])
    assert done.is_set()


def test_what_a_function_waits_for_without_having_invoked_it_has_a_worker() -> None:
    cloud = Cloud(cores=2)
    effect = Event()
    waiting = [cloud.in_thread("waits", lambda: effect.wait(PATIENCE)) for _ in range(20)]
    wait_until(lambda: len(cloud.running) == 3, PATIENCE)
    join([cloud.in_thread("has the effect", effect.set)])
    join(waiting)


def test_a_function_without_workers_gets_the_one_that_was_idle_longest() -> None:
    cloud = Cloud(cores=1)
    for n in range(5):
        cloud.invoke(f"function {n}")
    oldest = cloud.workers["function 0"][0]
    assert len(cloud.running) == 5
    cloud.invoke("another")
    assert len(cloud.running) == 5
    assert oldest not in cloud.running
    assert cloud.workers["function 0"] == []


def test_functions_do_not_take_turns_in_stopping_each_others_workers() -> None:
    cloud = Cloud(cores=2)
    keys = [f"function {n}" for n in range(7)]
    with ThreadPoolExecutor(40) as callers:
        list(callers.map(lambda n: cloud.invoke(keys[n % 7]), range(1400)))
    # The seven first; then as many as make the shares of seven functions equal, at most.
    assert cloud.started < 30


def test_more_busy_functions_than_workers_seldom_start_a_process() -> None:
    cloud = Cloud(cores=2)

    def work(n: int) -> None:
        cloud.invoke(f"function {n % 10}", lambda: time.sleep(0.001))

    with ThreadPoolExecutor(200) as callers:
        list(callers.map(work, range(2000)))
    assert cloud.peak <= 7
    assert cloud.started < 60


def test_an_invocation_outlives_the_update_of_its_function() -> None:
    cloud = Cloud(cores=2)
    free = Event()
    cloud.invoke("idle:1")
    running = cloud.in_thread("updated:1", free.wait)
    wait_until(lambda: len(cloud.running) == 2, PATIENCE)
    [worker] = cloud.workers["updated:1"]

    cloud.pool.retire(lambda key: key.endswith(":1"))
    assert cloud.running == {worker}  # The idle one has been stopped.
    cloud.invoke("updated:2")
    assert len(cloud.running) == 2
    free.set()
    join([running])
    assert worker not in cloud.running


def test_a_worker_that_could_not_start_is_given_back() -> None:
    cloud = Cloud(cores=1)
    for _ in range(10):
        assert cloud.pool.acquire("broken", 1, Process, caller_waits=True)
        cloud.pool.retire(lambda key: key == "broken")
        cloud.pool.release()
    cloud.invoke("sound")
    assert len(cloud.running) == 1


def test_release_without_a_lease_does_nothing() -> None:
    Cloud(cores=1).pool.release()
