"""Objects are looked into by both doors, on a local cloud of its own with the stack Workers."""

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest

from reinventure import cdk_cli as cdk
from reinventure.aws import deployed_stack
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.contract import WORKERS, InspectionOutputs
from reinventure.local import background_process as background
from reinventure.local import cloud as clouds
from reinventure.local import worker_process as worker
from reinventure.local.cloud import Cloud
from reinventure.local.convergence import wait_until_equal
from reinventure.local.deployment import start_and_deploy
from reinventure.progress import Steps
from s3_catalog.model.row import Row
from tests.local.command import run
from tests.waiting import wait_until

SAMPLES = cdk.ROOT / "samples"
PATIENCE = 120
MEMORY = 200 * 10**6
LINE = b'{"id": 12345, "name": "some name", "tags": ["a", "b"], "at": {"x": 1.5, "y": [1, 2]}}\n'


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    directory = tmp_path_factory.mktemp("workers")
    with pytest.MonkeyPatch.context() as patch:
        with Steps() as steps:
            cloud = start_and_deploy(directory, steps, ["workers=true"])
        patch.delenv("AWS_PROFILE", raising=False)
        for name, value in cloud.environment.items():
            patch.setenv(name, value)
        worker.start(cloud, boto3.Session())
        yield cloud
    clouds.stop(directory)


def process(cloud: Cloud) -> psutil.Process:
    found = background.running(cloud.directory, worker.NAME)
    assert found, background.log(cloud.directory, worker.NAME).read_text()
    return found


