"""From an object in S3 to its row, by both doors."""

import importlib
import json
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError, IncompleteReadError, ReadTimeoutError

from s3_catalog.errors import ContendedError, OutOfTimeError
from s3_catalog.inspection.inspect_object import Result, inspect_object
from s3_catalog.inspection.stored_bytes import StoredBytes
from s3_catalog.model import row as rows
from s3_catalog.model import sequencer
from s3_catalog.model.event import Content, Event
from s3_catalog.model.inspection_result import InspectionResult
from s3_catalog.model.row import Row
from s3_catalog.model.stored_object import StoredObject
from s3_catalog.table import batch_write as batch
from s3_catalog.table.store import Store
from tests.component.conftest import SHARDS
from worker.queue_worker import BUDGET, GRACE, Worker

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_s3 import S3Client

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
FOUND = InspectionResult("2026-11-24T12:00:00.000Z", "ab" * 32, "text/plain", lines=3)


def never() -> None:
    """Have all the time that it takes."""


@pytest.fixture(params=["versions", "no versions"])
def bucket(request: pytest.FixtureRequest, s3: "S3Client") -> str:
    name = f"bucket-{uuid4()}"
    s3.create_bucket(Bucket=name)
    if request.param == "versions":
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


class Writer:
    """Puts objects, and their rows, as S3 and ingest would."""

    def __init__(self, s3: "S3Client", store: Store, bucket: str) -> None:
        self._s3, self._store, self._bucket = s3, store, bucket
        self._count = 0

    def put(self, key: str, body: bytes, *, told: bool = True) -> Event:
        reply = self._s3.put_object(Bucket=self._bucket, Key=key, Body=body)
        content = Content(len(body), reply["ETag"].strip('"'))
        event = self._event(key, "ObjectCreated:Put", reply.get("VersionId"), content)
        if told:
            self._store.write(event)
        return event

    def delete(self, key: str) -> None:
        reply = self._s3.delete_object(Bucket=self._bucket, Key=key)
        name = "ObjectRemoved:DeleteMarkerCreated"
        self._store.write(self._event(key, name, reply.get("VersionId"), None))

    def _event(self, key: str, name: str, version: str | None, content: Content | None) -> Event:
        self._count += 1
        order = sequencer.canonical(f"{self._count:08X}")
        return Event(self._bucket, key, name, NOW, order, version, content)


@pytest.fixture
def writer(s3: "S3Client", store: Store, bucket: str) -> Writer:
    return Writer(s3, store, bucket)


def row_of(store: Store, bucket: str, key: str = "k") -> Row:
    row = store.read(bucket, key)
    assert row
    return row


def test_an_object_is_looked_at_once(
    s3: "S3Client", store: Store, bucket: str, writer: Writer
) -> None:
    before = replace(rows.from_event(writer.put("k.csv", b"a,b\n1,2\n")))
    assert inspect_object(store, s3, bucket, "k.csv", never) is Result.RECORDED
    row = row_of(store, bucket, "k.csv")
    assert row.inspected
    assert (row.inspected.rows, row.inspected.columns) == (2, 2)
    assert row.inspected.sha256 == sha256(b"a,b\n1,2\n").hexdigest()
    assert replace(row, inspected=None) == before
    assert inspect_object(store, s3, bucket, "k.csv", never) is Result.ALREADY_RECORDED


def test_what_is_deleted_unknown_or_too_large_is_left_alone(
    s3: "S3Client", store: Store, bucket: str, writer: Writer
) -> None:
    assert inspect_object(store, s3, bucket, "k", never) is Result.GONE
    writer.put("k", b"12345")
    assert inspect_object(store, s3, bucket, "k", never, max_bytes=4) is Result.TOO_LARGE
    assert inspect_object(store, s3, bucket, "k", never, max_bytes=5) is Result.RECORDED
    writer.delete("k")
    assert inspect_object(store, s3, bucket, "k", never) is Result.GONE
    assert row_of(store, bucket).inspected is None


