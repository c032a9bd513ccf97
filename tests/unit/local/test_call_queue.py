"""Calls of the local cloud wait for a few threads."""

from functools import partial
from threading import Barrier, Event, get_ident

from reinventure.local.patches.call_queue import CallQueue
from tests.waiting import wait_until


def test_one_thread_makes_the_calls_in_order_also_after_one_that_raises() -> None:
    queue, made, threads = CallQueue(threads=1), list[int](), set[int]()

    def call(number: int) -> None:
        threads.add(get_ident())
        if number == 1:
            raise ValueError(number)
        made.append(number)

    for number in range(100):
        queue.put(partial(call, number))
    wanted = [0, *range(2, 100)]
    wait_until(lambda: made == wanted, left=lambda: made)
    assert len(threads) == 1
    assert get_ident() not in threads


def test_as_many_calls_run_at_once_as_there_are_threads() -> None:
    queue, barrier, met = CallQueue(threads=3), Barrier(3, timeout=10), Event()

    def call() -> None:
        if barrier.wait() == 0:
            met.set()

    for _ in range(3):
        queue.put(call)
    assert met.wait(10)
