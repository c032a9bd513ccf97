"""Search longer than the tests do: python -m tests.soak [--seconds S | --histories N] [--seed N].

Two searches run side by side. One runs the property tests with the long profile of Hypothesis, the
other simulates random histories of events, faults and retries. Progress goes to stderr. The exit
code is 1 when either has found something; what it found is on stdout.
"""

import argparse
import logging
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import count
from multiprocessing import get_context
from tempfile import TemporaryFile
from threading import Thread
from typing import IO

from reinventure.local import background_process as background
from tests.simulator.random_histories import Result, run, show

HISTORIES = 100_000
"""Unless a time or a number is given."""

CHUNK = 200
"""Histories that a process simulates before it reports."""

REPORT_SECONDS = 3
"""Between two lines of progress."""

PROPERTIES = (
    *("pytest", "--quiet", "--exitfirst", "-m", "hypothesis", "--hypothesis-profile=long"),
    *("--timeout=0", "tests/unit", "tests/component", "tests/simulator"),
)


def main(arguments: list[str]) -> int:
    """Search, show the progress, and print the smallest histories that go wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    limit = parser.add_mutually_exclusive_group()
    limit.add_argument("--seconds", type=float, help="stop both searches after this time")
    limit.add_argument("--histories", type=int, help=f"by default {HISTORIES}")
    parser.add_argument("--seed", type=int, help="of an earlier run, to search the same again")
    options = parser.parse_args(arguments)
    # Far apart, so that two runs hardly ever play the same.
    seed = secrets.randbelow(10**6) * 10**9 if options.seed is None else options.seed
    limit_of = None if options.seconds else options.histories or HISTORIES
    deadline = time.monotonic() + options.seconds if options.seconds else None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    background.end_with_this_process()
    with TemporaryFile("w+") as output:
        properties = subprocess.Popen(
            [sys.executable, "-m", *PROPERTIES, f"--hypothesis-seed={seed}"],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        background.watch(properties.pid)
        try:
            result, played = search(
                seed, limit_of, deadline, lambda: properties.poll() in {None, 0}
            )
            failed = finish(properties, deadline, output)
        finally:
            properties.terminate()
            properties.wait()
    for name, times in result.seen.most_common():
        print(f"{times:10}  {name}")
    for number in result.divergent[:3]:
        show(number)
    print(f"seed {seed}: {played} histories, {len(result.divergent)} divergences")
    return 1 if result.divergent or failed else 0


def search(
    seed: int, limit: int | None, deadline: float | None, go_on: Callable[[], bool]
) -> tuple[Result, int]:
    """Simulate histories on all cores but one, from number `seed` on.

    End at the limit or the deadline, or as soon as `go_on` returns False.

    Return what came to pass, and the number of histories.
    """
    total, played, started = Result(), 0, time.monotonic()
    shown = started
    starts = count(seed, CHUNK)
    processes = max(1, (os.cpu_count() or 1) - 1)
    pending: set[Future[tuple[int, Result]]] = set()
    with ProcessPoolExecutor(processes, get_context("spawn"), begin) as pool:
        while True:
            now = time.monotonic()
            over = (now >= deadline if deadline else False) or not go_on()
            begun = played + len(pending) * CHUNK
            while len(pending) < 2 * processes and not over and (limit is None or begun < limit):
                size = CHUNK if limit is None else min(CHUNK, limit - begun)
                pending.add(pool.submit(chunk, next(starts), size))
                begun += size
            if not pending:
                break
            done, pending = wait(pending, REPORT_SECONDS, FIRST_COMPLETED)
            for future in done:
                size, result = future.result()
                played += size
                total.seen.update(result.seen)
                total.divergent.extend(result.divergent)
            if now - shown >= REPORT_SECONDS:
                shown = now
                report(played, limit, started, deadline, len(total.divergent))
    report(played, limit, started, deadline, len(total.divergent))
    return total, played


def begin() -> None:
    """Prepare a process of the pool: no logs, no Ctrl-C, and an end when its starter has ended."""
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    starter = os.getppid()

    def watch() -> None:
        while os.getppid() == starter:
            time.sleep(1)
        os._exit(1)

    Thread(target=watch, daemon=True).start()


def chunk(seed: int, size: int) -> tuple[int, Result]:
    """Simulate `size` histories, the first one being number `seed`."""
    return size, run(size, seed)


def report(
    played: int, limit: int | None, started: float, deadline: float | None, divergences: int
) -> None:
    """Print a line of progress to stderr."""
    now = time.monotonic()
    pace = played / max(now - started, 0.001)
    left = deadline - now if deadline else ((limit or 0) - played) / max(pace, 0.001)
    print(
        f"{played} histories, {divergences} divergences, {pace:.0f} a second,"
        f" {max(left, 0):.0f} s left",
        file=sys.stderr,
        flush=True,
    )


def finish(properties: "subprocess.Popen[bytes]", deadline: float | None, output: IO[str]) -> bool:
    """Wait for the property tests, until the deadline if there is one, and print their output.

    Return whether one of them has failed.
    """
    if deadline is None:
        print("Waiting for the property tests ...", file=sys.stderr, flush=True)
    try:
        properties.wait(None if deadline is None else max(0, deadline - time.monotonic()))
        stopped = False
    except subprocess.TimeoutExpired:
        properties.terminate()
        properties.wait()
        stopped = True
    output.seek(0)
    print(output.read())
    # An interrupted run has exit code 2; with --exitfirst it has no failure.
    return properties.returncode != 0 and not (stopped and properties.returncode == 2)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
