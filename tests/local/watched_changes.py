"""Watchers of the change feed, and the table's stream, whose changes they must show."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local.cloud import Cloud
from tests.waiting import PATIENCE, wait_until

Message = dict[str, Any]


class Watcher:
    """`reinventure watch --json` as a process, which writes to files in `folder`."""

    def __init__(self, cloud: Cloud, folder: Path, *arguments: str) -> None:
        name = uuid4().hex
        self._out, self._err = folder / f"{name}.out", folder / f"{name}.err"
        # `nohup make test` has hang-ups ignored; a process inherits that, and a watcher goes by it.
        before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "reinventure", "watch", *arguments],
                env={**os.environ, **cloud.environment},
                stdout=out,
                stderr=err,
            )
        signal.signal(signal.SIGHUP, before)
        wait_until(lambda: "Listening" in self.said or self.process.poll() is not None)
        assert self.process.poll() is None, self.said

    @property
    def said(self) -> str:
        return self._err.read_text()

    @property
    def lines(self) -> list[str]:
        """The lines that it has finished."""
        return self._out.read_text().split("\n")[:-1]

    @property
    def messages(self) -> list[Message]:
        return [json.loads(line) for line in self.lines]

    def stop(self, signum: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(signum)
        return self.process.wait(PATIENCE)


class Stream:
    """The table's stream, from now on."""

    def __init__(self, catalog: DeployedCatalog) -> None:
        self._streams = catalog.session.client("dynamodbstreams")
        table = catalog.dynamodb.describe_table(TableName=catalog.table)["Table"]
        self.arn = table["LatestStreamArn"]
        described = self._streams.describe_stream(StreamArn=self.arn)["StreamDescription"]
        [shard] = described["Shards"]
        self.shard = shard["ShardId"]
        self._from = self._streams.get_shard_iterator(
            StreamArn=self.arn, ShardId=self.shard, ShardIteratorType="LATEST"
        )["ShardIterator"]

    def records(self, prefix: str) -> list[Any]:
        """The records of keys under `prefix`, in order."""
        found, iterator = [], self._from
        while True:
            page = self._streams.get_records(ShardIterator=iterator)
            found += page["Records"]
            iterator = page["NextShardIterator"]
            if not page["Records"]:
                break
        return [r for r in found if r["dynamodb"]["Keys"]["sk"]["S"].startswith(prefix)]

    def changes(self, prefix: str) -> list[tuple[str, str, Any, Any]]:
        """Each effective change under `prefix`: id, key, what was and what is."""
        all_of_them = [
            (
                record["eventID"],
                record["dynamodb"]["Keys"]["sk"]["S"],
                _current(record["dynamodb"].get("OldImage")),
                _current(record["dynamodb"].get("NewImage")),
            )
            for record in self.records(prefix)
        ]
        return [each for each in all_of_them if each[2] != each[3]]


def _current(image: Any) -> dict[str, str] | None:
    """Size, ETag and version of the object that a row is of; none if it is a tombstone."""
    if not image or "expires_at" in image:
        return None
    return {
        name: value for name in ("size", "etag", "version_id") for value in image[name].values()
    }


def said(message: Message) -> tuple[str, str, Any, Any]:
    def side(which: str) -> dict[str, str] | None:
        state = message[which]
        return state and {name: str(state[name]) for name in ("size", "etag", "version_id")}

    return message["id"], message["key"], side("old"), side("new")


def by_key(changes: list[tuple[str, str, Any, Any]]) -> dict[str, list[Any]]:
    keys = {key for _, key, _, _ in changes}
    return {key: [change for change in changes if change[1] == key] for key in keys}
