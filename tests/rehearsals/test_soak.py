"""Ten thousand objects, and all faults at once."""

import random
import time
from itertools import cycle
from pathlib import Path
from threading import Event, Thread

import pytest

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local.cloud import REGION, Cloud
from reinventure.local.convergence import wait_until_equal
from reinventure.local.fault_control import Fault, FaultControl
from tests.local.command import run
from tests.local.function_processes import kill_one
from tests.local.watched_changes import Stream, Watcher, by_key, said
from tests.rehearsals.recovery import expect_all_right, redrive, redrive_until_equal
from tests.rehearsals.rehearsal import Rehearsal
from tests.rehearsals.traffic import Traffic, put_all
from tests.waiting import wait_until

OBJECTS = 10_000
CHUNK = 500

QUIET_SECONDS = 15
"""Time without progress after which what differs has failed or was lost."""


class EveryFault:
    """All faults, again and again, each for some seconds at once with others; and kills."""

    def __init__(self, catalog: DeployedCatalog, cloud: Cloud, control: FaultControl) -> None:
        self._cloud, self._control = cloud, control
        bucket, outputs = catalog.bucket, catalog.outputs
        queue = (outputs.publish_failure_queue_url or "").rpartition("/")[2]
        self._targets = {
            Fault.DYNAMODB_UNRELIABLE: REGION,
            Fault.TABLE_THROTTLED: catalog.table,
            Fault.TOPIC_REFUSES: outputs.changes_topic_arn,
            Fault.QUEUE_REFUSES: queue,
            Fault.EVENTS_TWICE_REVERSED: bucket,
            Fault.EVENTS_LOST: bucket,
            Fault.NOTIFICATIONS_OFF: bucket,
            Fault.INGEST_FAILS: outputs.ingest_arn.rpartition(":")[0].rpartition(":")[2],
        }
        self._stop = Event()
        self._thread = Thread(target=self._run)
        self.begun, self.kills = 0, 0

    def __enter__(self) -> "EveryFault":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._control.end()

    def _run(self) -> None:
        chance = random.Random(16)  # noqa: S311 (no secret)
        for fault in cycle(self._targets):
            # Each for longer than the next one takes to begin: several are on at any time.
            self._control.begin(fault, self._targets[fault], 6)
            self.begun += 1
            self.kills += kill_one(self._cloud, chance)
            if self._stop.wait(2):
                return


@pytest.mark.rehearsal(
    "soak",
    failure="10,000 objects, and all faults at once",
    how="eight faults in turns, three at any time, and a function killed every two seconds, while "
    "objects are put and a storm changes 30 keys",
    promise="after one `redrive` and one `repair`: verify EQUAL, totals exact, mirror equal, each "
    "change in the feed once and in order",
)
@pytest.mark.timeout(1200)
def test_ten_thousand_objects(
    catalog: DeployedCatalog,
    cloud: Cloud,
    control: FaultControl,
    rehearsal: Rehearsal,
    tmp_path: Path,
) -> None:
    keys = [f"soak/{n % 100:02}/{n:05} + ü.txt" for n in range(OBJECTS)]
    stream, watcher = Stream(catalog), Watcher(cloud, tmp_path, "storm/", "--json")
    traffic, began = Traffic(catalog, seed=7), time.monotonic()
    try:
        with EveryFault(catalog, cloud, control) as faults, traffic.running():
            for start in range(0, OBJECTS, CHUNK):
                put_all(catalog, keys[start : start + CHUNK])
                print(f"    {start + CHUNK:,} objects put", flush=True)
        took = time.monotonic() - began
        rehearsal.fault_ended()
        # What is only late has come by then; the totals can rest, which a repair recounts.
        left = len(wait_until_equal(catalog, QUIET_SECONDS))
        redriven = redrive(cloud)
        repaired = run("repair", environment=cloud.environment)
        assert repaired.returncode == 0, repaired.stderr
        redriven += redrive_until_equal(catalog, cloud)
        rehearsal.was_equal()
        expect_all_right(catalog, cloud)
        expected = stream.changes("storm/")
        wait_until(lambda: len(watcher.lines) >= len(expected))
        assert by_key([said(each) for each in watcher.messages]) == by_key(expected)
    finally:
        watcher.stop()
    assert faults.begun > len(Fault)
    assert left > 0, "no event was lost"
    rehearsal.saw(
        f"{faults.begun} faults, {faults.kills} kills and {traffic.changes:,} changes beside the "
        f"puts, in {took:.0f} s; {left:,} keys differed, {redriven} messages redriven, then "
        f"repaired; {len(expected):,} changes in the feed, in order"
    )
