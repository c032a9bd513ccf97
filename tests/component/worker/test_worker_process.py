"""The worker as a process, with the services of the local cloud."""

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

from reinventure.local import background_process as background
from reinventure.local.cloud import Cloud
from s3_catalog.environment.worker_environment import WorkerEnvironment
from s3_catalog.model.event import Content, Event
from s3_catalog.model.row import Row
from s3_catalog.table.store import Store
from tests.component.object_writer import inspection_request
from tests.empty_table import new_table
from tests.waiting import wait_until

SHARDS = 4
PATIENCE = 120
MEMORY = 200 * 10**6
LINE = b'{"id": 12345, "name": "some name", "tags": ["a", "b"], "at": {"x": 1.5, "y": [1, 2]}}\n'


class Site:
    """A bucket, its table and a queue on the local cloud, and a worker process once it starts."""

    process: "subprocess.Popen[bytes]"

    def __init__(self, cloud: Cloud, log: Path) -> None:
        self._cloud = cloud
        self._log = log
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

    def start(self) -> None:
        """Start the worker."""
        environment = WorkerEnvironment(
            bucket_name=self.bucket,
            table_name=self.store.table,
            shards=SHARDS,
            queue_url=self.queue_url,
            aws_default_region="us-east-1",
            tmpdir=str(self._log.parent),
        )
        with self._log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "worker"],
                env={
                    **os.environ,
                    **self._cloud.environment,
                    **environment.to_env(),
                    "PYTHONPATH": ".:lambdas",
                },
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        background.watch(self.process.pid)

    def put(self, key: str, body: bytes) -> None:
        """Put an object and its row, and request its inspection."""
        reply = self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        content = Content(len(body), reply["ETag"].strip('"'))
        name, now = "ObjectCreated:Put", datetime.now(UTC)
        event = Event(self.bucket, key, name, now, "A" * 32, reply["VersionId"], content)
        self.store.write(event)
        self.request(key)

    def request(self, key: str) -> None:
        """Request the inspection of the object at `key`, which ends a long poll of the worker."""
        body = inspection_request(self.bucket, key)
        self.sqs.send_message(QueueUrl=self.queue_url, MessageBody=body)

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
    """Wait until `done` returns something true; fail if the worker has ended."""

    def done_alive() -> bool:
        assert process.poll() is None, "the worker has ended"
        return bool(done())

    wait_until(done_alive, PATIENCE)


def peak(pid: int) -> int:
    """The peak of a process's resident memory, in bytes."""
    [line] = [
        line
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("VmHWM:")
    ]
    return int(line.split()[1]) * 1024


def test_a_large_object_is_inspected_in_little_memory(site: Site) -> None:
    site.start()
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


def test_sigterm_ends_it_with_exit_code_0(site: Site, tmp_path: Path) -> None:
    site.start()
    site.put("a", b"1")
    wait_for(lambda: site.row("a").inspected, site.process)
    site.process.send_signal(signal.SIGTERM)
    site.request("a")
    assert site.process.wait(timeout=PATIENCE) == 0
    assert (tmp_path / "worker.log").read_text().splitlines()[-1].endswith("left")


def test_without_its_queue_it_exits_with_1(site: Site, tmp_path: Path) -> None:
    site.sqs.delete_queue(QueueUrl=site.queue_url)
    site.start()
    assert site.process.wait(timeout=PATIENCE) == 1
    assert "NonExistentQueue" in (tmp_path / "worker.log").read_text().splitlines()[-1]
