"""Time that the local cloud takes: to start, to catalogue many puts, and one.

These are seconds of a clock, of the whole machine: it must be idle.
"""

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from unittest import mock

import psutil

from bench import processes
from bench.processes import TOOLS
from bench.row import Goal, Row, compared, spread
from bench.turns import fewer, in_turns
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local import cloud as clouds
from reinventure.local.cloud import Cloud
from reinventure.local.deployment import enter
from s3_catalog.reconciliation.difference import differences

GROUP = "cloud"

FRESH = 400
WARM = 1000
WRITERS = 8
SINGLE = 200

_PATIENCE = 180
"""Seconds after which a catalog that is not equal to its bucket is an error."""

_S, _MS = "s", "ms"


def rows(rounds: int) -> Iterator[Row]:
    """Measure a fresh cloud in each of fewer rounds, for each takes a minute."""
    found: dict[str, list[float]] = defaultdict(list)
    for _ in range(fewer(rounds)):
        with TemporaryDirectory() as folder, mock.patch.dict(os.environ):
            for name, figures in _measure(Path(folder) / "cloud").items():
                found[name] += figures
    yield Row(GROUP, "`make up`, the first time", _S, spread(found["up"]), goal=Goal(13, _S))
    yield Row(GROUP, "`make up` again", _S, spread(found["again"]), goal=Goal(1, _S))
    what = f"fresh local cloud: {FRESH} puts until equal"
    yield Row(GROUP, what, _S, spread(found["fresh"]), goal=Goal(8, _S))
    yield compared(
        GROUP,
        f"warm local cloud: {WARM:,} puts by {WRITERS} writers until equal",
        _S,
        ours=found["warm"],
        peer="the puts alone, without events",
        theirs=found["alone"],
        goal=Goal(5),
    )
    for name, limit in (("p50", 20), ("p99", 80)):
        what = f"warm local cloud: from a put to its row, {name}"
        yield Row(GROUP, what, _MS, spread(found[name]), goal=Goal(limit, _MS))


def up(folder: Path) -> None:
    """Have a local cloud in `folder`, as `make up` does."""
    folder.mkdir(exist_ok=True)
    # With a person's home: there is the cache of jsii.
    variables = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    processes.run([TOOLS / "python", "-m", "bench.up_program", folder], variables)


def _measure(folder: Path) -> dict[str, list[float]]:
    try:
        times = {name: [_seconds(partial(up, folder))] for name in ("up", "again")}
        cloud = clouds.find(folder)
        if cloud is None:
            raise RuntimeError("the cloud is gone")
        catalog = enter(cloud).own()
        times["fresh"] = [_seconds(lambda: _catalogued(catalog, "fresh/", FRESH))]
        catalog.s3.create_bucket(Bucket="plain")
        turn = iter(range(1_000_000))

        def warm() -> float:
            _settle(cloud)
            return _seconds(lambda: _catalogued(catalog, f"warm-{next(turn)}/", WARM))

        def alone() -> float:
            _settle(cloud)
            return _seconds(lambda: _put(catalog, "plain", f"{next(turn)}/", WARM))

        times |= in_turns({"warm": warm, "alone": alone}, 2)
        _settle(cloud)
        single = sorted(_put_to_row(catalog, f"single/{n}.txt") * 1e3 for n in range(SINGLE))
        percentiles = quantiles(single, n=100)
        times |= {"p50": [percentiles[49]], "p99": [percentiles[98]]}
    finally:
        clouds.stop(folder)
    return times


def _seconds(do: Callable[[], None]) -> float:
    start = time.perf_counter()
    do()
    return time.perf_counter() - start


def _put(catalog: DeployedCatalog, bucket: str, prefix: str, count: int) -> None:
    def put(number: int) -> None:
        catalog.s3.put_object(Bucket=bucket, Key=f"{prefix}{number}.txt", Body=b"content")

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(put, range(count)))


def _catalogued(catalog: DeployedCatalog, prefix: str, count: int) -> None:
    """Put, and wait until the catalog equals the bucket."""
    _put(catalog, catalog.bucket, prefix, count)
    _wait(lambda: not list(_differences(catalog, prefix)), 0.1)


def _differences(catalog: DeployedCatalog, prefix: str) -> Iterator[object]:
    listing = catalog.stored().listing(prefix=prefix)
    return differences(listing, catalog.rows(prefix, consistent=True))


def _put_to_row(catalog: DeployedCatalog, key: str) -> float:
    """Return the seconds from the beginning of a put until its row can be read."""
    store = catalog.store()
    start = time.perf_counter()
    catalog.s3.put_object(Bucket=catalog.bucket, Key=key, Body=b"content")
    _wait(lambda: store.read(catalog.bucket, key) is not None, 0.001)
    return time.perf_counter() - start


def _settle(cloud: Cloud) -> None:
    """Wait until the cloud has nothing left to do: less than a tenth of a processor, twice."""

    def used() -> float:
        times = [process.cpu_times() for process in cloud.processes() if _alive(process)]
        return sum(each.user + each.system for each in times)

    quiet = 0
    deadline = time.monotonic() + _PATIENCE
    while quiet < 2:  # noqa: PLR2004 (see above)
        before = used()
        time.sleep(0.5)
        quiet = quiet + 1 if used() - before < 0.05 else 0  # noqa: PLR2004
        if time.monotonic() > deadline:
            raise RuntimeError(f"the local cloud was busy for {_PATIENCE} seconds")


def _alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def _wait(done: Callable[[], bool], pause: float) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not done():
        if time.monotonic() > deadline:
            raise RuntimeError(f"the catalog was not equal after {_PATIENCE} seconds")
        time.sleep(pause)
