"""The processes in which a local cloud runs functions: their number, and the end of one."""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import psutil

from reinventure.local.cloud import Cloud

MOST = 2 * (os.cpu_count() or 1) + 4


@contextmanager
def counted(cloud: Cloud) -> Iterator[list[int]]:
    """Record the number again and again."""
    counts: list[int] = []
    over = Event()

    def record() -> None:
        while not over.wait(0.01):
            # The first process is the emulator's.
            counts.append(len(cloud.processes()) - 1)

    recorder = Thread(target=record)
    recorder.start()
    try:
        yield counts
    finally:
        over.set()
        recorder.join()


def kill_one(cloud: Cloud, chance: random.Random) -> bool:
    """Kill one that `chance` chooses; return False if there is none, or it has just ended."""
    # The first process is the emulator's.
    functions = cloud.processes()[1:]
    if not functions:
        return False
    try:
        chance.choice(functions).kill()
    except psutil.NoSuchProcess:
        return False
    return True