def peak(pid: int) -> int:
    """The most memory that a process ever had at once, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def inspected(catalog: DeployedCatalog, prefix: str = "") -> dict[str, Row]:
    """The rows of all objects, once each of them has been looked into."""
    rows: dict[str, Row] = {}

    def done() -> bool:
        rows.clear()
        rows.update({row.key: row for row in catalog.rows(prefix, consistent=True)})
        return bool(rows) and all(row.inspected for row in rows.values())

    wait_until(done, PATIENCE, lambda: [key for key, row in rows.items() if not row.inspected])
    return rows


def test_all_objects_are_looked_into_in_little_memory(
    cloud: Cloud, catalog: DeployedCatalog
) -> None:
    bodies = {
        f"samples/{path.relative_to(SAMPLES).as_posix()}": path.read_bytes()
        for path in SAMPLES.rglob("*")
        if path.is_file()
    }
    large = LINE * (200 * 10**6 // len(LINE) + 1)
    bodies["samples/large.jsonl"] = large
    bodies["samples/again.png"] = bodies["samples/photos/2014/sunrise.png"]
    for key, body in bodies.items():
        catalog.s3.put_object(Bucket=catalog.bucket, Key=key, Body=body)
    assert wait_until_equal(catalog, PATIENCE) == []

    rows = inspected(catalog, "samples/")
    assert rows.keys() == bodies.keys()
    for key, row in rows.items():
        assert row.inspected
        assert row.inspected.sha256 == sha256(bodies[key]).hexdigest()
        assert row.inspected.error is None, key
    found = {key: row.inspected for key, row in rows.items() if row.inspected}
    sunrise = found["samples/photos/2014/sunrise.png"]
    assert (sunrise.content_type, sunrise.width, sunrise.height) == ("image/png", 96, 64)
    announcements = found["samples/data/announcements.csv"]
    assert (announcements.rows, announcements.columns) == (14, 3)
    assert found["samples/large.jsonl"].rows == len(large) // len(LINE)

    # The large one was the worker's, in its own role; the small ones were the function's.
    log = background.log(cloud.directory, worker.NAME).read_text()
    assert [line.split()[-1] for line in log.splitlines()[1:]] == ["recorded"]
    used = peak(process(cloud).pid)
    print(f"peak memory of the worker: {used / 10**6:.0f} MB")
    assert used < MEMORY


def test_broken_files_are_recorded_and_nobody_dies_of_them(
    cloud: Cloud, catalog: DeployedCatalog
) -> None:
    before = process(cloud).pid
    broken = b"PAR1 and then something else"
    catalog.s3.put_object(Bucket=catalog.bucket, Key="broken/small", Body=broken)
    large = broken + bytes(2**20 * 64)
    catalog.s3.put_object(Bucket=catalog.bucket, Key="broken/large", Body=large)
    assert wait_until_equal(catalog, PATIENCE) == []
    for key, row in inspected(catalog, "broken/").items():
        assert row.inspected
        assert row.inspected.content_type == "application/vnd.apache.parquet"
        assert "no footer" in str(row.inspected.error)
        assert row.inspected.sha256 == sha256(large if "large" in key else broken).hexdigest()
    assert process(cloud).pid == before


def test_duplicates_are_named_with_what_they_waste(cloud: Cloud, catalog: DeployedCatalog) -> None:
    bodies = {"dup/a": b"12345", "dup/b": b"12345", "dup/c": b"12345", "dup/d": b"54321"}
    bodies |= {"dup/e": b"x" * 1000, "dup/f": b"x" * 1000, "dup/g": b"", "dup/h": b""}
    for key, body in bodies.items():
        catalog.s3.put_object(Bucket=catalog.bucket, Key=key, Body=body)
    assert wait_until_equal(catalog, PATIENCE) == []
    inspected(catalog, "dup/")

    asked = run("duplicates", "dup/", "--json", environment=cloud.environment)
    assert asked.returncode == 0, asked.stderr
    assert [json.loads(line) for line in asked.stdout.splitlines()] == [
        {
            "sha256": sha256(b"x" * 1000).hexdigest(),
            "size": 1000,
            "count": 2,
            "wasted": 1000,
            "keys": ["dup/e", "dup/f"],
        },
        {
            "sha256": sha256(b"12345").hexdigest(),
            "size": 5,
            "count": 3,
            "wasted": 10,
            "keys": ["dup/a", "dup/b", "dup/c"],
        },
    ]
    said = asked.stderr.splitlines()[-1]
    assert said == (
        "Read 8 rows: 2 contents are there more than once and waste 1,010 bytes. "
        "0 objects have not been looked into."
    )
    shown = run("duplicates", "dup/", environment=cloud.environment).stdout.splitlines()
    assert shown[0].endswith(f"wasted: 2 x 1,000 bytes, {sha256(b'x' * 1000).hexdigest()}")
    assert shown[1:3] == ["    dup/e", "    dup/f"]


def test_find_and_stat_know_what_was_found(cloud: Cloud, catalog: DeployedCatalog) -> None:
    bodies = {
        "find/a.csv": b"a,b\n" + b"1,2\n" * 20,
        "find/b.csv": b"a,b\n" + b"1,2\n" * 5,
        "find/c.png": (SAMPLES / "photos/2014/sunrise.png").read_bytes(),
    }
    for key, body in bodies.items():
        catalog.s3.put_object(Bucket=catalog.bucket, Key=key, Body=body)
    assert wait_until_equal(catalog, PATIENCE) == []
    inspected(catalog, "find/")

    def find(*options: str) -> list[str]:
        found = run("find", "find/", *options, environment=cloud.environment)
        assert found.returncode == 0, found.stderr
        return [line.split()[-1] for line in found.stdout.splitlines()]

    assert find("--rows-over", "20") == ["find/a.csv"]
    assert find("--type", "image/*") == ["find/c.png"]
    assert find("--type", "text/csv", "--rows-over", "5") == ["find/a.csv", "find/b.csv"]
    assert find("--wider", "95") == ["find/c.png"]
    assert find("--wider", "96") == []
    assert find("--sha256", sha256(bodies["find/b.csv"]).hexdigest().upper()) == ["find/b.csv"]
    shown = run("stat", "find/a.csv", environment=cloud.environment).stdout
    assert re.search(rf"^sha256 +{sha256(bodies['find/a.csv']).hexdigest()}$", shown, re.MULTILINE)
    assert re.search("^rows +21$", shown, re.MULTILINE)


def test_an_object_that_is_replaced_is_looked_into_again(catalog: DeployedCatalog) -> None:
    for body in (b"1", b"22", b"333"):
        catalog.s3.put_object(Bucket=catalog.bucket, Key="again/k", Body=body)
    assert wait_until_equal(catalog, PATIENCE) == []
    [row] = inspected(catalog, "again/").values()
    assert row.inspected
    assert row.inspected.sha256 == sha256(b"333").hexdigest()


def test_what_was_there_before_is_looked_into_when_asked_for(
    cloud: Cloud, catalog: DeployedCatalog
) -> None:
    for n in range(12):
        catalog.s3.put_object(Bucket=catalog.bucket, Key=f"before/{n}", Body=b"%d" % n)
    assert wait_until_equal(catalog, PATIENCE) == []
    # As rows are that were written when there was nobody to look inside.
    for key in inspected(catalog, "before/"):
        known = catalog.known(key)
        catalog.dynamodb.update_item(
            TableName=catalog.table,
            Key={"pk": {"S": known.partition}, "sk": {"S": key}},
            UpdateExpression="REMOVE inspected",
        )
    asked = run("inspect", "before/", environment=cloud.environment)
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout == "Read 12 rows, and asked for a look inside 12 objects.\n"
    assert len(inspected(catalog, "before/")) == 12
    again = run("inspect", "before/", environment=cloud.environment)
    assert again.stdout == "Read 12 rows, and asked for a look inside 0 objects.\n"


def test_what_is_no_change_ends_with_the_failures(
    session: boto3.Session, catalog: DeployedCatalog
) -> None:
    sqs, queues = session.client("sqs"), outputs(session)
    failures = queues.inspection_failure_queue_url
    [door] = [
        url
        for url in sqs.list_queues(QueueNamePrefix="Workers-ExamineDoor")["QueueUrls"]
        if url != failures
    ]
    # It would be tried again after half an hour: here the queue gives it back at once.
    sqs.set_queue_attributes(QueueUrl=door, Attributes={"VisibilityTimeout": "0"})
    sqs.send_message(QueueUrl=door, MessageBody='{"no": "change"}')
    waiting: list[Any] = []

    def arrived() -> bool:
        reply = sqs.receive_message(QueueUrl=failures, WaitTimeSeconds=5)
        waiting.extend(reply.get("Messages", []))
        return bool(waiting)

    wait_until(arrived, PATIENCE)
    assert [message["Body"] for message in waiting] == ['{"no": "change"}']


def outputs(session: boto3.Session) -> InspectionOutputs:
    return deployed_stack.find(session.client("cloudformation"), WORKERS, InspectionOutputs)
