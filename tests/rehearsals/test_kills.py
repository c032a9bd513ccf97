"""Processes are killed (kill -9) in the middle of their work."""

import http.client
import random
import time
from contextlib import closing, suppress
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import boto3
import psutil
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from reinventure.aws import deployed_catalog as deployed
from reinventure.aws import deployed_stack
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.console.tour_traffic import PREFIX
from reinventure.contract import CATALOG, WORKERS, InspectionOutputs
from reinventure.local import background_process as background
from reinventure.local import cloud as clouds
from reinventure.local import worker_process as worker
from reinventure.local.cloud import Cloud
from reinventure.local.convergence import differences
from reinventure.local.deployment import start_and_deploy
from reinventure.local.fault_control import Fault, FaultControl
from reinventure.progress import Steps
from s3_catalog.model.timestamps import utc_now
from tests.console_process import ConsoleProcess
from tests.local.command import run
from tests.local.existing_bucket import Existing
from tests.local.function_processes import kill_one
from tests.local.storm import storm
from tests.rehearsals.command_process import COMMAND_SECONDS, CommandProcess
from tests.rehearsals.recovery import expect_all_right, redrive_until_equal
from tests.rehearsals.rehearsal import Rehearsal
from tests.rehearsals.traffic import Traffic, put_unseen
from tests.waiting import PATIENCE, wait_until

if TYPE_CHECKING:
    from types_boto3_sqs.literals import QueueAttributeNameType


@pytest.mark.rehearsal(
    "kill-function",
    failure="Functions are killed in the middle of their work, during 20 seconds of traffic",
    how="kill -9 of a random process that runs a function, five a second",
    promise="the invocation is tried again; each write is safe to repeat, and a change is counted "
    "once",
)
def test_killed_functions(catalog: DeployedCatalog, cloud: Cloud, rehearsal: Rehearsal) -> None:
    kills, until = 0, time.monotonic() + 20
    chance = random.Random(16)  # noqa: S311 (no secret)
    traffic = Traffic(catalog, seed=1)
    with traffic.running():
        while time.monotonic() < until:
            kills += kill_one(cloud, chance)
            time.sleep(0.2)
    rehearsal.fault_ended()
    redriven = redrive_until_equal(catalog, cloud)
    rehearsal.was_equal()
    assert kills > 20
    expect_all_right(catalog, cloud)
    rehearsal.saw(f"{kills} kills during {traffic.changes} changes; {redriven} redriven")


@pytest.mark.rehearsal(
    "kill-repair",
    failure="`repair` is killed in the middle of 3,000 missing rows",
    how="kill -9 of the command after its first checkpoint; the same command again",
    promise="the second run continues where the first one stopped",
)
def test_a_killed_repair(
    catalog: DeployedCatalog,
    cloud: Cloud,
    control: FaultControl,
    rehearsal: Rehearsal,
    tmp_path: Path,
) -> None:
    keys = [f"kill-repair/{n:04}" for n in range(3000)]
    put_unseen(catalog, control, keys)
    first = CommandProcess(cloud, tmp_path, "repair")
    wait_until(lambda: any((tmp_path / "repair").glob("*.json")) or not first.runs)
    first.kill()
    left = len(differences(catalog))
    assert 0 < left < len(keys)
    rehearsal.fault_ended()
    again = CommandProcess(cloud, tmp_path, "repair")
    wait_until(lambda: not differences(catalog), left=lambda: again.said)
    rehearsal.was_equal()
    assert again.ended(COMMAND_SECONDS) == 0, again.said
    assert "Continuing after" in again.said
    expect_all_right(catalog, cloud)
    rehearsal.saw(f"killed with {left:,} rows missing; the next run continued there")


