"""Attaching a bucket with thousands of objects while others write to it and receive its events."""

import random
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import boto3
import pytest

from reinventure.attaching import changed_deployment
from reinventure.aws import deployed_catalog as deployed
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local.cloud import Cloud
from reinventure.local.convergence import wait_until_equal
from s3_catalog.table.row_query import Filter, matching_rows
from tests.local.bucket_in_use import TEST_MESSAGE, BucketInUse
from tests.local.command import run
from tests.local.totals import expect_totals
from tests.waiting import PATIENCE, wait_until

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

FORMS = [
    *("N", " N", "N ", "N  N", "+N+", "N%", "%N", "%2FN", "a%20N%2B", "N?versions&x=y#z"),
    *("/N", "//N", "N/", "N//", "a//N//b", "a/N/./b", "a/N/../b", "./N", "../N", "N/.."),
    *(".N", "N.", "..N..", "üNé", "u\u0308N", "日本/N", "🚀N🚀", "\u2028N\u202e", "\ufeffN\ufffe"),
    *("line\nfeed N", "carriage\rreturn N", "both\r\nN", "tab\tN\t", "\x01N\x7f", "\x1b[31mN"),
    *("'N'", '"N"', "<N>&amp;", "\\N\\", "{N}|^`~", "$:;,@=!*()N[]", "s3://other/N"),
]
"""Where keys may go wrong: in URLs, paths, XML, JSON, terminals."""

LEAST = [" ", "+", "%", ".", "..", "/", "//", "\n", "\t", "\x7f", "ü", "🚀", "0"]
"""Keys of a character or two."""

WRITERS = 4


