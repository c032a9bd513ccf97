"""The worker as a process, on the local cloud: what it does, needs and leaves behind."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import boto3
import pytest

from reinventure.local.cloud import Cloud
from s3_catalog.model.event import Content, Event
from s3_catalog.model.row import Row
from s3_catalog.table.store import Store
from tests.empty_table import new_table
from tests.waiting import wait_until

SHARDS = 4
PATIENCE = 120
MEMORY = 200 * 10**6
LINE = b'{"id": 12345, "name": "some name", "tags": ["a", "b"], "at": {"x": 1.5, "y": [1, 2]}}\n'


class Site:
    """A bucket, its table and a queue on the local cloud, and a worker process for them."""

    def __init__(self, cloud: Cloud, log: Path) -> None:
        session = boto3.Session(
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 (the local cloud has no other)
            region_name="us-east-1",
        )
        url, trusted = cloud.endpoint, cloud.environment["AWS_CA_BUNDLE"]
        self.s3 = session.client("s3", endpoint_url=url, verify=trusted)
        self.sqs = session.client("sqs", endpoint_url=url, verify=trusted)
        dynamodb = session.client("dynamodb", endpoint_url=url, verify=trusted)
        self.bucket = f"bucket-{uuid4()}"
        self.s3.create_bucket(Bucket=self.bucket)
        self.s3.put_bucket_versioning(
            Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"}
        )
        self.store = Store(dynamodb, new_table(dynamodb), SHARDS)
        self.queue_url = self.sqs.create_queue(QueueName=f"q-{uuid4()}")["QueueUrl"]
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "worker"],
                env={
                    **os.environ,
                    **cloud.environment,
                    "QUEUE_URL": self.queue_url,
                    "BUCKET_NAME": self.bucket,
                    "TABLE_NAME": self.store.table,
                    "SHARDS": str(SHARDS),
                    "TMPDIR": str(log.parent),
                    "PYTHONPATH": ".:lambdas",
                },
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def put(self, key: str, body: bytes) -> None:
        """Put an object and its row, and ask for a look inside."""
        reply = self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        content = Content(len(body), reply["ETag"].strip('"'))
        name, now = "ObjectCreated:Put", datetime.now(UTC)
        event = Event(self.bucket, key, name, now, "A" * 32, reply["VersionId"], content)
        self.store.write(event)
        wish = json.dumps({"bucket": self.bucket, "key": key})
        self.sqs.send_message(QueueUrl=self.queue_url, MessageBody=wish)

    def row(self, key: str) -> Row:
        row = self.store.read(self.bucket, key)
        assert row
        return row


@pytest.fixture
def site(local_cloud: Cloud, tmp_path: Path) -> Iterator[Site]:
    made = Site(local_cloud, tmp_path / "worker.log")
    yield made
    made.process.kill()
    made.process.wait()


def wait_for(done: Callable[[], object], process: "subprocess.Popen[bytes]") -> None:
    """Return when `done` says so, as long as the worker lives."""

    def done_alive() -> bool:
        assert process.poll() is None, "the worker has ended"
        return bool(done())

    wait_until(done_alive, PATIENCE)


def peak(pid: int) -> int:
    """The most memory that a process ever had at once, in bytes."""
    [line] = [
        line
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("VmHWM:")
    ]
    return int(line.split()[1]) * 1024


def test_a_large_object_is_looked_at_in_little_memory(site: Site) -> None:
    body = LINE * (200 * 10**6 // len(LINE) + 1)
    site.put("large.jsonl", body)
    wait_for(lambda: site.row("large.jsonl").inspected, site.process)
    found = site.row("large.jsonl").inspected
    assert found
    assert (found.rows, found.error) == (len(body) // len(LINE), None)
    assert found.sha256 == sha256(body).hexdigest()
    used = peak(site.process.pid)
    print(f"peak memory of the worker: {used / 10**6:.0f} MB")
    assert used < MEMORY


def test_it_leaves_when_it_is_told_to_with_exit_code_0(site: Site, tmp_path: Path) -> None:
    site.put("a", b"1")
    wait_for(lambda: site.row("a").inspected, site.process)
    site.process.send_signal(signal.SIGTERM)
    assert site.process.wait(timeout=PATIENCE) == 0
    assert (tmp_path / "worker.log").read_text().splitlines()[-1].endswith("left")


def test_without_its_queue_it_fails(site: Site) -> None:
    site.put("a", b"1")
    wait_for(lambda: site.row("a").inspected, site.process)
    site.sqs.delete_queue(QueueUrl=site.queue_url)
    assert site.process.wait(timeout=PATIENCE) == 1