@pytest.mark.rehearsal(
    "kill-attach",
    failure="`attach` is killed during its deployment, and again during its backfill",
    how="kill -9 of the command and of the CDK CLI; the same command again",
    promise="the next run continues; the bucket's other notifications stay as they were",
)
@pytest.mark.timeout(500)
def test_a_killed_attach(
    catalog: DeployedCatalog,
    cloud: Cloud,
    session: boto3.Session,
    rehearsal: Rehearsal,
    tmp_path: Path,
) -> None:
    existing = Existing(session)
    before = existing.entries()
    for n in range(2500):
        existing.s3.put_object(Bucket=existing.name, Key=f"in/{n}", Body=b"before")
    url = f"s3://{existing.name}/"

    def attach() -> CommandProcess:
        return CommandProcess(cloud, tmp_path, "attach", url, "--yes")

    first = attach()
    wait_until(lambda: "Deploying" in first.said or not first.runs, left=lambda: first.said)
    time.sleep(2)  # Somewhere within it, which nothing announces.
    assert first.runs, first.said
    first.kill()
    second = attach()
    wait_until(
        lambda: any((tmp_path / "repair").glob("*.json")) or not second.runs,
        COMMAND_SECONDS,
        left=lambda: second.said,
    )
    assert second.runs, second.said
    second.kill()
    rehearsal.fault_ended()
    third = attach()
    assert third.ended(COMMAND_SECONDS) == 0, third.said
    assert "EQUAL: " in third.said
    rehearsal.was_equal()
    attached = deployed.find(session, catalog.stack).choose(existing.name)
    assert differences(attached) == []
    assert existing.entries() == before
    assert existing.sends_to_eventbridge()
    detached = CommandProcess(cloud, tmp_path, "detach", url, "--yes")
    assert detached.ended(COMMAND_SECONDS) == 0, detached.said
    assert existing.entries() == before
    assert not existing.sends_to_eventbridge()
    expect_all_right(catalog, cloud)
    rehearsal.saw("2,502 keys, killed twice, then EQUAL; detached, the bucket is as it was found")


@pytest.mark.rehearsal(
    "kill-worker",
    failure="A worker is killed while it inspects an object",
    how="kill -9 of its process; another one is started, as ECS does",
    promise="the message comes again when its visibility timeout (180 s) ends, and the object is "
    "inspected",
)
@pytest.mark.timeout(400)
def test_a_killed_worker(catalog: DeployedCatalog, cloud: Cloud, rehearsal: Rehearsal) -> None:
    key, line = "kill-worker/large.jsonl", b'{"id": 1, "name": "some name"}\n'
    rows = 80 * 2**20 // len(line)
    sqs = catalog.session.client("sqs")
    cloudformation = catalog.session.client("cloudformation")
    url = deployed_stack.find(cloudformation, WORKERS, InspectionOutputs).worker_queue_url

    def in_work() -> bool:
        name: QueueAttributeNameType = "ApproximateNumberOfMessagesNotVisible"
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
        return found["Attributes"][name] != "0"

    catalog.s3.put_object(Bucket=catalog.bucket, Key=key, Body=line * rows)
    wait_until(in_work)
    process = background.running(cloud.directory, worker.NAME)
    assert process
    process.kill()
    process.wait()
    row = catalog.store().read(catalog.bucket, key)
    assert row
    assert row.inspected is None, "it was too quick"
    worker.start(cloud)
    begun = time.monotonic()

    def inspected() -> bool:
        row = catalog.store().read(catalog.bucket, key)
        return bool(row and row.inspected and row.inspected.rows == rows)

    wait_until(inspected, 250)
    rehearsal.saw(f"inspected {time.monotonic() - begun:.0f} s after the kill; the row was right")
    expect_all_right(catalog, cloud)