def _odd_keys(count: int) -> list[str]:
    """Return `count` keys; every tenth has 1,024 bytes, the most that S3 accepts."""
    keys = list(LEAST)
    for number in range(count - len(keys)):
        key = FORMS[number % len(FORMS)].replace("N", str(number))
        if number % 10 == 0:
            fill = "ü" * ((1024 - len(key.encode())) // 2)
            key += fill + "x" * (1024 - len((key + fill).encode()))
        keys.append(key)
    assert len(set(keys)) == count
    return keys


OBJECTS = 5000
KEYS = _odd_keys(OBJECTS)


class Writers:
    """Four threads that put, overwrite, delete and re-put objects, all of the same `keys`.

    `deleted` are the keys that they have deleted so far, `rounds` the changes of a key.
    """

    def __init__(self, bucket: BucketInUse, keys: list[str]) -> None:
        self._bucket, self._keys = bucket, keys
        self._stop = Event()
        self.deleted = set[str]()
        self.rounds = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let them write; raise what they raised at the end."""
        with ThreadPoolExecutor(WRITERS) as pool:
            clients = self._bucket.clients(WRITERS)
            futures = [pool.submit(self._write, *each) for each in enumerate(clients)]
            try:
                yield
            finally:
                self._stop.set()
            for future in futures:
                future.result()

    def _write(self, seed: int, client: "S3Client") -> None:
        chance, bucket = random.Random(seed), self._bucket.name  # noqa: S311
        while not self._stop.wait(0.4):  # The emulator needs some time for the deployment.
            key = chance.choice(self._keys)
            client.put_object(Bucket=bucket, Key=key, Body=b"put")
            client.put_object(Bucket=bucket, Key=key, Body=b"overwritten")
            client.delete_object(Bucket=bucket, Key=key)
            self.deleted.add(key)
            if chance.random() < 0.7:
                client.put_object(Bucket=bucket, Key=key, Body=chance.randbytes(9))
            self.rounds += 1


def _expect_events_of_others(bucket: BucketInUse, name: str) -> None:
    """Cause an event for each of the three, and wait until each has received its own."""
    keys = {"function": f"jobs/{name} + ü.csv", "queue": f"{name} + ü.jpg", "topic": f"{name} + ü"}
    for key in keys.values():
        bucket.s3.put_object(Bucket=bucket.name, Key=key, Body=b"1")
    bucket.s3.delete_object(Bucket=bucket.name, Key=keys["topic"])
    wait_until(
        lambda: all(key in bucket.received()[each] for each, key in keys.items()),
        left=bucket.received,
    )


def _expect_no_rows(catalog: DeployedCatalog, bucket: BucketInUse, removed: set[str]) -> None:
    """Expect a tombstone of each of the `removed` keys, and no rows and totals."""
    gone = catalog.choose_left(bucket.name)
    assert not gone.has_left_rows("")
    tombstones = matching_rows(
        *(catalog.dynamodb, catalog.table, bucket.name, catalog.outputs.shards),
        Filter(deleted=True),
        consistent=True,
    )
    assert {row.key for row in tombstones if row.event_name == "OutOfScope"} == removed
    assert not catalog.totals().has(bucket.name)


@pytest.fixture
def bucket(session: boto3.Session) -> BucketInUse:
    """A bucket with 5,000 objects, the first half of them from before it had versions."""
    bucket = BucketInUse(session)
    bucket.put_all(KEYS[: OBJECTS // 2])
    bucket.enable_versioning()
    bucket.put_all(KEYS[OBJECTS // 2 :])
    bucket.notify_others()
    return bucket


def test_a_bucket_in_use_is_attached_and_left_as_it_was_found(
    cloud: Cloud,
    session: boto3.Session,
    catalog: DeployedCatalog,
    bucket: BucketInUse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("typer.get_app_dir", lambda _: str(tmp_path))
    monkeypatch.setattr(changed_deployment, "LOCAL", cloud.directory)
    url = f"s3://{bucket.name}/"
    notifications = catalog.notifications()
    found, configuration = notifications.read(bucket.name), bucket.configuration()
    assert (len(found.entries), found.on) == (3, False)
    changed = [*KEYS[::5], *(f"written/{number} + ü" for number in range(50))]
    kept = set(KEYS) - set(changed)
    before = {at: each for at, each in bucket.versions().items() if at[0] in kept}
    assert len(before) == len(kept) == OBJECTS * 4 // 5

    def command(*arguments: str) -> str:
        ended = run(*arguments, environment=cloud.environment)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    writers = Writers(bucket, changed)
    with writers.running():
        printed = command("attach", url, "--yes")
        # Those are catalogued by their events alone.
        enough = writers.rounds + 20
        wait_until(lambda: writers.rounds >= enough)
    last = printed.splitlines()[-1]
    assert re.fullmatch(r"EQUAL: [\d,]+ keys compared(, [\d,]+ of them corrected)?\.", last)
    assert bucket.configuration() == {**configuration, "EventBridgeConfiguration": {}}
    _expect_events_of_others(bucket, "attached")
    # Each deletion reached the topic, also while EventBridge was turned on.
    wait_until(lambda: writers.deleted <= set(bucket.received()["topic"]))
    attached = deployed.find(session, catalog.stack).choose(bucket.name)
    assert wait_until_equal(attached, PATIENCE) == []
    rows = list(attached.rows(consistent=True))
    left = bucket.versions()
    # Those of events as well: a row without a version would be taken as equal.
    assert {(row.key, row.version_id or "null") for row in rows} == {
        at for at, each in left.items() if each["IsLatest"] and "ETag" in each
    }
    keys = {row.key for row in rows}
    assert command("verify", url) == f"EQUAL: {len(keys):,} keys compared.\n"
    assert kept <= keys
    expect_totals(attached)

    command("detach", url, "--yes")
    assert bucket.configuration() == configuration
    after = notifications.read(bucket.name)
    assert (after.entries, after.on) == (found.entries, False)
    assert bucket.versions() == left
    assert {at: each for at, each in left.items() if at[0] in kept} == before
    assert deployed.find(session, catalog.stack).scope == catalog.scope
    _expect_no_rows(catalog, bucket, keys)
    _expect_events_of_others(bucket, "detached")
    # These have no event any more.
    _expect_no_rows(catalog, bucket, keys)
    # S3 sent none but those of the person who set the notifications up.
    received = {each: some.count(TEST_MESSAGE) for each, some in bucket.received().items()}
    assert received == {"function": 0, "queue": 1, "topic": 1}