def test_a_new_version_loses_what_was_known_of_the_old_one(
    s3: "S3Client", store: Store, bucket: str, writer: Writer
) -> None:
    writer.put("k", b"1")
    inspect_object(store, s3, bucket, "k", never)
    writer.put("k", b"2")
    assert row_of(store, bucket).inspected is None


def test_a_batch_too_leaves_nothing_of_the_old_version(
    s3: "S3Client", dynamodb: "DynamoDBClient", store: Store, bucket: str, writer: Writer
) -> None:
    if "amazonaws" in dynamodb.meta.endpoint_url:
        return  # moto knows no PartiQL like this; the other one of the two tables shows it.
    for key in ("a", "b"):
        writer.put(key, b"1")
        inspect_object(store, s3, bucket, key, never)
    batch.write(store, [writer.put(key, b"2", told=False) for key in ("a", "b")])
    assert [row_of(store, bucket, key).inspected for key in ("a", "b")] == [None, None]


def test_it_is_not_recorded_once_the_row_is_of_another_object(
    s3: "S3Client", store: Store, bucket: str, writer: Writer
) -> None:
    writer.put("k", b"1")
    seen = row_of(store, bucket)
    writer.put("k", b"2")
    assert not store.record(seen, FOUND)
    writer.delete("k")
    assert not store.record(seen, FOUND)
    assert row_of(store, bucket).inspected is None
    # A row that TTL has removed must not rise again.
    assert not store.record(replace(seen, key="never"), FOUND)
    assert store.read(bucket, "never") is None


def test_equal_contents_put_again_without_versions_are_another_object(
    s3: "S3Client", store: Store, bucket: str, writer: Writer
) -> None:
    first = writer.put("k", b"1")
    seen = row_of(store, bucket)
    writer.put("k", b"1")
    # With the same ETag, only the order tells. It is why an ETag is not enough.
    assert row_of(store, bucket).etag == first.content.etag if first.content else False
    assert not store.record(seen, FOUND)


def test_an_answer_of_s3_keeps_what_is_known_of_the_same_version(store: Store) -> None:
    def answer(version: str | None, etag: str = "e") -> Row:
        seen = store.read("bucket", "k")
        found = StoredObject("k", 1, etag, version, NOW, NOW)
        row = rows.from_lookup("bucket", "k", found, NOW, seen=seen, event=None)
        assert store.replace(seen, row)
        return row_of(store, "bucket")

    for version, kept in (("v1", FOUND), (None, None)):
        assert store.record(answer(version), FOUND)
        assert row_of(store, "bucket").inspected == FOUND
        # Without versions, nothing says that it is the same object.
        assert answer(version).inspected == kept
    assert store.record(answer("v2"), FOUND)
    assert answer("v3").inspected is None


def test_an_inspection_and_an_answer_at_once_lose_neither(store: Store) -> None:
    found = StoredObject("k", 1, "e", "v1", NOW, NOW)
    store.replace(None, rows.from_lookup("bucket", "k", found, NOW, seen=None, event=None))
    seen = row_of(store, "bucket")
    later = rows.from_lookup("bucket", "k", found, NOW, seen=seen, event=None)
    assert store.record(seen, FOUND)
    assert not store.replace(seen, later)
    # The other way round, the version says that it is still the same.
    assert store.replace(row_of(store, "bucket"), replace(later, inspected=None))
    assert store.record(seen, FOUND)


