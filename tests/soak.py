"""Search longer than the tests do: python -m tests.soak [--seconds S | --histories N] [--seed N].

Two searches run side by side. One compares the code with the specification, from random states of
larger bounds, for a quarter of the time; then it runs the property tests with the long profile of
Hypothesis, in rounds with different seeds. The other simulates random histories of events, faults
and retries. Progress goes to stderr. The exit code is 1 when either has found something; stdout has
what.
"""

import argparse
import logging
import math
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from datetime import timedelta
from itertools import count
from multiprocessing import get_context
from tempfile import TemporaryFile
from threading import Thread

from reinventure.local import background_process as background
from tests.simulator.fault_kinds import injected
from tests.simulator.random_histories import Result, run, show

HISTORIES = 100_000
"""Unless a time or a number is given."""

CHUNK = 200
"""Histories that a process simulates before it reports."""

REPORT_SECONDS = 3
"""Between two lines of progress."""

HOUR = timedelta(hours=1)

LAST_TEST_SECONDS = 120
"""After the deadline, for the property test that is running. Then it is killed."""

COMPARISON_SECONDS = 60
"""For the comparison with the specification, unless a time is given."""

STOPPED = 2
"""Exit code of pytest when the deadline stopped it, and also when it cannot read a test."""

PROPERTIES = (
    *("pytest", "--quiet", "--exitfirst", "-m", "hypothesis", "--hypothesis-profile=long"),
    *("--timeout=0", "-p", "no:cacheprovider"),
    *("tests/unit", "tests/component", "tests/simulator"),
)


class Checks:
    """The comparison with the specification, then the property tests: one process at a time.

    With a deadline the property tests are repeated until then.
    """

    def __init__(self, seed: int, deadline: float | None) -> None:
        self._commands = _commands(seed, deadline)
        self._deadline = deadline
        self._output = TemporaryFile("w+")  # noqa: SIM115 (closed by `stop`)
        self._ended = 0
        self._start()

    def _start(self) -> None:
        until = {} if self._deadline is None else {"SOAK_DEADLINE": str(self._deadline)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", *next(self._commands)],
            env={**os.environ, **until},
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )
        background.watch(self._process.pid)

    def good(self) -> bool:
        """Start the next process if one has ended in time; return False after a failure."""
        status = self._process.poll()
        if status == 0 and (self._left() > 0 if self._deadline else self._ended == 0):
            self._ended += 1
            self._start()
            return True
        return status is None or self._has_passed(status)

    def _has_passed(self, status: int) -> bool:
        """Whether a process that ended with `status` has run its tests, or had no more time."""
        return status == 0 or (status == STOPPED and self._left() == 0)

    def _left(self) -> float:
        """Seconds until the deadline."""
        return max((self._deadline or math.inf) - time.time(), 0)

    def finish(self) -> bool:
        """Wait for the last process, print the output, and return whether none has failed."""
        started, late = -1, False
        try:
            while started < self._ended:
                started = self._ended
                self._process.wait(self._left() + LAST_TEST_SECONDS if self._deadline else None)
                self.good()
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            late = True
        good = late or self._has_passed(self._process.returncode)
        self._ended += self._process.returncode == 0
        self._output.seek(0)
        print(self._output.read())
        print(f"{max(self._ended - 1, 0)} full rounds of the property tests")
        return good

    def stop(self) -> None:
        """End the process, if it is running, and close the file of its output."""
        self._process.terminate()
        self._process.wait()
        self._output.close()


def _commands(seed: int, deadline: float | None) -> Iterator[tuple[str, ...]]:
    seconds = COMPARISON_SECONDS if deadline is None else (deadline - time.time()) / 4
    yield ("tests.spec.sampled_steps", f"--seed={seed}", f"--seconds={seconds:.0f}")
    for each in count(seed):
        yield (*PROPERTIES, f"--hypothesis-seed={each}")


def main(arguments: list[str]) -> int:
    """Search, show the progress, and print the smallest histories that go wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    bounds = parser.add_mutually_exclusive_group()
    bounds.add_argument("--seconds", type=float, help="stop both searches after this time")
    bounds.add_argument("--histories", type=int, help=f"by default {HISTORIES}")
    parser.add_argument("--seed", type=int, help="of an earlier run, to search the same again")
    options = parser.parse_args(arguments)
    # Far apart, so that two runs hardly ever play the same.
    seed = secrets.randbelow(10**6) * 10**9 if options.seed is None else options.seed
    limit = None if options.seconds else options.histories or HISTORIES
    deadline = time.time() + options.seconds if options.seconds else None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    background.end_with_this_process()
    checks = Checks(seed, deadline)
    try:
        result, played = search(seed, limit, deadline, checks)
        print("Waiting for the comparison and the property tests ...", file=sys.stderr, flush=True)
        good = checks.finish()
    finally:
        checks.stop()
    for name, times in result.seen.most_common():
        print(f"{times:10}  {name}")
    print("Faults:")
    for kind, times in injected(result.seen).items():
        print(f"{times:10}  {kind.value}")
    for number in result.divergent[:3]:
        show(number)
    print(
        f"seed {seed}: {played} histories of {result.time / HOUR:,.0f} simulated hours,"
        f" {len(result.divergent)} divergences"
    )
    return 0 if good and not result.divergent else 1


def search(
    seed: int, limit: int | None, deadline: float | None, checks: Checks
) -> tuple[Result, int]:
    """Simulate histories on all cores but one, from number `seed` on.

    End at the limit or the deadline, or as soon as a check fails. Return what came to pass,
    and the number of histories.
    """
    total, played, started = Result(), 0, time.time()
    shown = started
    starts = count(seed, CHUNK)
    processes = max(1, (os.cpu_count() or 1) - 1)
    pending: set[Future[tuple[int, Result]]] = set()
    with ProcessPoolExecutor(processes, get_context("spawn"), begin) as pool:
        while True:
            now = time.time()
            over = (deadline is not None and now >= deadline) or not checks.good()
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
                total.add(result)
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
    now = time.time()
    pace = played / max(now - started, 0.001)
    left = deadline - now if deadline else ((limit or 0) - played) / max(pace, 0.001)
    print(
        f"{played} histories, {divergences} divergences, {pace:.0f} a second,"
        f" {max(left, 0):.0f} s left",
        file=sys.stderr,
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
