"""The worker: which messages it deletes, keeps and returns to the queue."""

import signal
from pathlib import Path
from tempfile import gettempdir
from threading import Event, Semaphore
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from s3_catalog.environment.worker_environment import WorkerEnvironment
from s3_catalog.model.row import Row
from s3_catalog.model.scope import Entry, Scope
from s3_catalog.table.store import Store
from tests.component.object_writer import ObjectWriter, inspection_request, row_of
from tests.doubles import Clock
from worker.__main__ import make_worker
from worker.queue_worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_s3 import S3Client


class Queue:
    """SQS with one queue: what a worker calls of it.

    `on_empty` is called when a message is received from the empty queue; `heartbeats` is released
    each time the visibility timeout of a message is changed.
    """

    def __init__(self, *bodies: str) -> None:
        self.waiting = list(enumerate(bodies))
        self.hidden: list[tuple[str, int]] = []
        self.deleted: list[str] = []
        self.on_empty: Callable[[], None] = lambda: None
        self.heartbeats = Semaphore(0)

    def receive_message(self, **request: Any) -> Any:
        assert request["WaitTimeSeconds"] == 20
        if not self.waiting:
            self.on_empty()
            return {}
        number, body = self.waiting.pop(0)
        return {"Messages": [{"MessageId": "m", "ReceiptHandle": str(number), "Body": body}]}

    def change_message_visibility(self, **request: Any) -> None:
        self.hidden.append((request["ReceiptHandle"], request["VisibilityTimeout"]))
        self.heartbeats.release()

    def delete_message(self, **request: Any) -> None:
        self.deleted.append(request["ReceiptHandle"])


def worker(queue: Queue, s3: "S3Client", store: Store, bucket: str, clock: Clock) -> Worker:
    sqs: Any = queue
    return Worker(
        sqs=sqs,
        s3=s3,
        store=store,
        queue_url="q",
        scope=Scope((Entry(bucket),)),
        scratch=Path(gettempdir()),
        clock=clock,
    )


def test_the_worker_runs_until_it_is_to_stop(
    s3: "S3Client", store: Store, bucket: str, writer: ObjectWriter
) -> None:
    writer.put("k", b"1")
    queue = Queue(
        inspection_request(bucket),
        "{",
        inspection_request(bucket, "unknown"),
        inspection_request("detached"),
    )
    at_work = worker(queue, s3, store, bucket, Clock())
    queue.on_empty = at_work.leave
    at_work.run()
    assert row_of(store, bucket).inspected
    assert queue.deleted == ["0", "2", "3"], "a failed message stays in the queue"


@pytest.mark.parametrize(("seconds", "ends"), [(90, True), (91, False)])
def test_a_stopping_worker_has_90_seconds_for_its_object(
    s3: "S3Client",
    store: Store,
    bucket: str,
    writer: ObjectWriter,
    monkeypatch: pytest.MonkeyPatch,
    seconds: int,
    ends: bool,
) -> None:
    writer.put("k", b"1")
    clock, queue = Clock(), Queue(inspection_request(bucket), inspection_request(bucket))
    at_work = worker(queue, s3, store, bucket, clock)
    read = store.read

    def stop(name: str, key: str) -> Row | None:
        at_work.leave(signal.SIGTERM, None)
        clock.now += seconds
        return read(name, key)

    with monkeypatch.context() as patch:
        patch.setattr(store, "read", stop)
        at_work.run()
    assert len(queue.waiting) == 1, "no further message is received"
    assert queue.deleted == (["0"] if ends else [])
    assert queue.hidden == ([] if ends else [("0", 0)])
    assert (row_of(store, bucket).inspected is not None) is ends


def test_a_message_stays_invisible_during_its_inspection(
    s3: "S3Client", store: Store, bucket: str, writer: ObjectWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.queue_worker.BEAT", 0.001)
    writer.put("k", b"1")
    queue = Queue(inspection_request(bucket))
    at_work = worker(queue, s3, store, bucket, Clock())
    read = store.read

    def slowly(name: str, key: str) -> Row | None:
        for _ in range(3):
            assert queue.heartbeats.acquire(timeout=2), "no heartbeat"
        return read(name, key)

    monkeypatch.setattr(store, "read", slowly)
    at_work.turn()
    assert set(queue.hidden) == {("0", 180)}
    assert queue.deleted == ["0"]


def test_a_heartbeat_comes_every_60_seconds(
    s3: "S3Client", store: Store, bucket: str, writer: ObjectWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = []

    class Done(Event):
        """Ends each wait at once: the first two by time-out, the third because it is set."""

        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout)
            return len(waits) > 2

    writer.put("k", b"1")
    queue = Queue(inspection_request(bucket))
    with monkeypatch.context() as patch:
        patch.setattr("worker.queue_worker.Event", Done)
        worker(queue, s3, store, bucket, Clock()).turn()
    assert waits == [60, 60, 60]
    assert queue.hidden == [("0", 180), ("0", 180)]


def test_the_log_has_the_object_of_a_message_in_a_line(
    s3: "S3Client",
    store: Store,
    bucket: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refused(*_: str) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetItem")

    queue = Queue("{", inspection_request(bucket, "a\nb"))
    at_work = worker(queue, s3, store, bucket, Clock())
    monkeypatch.setattr(store, "read", refused)
    at_work.turn()
    at_work.turn()
    unreadable, denied = [each.getMessage() for each in caplog.records if each.name == "worker"]
    assert unreadable.startswith("m failed: not JSON: ")
    assert denied.startswith(f"m of 's3://{bucket}/a\\nb' failed: An error occurred (AccessDenied)")


def test_without_its_queue_the_worker_fails(s3: "S3Client", store: Store, bucket: str) -> None:
    queue = Queue()

    def missing() -> None:
        raise ClientError({"Error": {"Code": "QueueDoesNotExist"}}, "ReceiveMessage")

    queue.on_empty = missing
    with pytest.raises(ClientError, match="QueueDoesNotExist"):
        worker(queue, s3, store, bucket, Clock()).run()


@pytest.mark.parametrize(("seconds", "error"), [(39_600, None), (39_601, "out of time")])
def test_an_inspection_has_11_hours(
    s3: "S3Client",
    store: Store,
    bucket: str,
    writer: ObjectWriter,
    monkeypatch: pytest.MonkeyPatch,
    seconds: int,
    error: str | None,
) -> None:
    writer.put("k", b"1")
    clock, queue = Clock(), Queue(inspection_request(bucket))
    read = store.read

    def late(name: str, key: str) -> Row | None:
        clock.now += seconds
        return read(name, key)

    monkeypatch.setattr(store, "read", late)
    worker(queue, s3, store, bucket, clock).turn()
    assert queue.deleted == ["0"]
    found = row_of(store, bucket).inspected
    assert found
    assert (found.error or "").partition(" after ")[0] == (error or "")


def test_without_the_scratch_volume_the_message_stays_in_the_queue(
    s3: "S3Client",
    store: Store,
    bucket: str,
    writer: ObjectWriter,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(f"{__name__}.gettempdir", lambda: str(tmp_path / "gone"))
    writer.put("k", b"1")
    queue = Queue(inspection_request(bucket))
    worker(queue, s3, store, bucket, Clock()).turn()
    assert queue.deleted == []
    assert row_of(store, bucket).inspected is None


def test_a_worker_is_made_from_its_environment() -> None:
    environment = WorkerEnvironment(
        bucket_name="photos",
        table_name="t",
        shards=4,
        queue_url="q",
        aws_default_region="us-east-1",
        tmpdir=gettempdir(),
    )
    assert isinstance(make_worker(environment), Worker)