def test_what_changes_while_it_is_looked_at_is_looked_at_again(
    s3: "S3Client", store: Store, bucket: str, writer: Writer
) -> None:
    writer.put("k", b"first")
    changes = iter([b"second"])

    def meanwhile() -> None:
        for body in changes:
            writer.put("k", body)

    assert inspect_object(store, s3, bucket, "k", meanwhile) in (Result.RECORDED, Result.GONE)
    found = row_of(store, bucket).inspected
    assert found is None or found.sha256 == sha256(b"second").hexdigest()

    count = iter(range(10**6))
    writer.put("k", b"again")

    def always() -> None:
        writer.put("k", str(next(count)).encode())

    try:
        inspect_object(store, s3, bucket, "k", always)
    except ContendedError:
        # A version can be read to its end; the row is another one's by then.
        assert next(count) >= 3
    assert row_of(store, bucket).inspected is None


def test_an_object_that_left_before_its_event_came_is_gone(
    s3: "S3Client", store: Store, bucket: str, writer: Writer
) -> None:
    event = writer.put("k", b"1")
    if event.version_id:
        s3.delete_object(Bucket=bucket, Key="k", VersionId=event.version_id)
    else:
        writer.put("k", b"2", told=False)
    assert inspect_object(store, s3, bucket, "k", never) is Result.GONE
    assert row_of(store, bucket).inspected is None


class Flaky:
    """S3 whose connections break after `most` bytes, and sometimes before any."""

    def __init__(self, content: bytes, most: int, failures: int = 0) -> None:
        self._content, self._most, self._failures = content, most, failures
        self.requests: list[Any] = []

    def get_object(self, **request: Any) -> Any:
        self.requests.append(request)
        start, end = map(int, request["Range"].removeprefix("bytes=").split("-"))
        body = SimpleNamespace(close=never, iter_chunks=self._chunks(start, end + 1))
        return {"Body": body, "ContentLength": end + 1 - start}

    def _chunks(self, start: int, end: int) -> Callable[[int], Iterator[bytes]]:
        def chunks(_: int) -> Iterator[bytes]:
            if len(self.requests) > self._failures:
                yield self._content[start : min(end, start + self._most)]
            if end - start > self._most:
                raise ReadTimeoutError(endpoint_url="s3")

        return chunks


def flaky_row(content: bytes, version: str | None) -> Row:
    event = Event("b", "k", "n", NOW, "A" * 32, version, Content(len(content), "e"))
    return rows.from_event(event)


def test_a_broken_connection_is_continued_where_it_broke() -> None:
    content = bytes(range(256)) * 40
    client = Flaky(content, most=1000, failures=2)
    pauses: list[float] = []
    source = StoredBytes(client, flaky_row(content, None), pauses.append)  # type: ignore[arg-type]
    assert b"".join(source.chunks()) == content
    assert {request["IfMatch"] for request in client.requests} == {'"e"'}
    assert client.requests[3]["Range"] == f"bytes=1000-{len(content) - 1}"
    assert len(pauses) == len(client.requests) - 1

    versioned = Flaky(content, most=2**30)
    source = StoredBytes(versioned, flaky_row(content, "v1"))  # type: ignore[arg-type]
    assert [source.at(at, 7) for at in (0, 300, 10_238, 10_240)] == [
        content[at : at + 7] for at in (0, 300, 10_238, 10_240)
    ]
    assert len(versioned.requests) == 1, "small reads share a request"
    assert "IfMatch" not in versioned.requests[0]

    dead = Flaky(content, most=1000, failures=99)
    with pytest.raises(ReadTimeoutError):
        list(StoredBytes(dead, flaky_row(content, None), pauses.append).chunks())  # type: ignore[arg-type]


def test_an_answer_that_is_not_the_range_is_no_answer() -> None:
    content = bytes(range(256)) * 40

    class Whole(Flaky):
        """Ignores which bytes are asked for."""

        def get_object(self, **request: Any) -> Any:
            return super().get_object(**{**request, "Range": f"bytes=0-{len(content) - 1}"})

    source = StoredBytes(Whole(content, most=2**30), flaky_row(content, "v"), never_mind)  # type: ignore[arg-type]
    assert b"".join(source.chunks()) == content
    with pytest.raises(IncompleteReadError):
        list(source.between(1, len(content)))


