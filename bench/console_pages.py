"""Time until the console shows the first of 100,000 rows of the local cloud, in a browser.

These are seconds of a clock, of the whole machine: it must be idle.
"""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from unittest import mock

from bench import chromium, processes
from bench.local_clouds import up
from bench.processes import PEERS, ROOT, TOOLS
from bench.row import Goal, Row, spread
from bench.stub_rows import COUNT, KEYS, row
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local import cloud as clouds
from reinventure.local.deployment import enter
from s3_catalog.table.item import to_item

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import WriteRequestTypeDef

GROUP = "console"

_TIMES = 3
"""How often the page is opened: a cloud with so many rows is made once."""

_BATCH = 25
"""Items of a BatchWriteItem, its most."""

_WRITERS = 4


def rows(_rounds: int) -> Iterator[Row]:
    """Open the list of rows some times, on one cloud: to fill it takes most of a minute."""
    browser = chromium.executable()
    if browser is None:
        raise RuntimeError("Chromium is not installed. Install it with: make browser")
    with TemporaryDirectory() as name, mock.patch.dict(os.environ):
        folder = Path(name) / "cloud"
        try:
            up(folder)
            cloud = clouds.find(folder)
            if cloud is None:
                raise RuntimeError("the cloud is gone")
            _fill(enter(cloud).own())
            with _console({**os.environ, **cloud.environment}) as address:
                found = processes.figures(
                    *(PEERS, "bench.first_rows_program", address, browser, KEYS[0], _TIMES),
                    environment=processes.environment(Path(name)),
                )
        finally:
            clouds.stop(folder)
    what = f"local cloud with {COUNT:,} rows: until the console's page shows the first"
    yield Row(GROUP, what, "s", spread(found), goal=Goal(3, "s"))


def _fill(catalog: DeployedCatalog) -> None:
    """Write the rows to the table. No function reads them from its stream."""
    functions = catalog.session.client("lambda")
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    shards, bucket = catalog.outputs.shards, catalog.bucket

    def write(start: int) -> None:
        batch = enumerate(KEYS[start : start + _BATCH], start)
        puts: list[WriteRequestTypeDef] = [
            {"PutRequest": {"Item": to_item(row(number, key, bucket), shards)}}
            for number, key in batch
        ]
        reply = catalog.dynamodb.batch_write_item(RequestItems={catalog.table: puts})
        if reply["UnprocessedItems"]:
            raise RuntimeError("the emulator has not written all rows")

    with ThreadPoolExecutor(_WRITERS) as pool:
        list(pool.map(write, range(0, COUNT, _BATCH)))


@contextmanager
def _console(environment: Mapping[str, str]) -> Iterator[str]:
    """Run the console as a user does, and return its address with the token."""
    console = subprocess.Popen(
        [TOOLS / "reinventure", "console", "--no-open"],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        address = next(
            (line.split()[-1] for line in console.stdout or () if "The console:" in line), None
        )
        if address is None:
            raise RuntimeError(f"the console ended with {console.wait()}")
        yield address
    finally:
        console.send_signal(signal.SIGINT)
        console.wait()
