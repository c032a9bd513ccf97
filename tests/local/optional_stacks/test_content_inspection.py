"""Content inspection on the local cloud: by the function, and of large objects by the worker."""

import json
import re
from hashlib import sha256
from io import BytesIO
from zipfile import ZipFile

import boto3
import psutil

from reinventure import cdk_cli as cdk
from reinventure.aws import deployed_stack
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.contract import WORKERS, InspectionOutputs
from reinventure.local import background_process as background
from reinventure.local import worker_process as worker
from reinventure.local.cloud import Cloud
from reinventure.local.convergence import wait_until_equal
from s3_catalog.model.row import Row
from tests.local.command import run
from tests.optional_stacks import INSPECT_MAX_MIB
from tests.waiting import PATIENCE, wait_until

SAMPLES = cdk.ROOT / "samples"
LARGE = INSPECT_MAX_MIB * 2**20 + 1
LINE = b'{"id": 12345, "name": "some name", "tags": ["a", "b"], "at": {"x": 1.5, "y": [1, 2]}}\n'


def process(cloud: Cloud) -> psutil.Process:
    found = background.running(cloud.directory, worker.NAME)
    assert found, background.log(cloud.directory, worker.NAME).read_text()
    return found


def worked(cloud: Cloud) -> list[str]:
    """The results in the worker's log, one for each message."""
    log = background.log(cloud.directory, worker.NAME).read_text()
    return [line.split()[-1] for line in log.splitlines()[1:]]


def inspected(catalog: DeployedCatalog, prefix: str = "") -> dict[str, Row]:
    """The rows under `prefix`, once each of the objects has been inspected."""
    rows: dict[str, Row] = {}

    def done() -> bool:
        rows.clear()
        rows.update({row.key: row for row in catalog.rows(prefix, consistent=True)})
        return bool(rows) and all(row.inspected for row in rows.values())

    wait_until(done, PATIENCE, lambda: [key for key, row in rows.items() if not row.inspected])
    return rows


def test_the_function_inspects_small_objects_and_the_worker_large_ones(
    cloud: Cloud, catalog: DeployedCatalog
) -> None:
    bodies = {
        f"samples/{path.relative_to(SAMPLES).as_posix()}": path.read_bytes()
        for path in SAMPLES.rglob("*")
        if path.is_file()
    }
    assert max(map(len, bodies.values())) < LARGE
    large = LINE * (LARGE // len(LINE) + 1)
    bodies["samples/large.jsonl"] = large
    bodies["samples/line\nfeed \r\x1b.csv"] = b"a,b\n1,2\n"
    bodies["samples/again.png"] = bodies["samples/photos/2014/sunrise.png"]
    before = worked(cloud)
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

    wait_until(lambda: len(worked(cloud)) > len(before))
    assert worked(cloud)[len(before) :] == ["recorded"]


def test_broken_files_are_recorded_and_end_no_process(
    cloud: Cloud, catalog: DeployedCatalog
) -> None:
    before = process(cloud).pid
    archive = BytesIO()
    with ZipFile(archive, "w") as file:
        file.writestr("a.txt", "hello")
    broken = archive.getvalue()[:40]
    catalog.s3.put_object(Bucket=catalog.bucket, Key="broken/small", Body=broken)
    large = broken + bytes(LARGE)
    catalog.s3.put_object(Bucket=catalog.bucket, Key="broken/large", Body=large)
    assert wait_until_equal(catalog, PATIENCE) == []
    for key, row in inspected(catalog, "broken/").items():
        assert row.inspected
        assert row.inspected.content_type == "application/zip"
        assert row.inspected.error == "truncated: no central directory"
        assert row.inspected.sha256 == sha256(large if "large" in key else broken).hexdigest()
    assert process(cloud).pid == before


def test_duplicates_are_listed_with_the_bytes_they_waste(
    cloud: Cloud, catalog: DeployedCatalog
) -> None:
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
        "Read 8 rows: 2 contents exist more than once and waste 1,010 bytes. "
        "0 objects have not been inspected."
    )
    shown = run("duplicates", "dup/", environment=cloud.environment).stdout.splitlines()
    assert shown[0].endswith(f"wasted: 2 x 1,000 bytes, {sha256(b'x' * 1000).hexdigest()}")
    assert shown[1:3] == ["    dup/e", "    dup/f"]


def test_find_and_stat_use_the_inspection_results(cloud: Cloud, catalog: DeployedCatalog) -> None:
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


def test_a_replaced_object_is_inspected_again(catalog: DeployedCatalog) -> None:
    for body in (b"1", b"22", b"333"):
        catalog.s3.put_object(Bucket=catalog.bucket, Key="again/k", Body=body)
    assert wait_until_equal(catalog, PATIENCE) == []
    [row] = inspected(catalog, "again/").values()
    assert row.inspected
    assert row.inspected.sha256 == sha256(b"333").hexdigest()


def test_inspect_requests_the_objects_without_a_result(
    cloud: Cloud, catalog: DeployedCatalog
) -> None:
    for n in range(12):
        catalog.s3.put_object(Bucket=catalog.bucket, Key=f"before/{n}", Body=b"%d" % n)
    assert wait_until_equal(catalog, PATIENCE) == []
    # As rows are that were written before content inspection was enabled.
    for key in inspected(catalog, "before/"):
        state = catalog.key_state(key)
        catalog.dynamodb.update_item(
            TableName=catalog.table,
            Key={"pk": {"S": state.partition}, "sk": {"S": key}},
            UpdateExpression="REMOVE inspected",
        )
    asked = run("inspect", "before/", environment=cloud.environment)
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout == "Read 12 rows, and requested the inspection of 12 objects.\n"
    assert len(inspected(catalog, "before/")) == 12
    again = run("inspect", "before/", environment=cloud.environment)
    assert again.stdout == "Read 12 rows, and requested the inspection of 0 objects.\n"


def test_a_message_that_is_no_change_ends_in_the_dead_letter_queue(
    session: boto3.Session,
) -> None:
    sqs = session.client("sqs")
    queues = deployed_stack.find(session.client("cloudformation"), WORKERS, InspectionOutputs)
    small, dead_letters = queues.examine_queue_url, queues.inspection_failure_queue_url
    sound = sqs.get_queue_attributes(QueueUrl=small, AttributeNames=["VisibilityTimeout"])
    # The queue delivers a failed message again after half an hour: here it does so at once.
    sqs.set_queue_attributes(QueueUrl=small, Attributes={"VisibilityTimeout": "0"})
    sqs.send_message(QueueUrl=small, MessageBody='{"no": "change"}')
    bodies: list[str] = []

    def arrived() -> bool:
        for message in sqs.receive_message(QueueUrl=dead_letters).get("Messages", []):
            bodies.append(message["Body"])
            # Other tests expect the queue to be empty.
            sqs.delete_message(QueueUrl=dead_letters, ReceiptHandle=message["ReceiptHandle"])
        return bool(bodies)

    wait_until(arrived)
    assert bodies == ['{"no": "change"}']
    sqs.set_queue_attributes(QueueUrl=small, Attributes=sound["Attributes"])