def never_mind(_: float) -> None:
    """Wait for nothing."""


def test_what_is_archived_is_recorded_so(store: Store, bucket: str, writer: Writer) -> None:
    writer.put("k", b"1")
    reply: Any = {"Error": {"Code": "InvalidObjectState"}}

    def refuse(**_: object) -> None:
        raise ClientError(reply, "GetObject")

    frozen: Any = SimpleNamespace(get_object=refuse)
    assert inspect_object(store, frozen, bucket, "k", never) is Result.RECORDED
    found = row_of(store, bucket).inspected
    assert found
    assert (found.sha256, found.error) == (None, "archived: it must be restored first")


def test_being_out_of_time_is_recorded(
    s3: "S3Client", store: Store, bucket: str, writer: Writer
) -> None:
    writer.put("k", b"1")

    def over() -> None:
        raise OutOfTimeError

    assert inspect_object(store, s3, bucket, "k", over) is Result.RECORDED
    assert "out of time" in str(row_of(store, bucket).inspected)


# The function


@pytest.fixture
def function(
    store: Store, s3: "S3Client", bucket: str, monkeypatch: pytest.MonkeyPatch
) -> ModuleType:
    monkeypatch.setenv("TABLE_NAME", store.table)
    monkeypatch.setenv("SHARDS", str(SHARDS))
    monkeypatch.setenv("BUCKET_NAME", bucket)
    monkeypatch.setenv("MOST_MIB", "64")
    module = importlib.reload(importlib.import_module("handlers.inspect"))
    monkeypatch.setattr(module, "_store", store)
    monkeypatch.setattr(module, "_s3", s3)
    return module


class Context:
    def __init__(self, milliseconds: int = 900_000) -> None:
        self._milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self._milliseconds


def wish(bucket: str, key: str = "k") -> str:
    return json.dumps({"version": "1", "kind": "created", "bucket": bucket, "key": key})


def test_the_function_fails_the_messages_that_failed_and_no_others(
    function: ModuleType, store: Store, bucket: str, writer: Writer
) -> None:
    writer.put("k", b"1")
    bodies = {"1": "{", "2": wish(bucket), "3": wish("other"), "4": wish(bucket, "unknown")}
    delivery = {"Records": [{"messageId": name, "body": body} for name, body in bodies.items()]}
    assert function.handler(delivery, Context()) == {
        "batchItemFailures": [{"itemIdentifier": "1"}, {"itemIdentifier": "3"}]
    }
    assert row_of(store, bucket).inspected


def test_the_function_begins_nothing_that_it_could_not_end(
    function: ModuleType, store: Store, bucket: str, writer: Writer
) -> None:
    writer.put("k", b"1")
    delivery = {"Records": [{"messageId": "1", "body": wish(bucket)}]}
    least = 1000 * (function.BUDGET + function.RESERVE)
    failed = function.handler(delivery, Context(least - 1))
    assert failed == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert row_of(store, bucket).inspected is None
    assert function.handler(delivery, Context(least)) == {"batchItemFailures": []}


# The worker


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Queue:
    """SQS with one queue, as far as a worker needs it."""

    def __init__(self, *bodies: str) -> None:
        self.waiting = list(enumerate(bodies))
        self.hidden: list[tuple[str, int]] = []
        self.deleted: list[str] = []
        self.empty: Callable[[], None] = never

    def receive_message(self, **request: Any) -> Any:
        assert request["WaitTimeSeconds"] == 20
        if not self.waiting:
            self.empty()
            return {}
        number, body = self.waiting.pop(0)
        return {"Messages": [{"MessageId": "m", "ReceiptHandle": str(number), "Body": body}]}

    def change_message_visibility(self, **request: Any) -> None:
        self.hidden.append((request["ReceiptHandle"], request["VisibilityTimeout"]))

    def delete_message(self, **request: Any) -> None:
        self.deleted.append(request["ReceiptHandle"])