@pytest.mark.rehearsal(
    "kill-console",
    failure="The console is killed while it breaks the catalog (page *Break it*)",
    how="kill -9; the fault is the one that sends all events twice and in reverse",
    promise="the fault ends by itself, the catalog is equal, and the next console removes what was "
    "left",
)
def test_a_killed_console(
    catalog: DeployedCatalog,
    cloud: Cloud,
    control: FaultControl,
    rehearsal: Rehearsal,
    tmp_path: Path,
) -> None:
    console = ConsoleProcess(cloud, tmp_path)
    try:
        _post(console, "/break-it/begin", {"fault": Fault.EVENTS_TWICE_REVERSED.value})
        wait_until(lambda: Fault.EVENTS_TWICE_REVERSED in control.on(utc_now()))
        wait_until(lambda: bool(list(catalog.rows(PREFIX, consistent=True))))
    finally:
        console.kill()
    assert control.on(utc_now())
    wait_until(lambda: not control.on(utc_now()))
    rehearsal.fault_ended()
    rehearsal.equal(catalog)
    left = len(list(catalog.rows(PREFIX, consistent=True)))
    assert left
    following = ConsoleProcess(cloud, tmp_path)
    try:
        wait_until(lambda: not list(catalog.rows(PREFIX, consistent=True)))
        following.end()
    finally:
        following.kill()
    expect_all_right(catalog, cloud)
    rehearsal.saw(f"the fault ended by itself; the next console removed {left} files of the killed")


def _post(console: ConsoleProcess, path: str, form: dict[str, str]) -> None:
    """Post `form`, as the browser does that opened the console."""
    headers = {"Origin": f"http://{console.parts.netloc}"}
    with closing(http.client.HTTPConnection(console.host, console.port)) as connection:
        connection.request("GET", f"/?{console.parts.query}", headers=headers)
        opened = connection.getresponse()
        opened.read()
        headers["Cookie"] = (opened.headers["set-cookie"] or "").partition(";")[0]
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request("POST", path, urlencode(form), headers)
        assert connection.getresponse().status == http.client.SEE_OTHER


@pytest.mark.rehearsal(
    "kill-cloud",
    failure="The local cloud is killed while a command and writers use it",
    how="kill -9 of the emulator and of all functions; its data are gone, as with `make down`",
    promise="commands end within seconds with a line that says what to do; a cloud that is started "
    "again is equal",
)
def test_a_killed_cloud(
    rehearsal: Rehearsal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(folder: str) -> tuple[Cloud, DeployedCatalog]:
        with Steps() as steps:
            cloud = start_and_deploy(tmp_path / folder, steps)
        for name, value in cloud.environment.items():
            monkeypatch.setenv(name, value)
        return cloud, deployed.find(boto3.Session(region_name=clouds.REGION), CATALOG)

    # Two folders: this process has read the certificate of the first one, `make up` has not.
    cloud, catalog = start("killed")
    try:
        put_unseen(catalog, FaultControl(catalog.session), [f"{n}" for n in range(2000)])
        stop = Event()

        def write() -> None:
            with suppress(BotoCoreError, ClientError):
                while not stop.is_set():
                    storm(catalog, 10, seed=1)

        writer = Thread(target=write)
        writer.start()
        repair = CommandProcess(cloud, tmp_path, "repair")
        wait_until(lambda: "Reconciling" in repair.said or not repair.runs)
        processes = cloud.processes()
        for process in processes:
            with suppress(psutil.NoSuchProcess):  # Functions end with their emulator.
                process.kill()
        psutil.wait_procs(processes, timeout=PATIENCE)
        rehearsal.fault_ended()
        stop.set()
        assert repair.ended(PATIENCE) == 2, repair.said
        assert "Is the local cloud still up (`make up`)?" in repair.said
        writer.join()
        listed = run("ls", environment=cloud.environment)
        assert (listed.returncode, listed.stderr.count("\n")) == (2, 1)
        _, renewed = start("again")
        storm(renewed, 50, seed=2)
        rehearsal.equal(renewed)
        rehearsal.saw(
            "`repair` and `ls` ended with 2 and the remedy; started and deployed again, 50 changes"
        )
    finally:
        for folder in ("killed", "again"):
            clouds.stop(tmp_path / folder)