def worker(queue: Queue, s3: "S3Client", store: Store, bucket: str, clock: Clock) -> Worker:
    made: Any = queue
    return Worker(
        sqs=made,
        s3=s3,
        store=store,
        queue_url="q",
        bucket=bucket,
        scratch=Path(gettempdir()),
        clock=clock,
    )


def test_the_worker_works_until_it_is_told_to_leave(
    s3: "S3Client", store: Store, bucket: str, writer: Writer
) -> None:
    writer.put("k", b"1")
    queue = Queue(wish(bucket), "{", wish(bucket, "unknown"))
    at_work = worker(queue, s3, store, bucket, Clock())
    queue.empty = at_work.leave
    at_work.run()
    assert row_of(store, bucket).inspected
    assert queue.deleted == ["0", "2"], "what failed stays in the queue"


@pytest.mark.parametrize(("later", "ends"), [(GRACE, True), (GRACE + 1, False)])
def test_a_worker_that_leaves_ends_what_it_can_and_gives_back_the_rest(
    s3: "S3Client",
    store: Store,
    bucket: str,
    writer: Writer,
    monkeypatch: pytest.MonkeyPatch,
    later: int,
    ends: bool,
) -> None:
    writer.put("k", b"1")
    clock, queue = Clock(), Queue(wish(bucket), wish(bucket))
    at_work = worker(queue, s3, store, bucket, clock)
    read = store.read

    def told_to_leave(name: str, key: str) -> Row | None:
        at_work.leave(signal.SIGTERM, None)
        clock.now += later
        return read(name, key)

    with monkeypatch.context() as patch:
        patch.setattr(store, "read", told_to_leave)
        at_work.run()
    assert len(queue.waiting) == 1, "nothing new is begun"
    assert queue.deleted == (["0"] if ends else [])
    assert queue.hidden == ([] if ends else [("0", 0)])
    assert (row_of(store, bucket).inspected is not None) is ends


def test_a_worker_holds_the_message_it_works_on(
    s3: "S3Client", store: Store, bucket: str, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.queue_worker.BEAT", 0.001)
    writer.put("k", b"1")
    queue = Queue(wish(bucket))
    at_work = worker(queue, s3, store, bucket, Clock())
    read = store.read

    def slowly(name: str, key: str) -> Row | None:
        while not queue.hidden:
            pass
        return read(name, key)

    monkeypatch.setattr(store, "read", slowly)
    at_work.turn()
    assert set(queue.hidden) == {("0", 180)}
    assert queue.deleted == ["0"]


def test_a_worker_that_runs_out_of_time_records_it(
    s3: "S3Client", store: Store, bucket: str, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.put("k", b"1")
    clock, queue = Clock(), Queue(wish(bucket))
    read = store.read

    def late(name: str, key: str) -> Row | None:
        clock.now += BUDGET + 1
        return read(name, key)

    monkeypatch.setattr(store, "read", late)
    worker(queue, s3, store, bucket, clock).turn()
    assert queue.deleted == ["0"]
    assert "out of time" in str(row_of(store, bucket).inspected)


def test_a_worker_without_its_volume_keeps_the_message(
    s3: "S3Client",
    store: Store,
    bucket: str,
    writer: Writer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(f"{__name__}.gettempdir", lambda: str(tmp_path / "gone"))
    writer.put("k", b"1")
    queue = Queue(wish(bucket))
    worker(queue, s3, store, bucket, Clock()).turn()
    assert queue.deleted == []
    assert row_of(store, bucket).inspected is None


def test_the_worker_is_made_from_its_environment() -> None:
    environment = {"QUEUE_URL": "q", "BUCKET_NAME": "b", "TABLE_NAME": "t", "SHARDS": "4"}
    environment["TMPDIR"] = gettempdir()
    assert isinstance(Worker.from_environment(environment), Worker)
