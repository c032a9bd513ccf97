"""What one can ask the catalog: six commands, run on a local cloud, and what they print.

`python -m tests.pictures` draws them; tests/local/test_pictures.py runs them again and compares.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local.cloud import Cloud
from reinventure.local.convergence import wait_until_equal
from tests.local.command import run
from tests.pictures import terminal_svg
from tests.waiting import PATIENCE, wait_until

PREFIX = "photos/"

_KEYS = {
    "photos/2025/harbour.jpg": 2_841_022,
    "photos/2026/boat.jpg": 1_306_514,
    "photos/2026/lake.jpg": 412_903,
    "photos/2026/mountains at dawn.jpg": 5_120_377,
    "photos/contact sheet.pdf": 88_214,
}
_OVERWRITTEN = "photos/2026/lake.jpg"
_LOST, _LEFT_OVER = "photos/2026/boat.jpg", "photos/2026/old.jpg"
_CHANGED = "photos/2026/sunset.jpg"

_SHAPES = (
    (r"catalog-bucket[\w-]+", "BUCKET"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
    (r"BUCKET#\d+#\d+", "PARTITION"),
    (r"(?m)^(version +|sequencer +|requester +|source ip +)\S+$", r"\1ID"),
    (r"(?m)^(TIME +\d+  )\S+", r"\1ID"),
)
"""What differs from run to run, and a word for it, one after the other."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A command `line` with what it `printed`, stdout before stderr, and its exit `code`."""

    title: str
    line: str
    printed: str
    code: int

    @property
    def rows(self) -> list[Text]:
        """The terminal: the command, its output, and its exit code if that is 1."""
        rows = [terminal_svg.command(self.line), *map(Text, self.printed.splitlines())]
        if self.code == 1:
            rows += [terminal_svg.command("echo $?"), Text("1")]
        return rows

    @property
    def picture(self) -> str:
        """The terminal as an SVG."""
        return terminal_svg.draw(self.title, self.rows)


def shape(rows: list[str]) -> str:
    """Return the text of a terminal without times, versions and names that the cloud chooses."""
    text = "\n".join(rows)
    for pattern, word in _SHAPES:
        text = re.sub(pattern, word, text)
    return text


@contextmanager
def filled(catalog: DeployedCatalog) -> Iterator[None]:
    """Have photos in the bucket of `catalog`, of which one was overwritten; remove them again."""
    put(catalog, _OVERWRITTEN, 284_311)
    for key, size in _KEYS.items():
        put(catalog, key, size)
    _settle(catalog)
    try:
        yield
    finally:
        for key in (*_KEYS, _CHANGED):
            catalog.s3.delete_object(Bucket=catalog.bucket, Key=key)
        _settle(catalog)


def put(catalog: DeployedCatalog, key: str, size: int) -> None:
    """Put an object of zeros."""
    catalog.s3.put_object(Bucket=catalog.bucket, Key=key, Body=bytes(size))


def scenes(cloud: Cloud, catalog: DeployedCatalog, folder: Path) -> dict[str, Scene]:
    """Run the commands on the photos of `filled`, and return each by its name.

    `folder` is for files.
    """

    def scene(title: str, *arguments: str) -> Scene:
        ended = run(*arguments, environment=cloud.environment)
        assert ended.returncode in {0, 1}, ended.stderr
        said = [line for line in ended.stderr.splitlines(True) if not line.endswith(" ...\n")]
        return Scene(title, _typed(arguments), ended.stdout + "".join(said), ended.returncode)

    def count() -> bool:
        whole = catalog.totals().total(catalog.bucket, PREFIX)
        return (whole.objects, whole.bytes) == (len(_KEYS), sum(_KEYS.values()))

    wait_until(count)
    taken = {
        "ls": scene("The catalog of a folder, in key order", "ls", PREFIX),
        "du": scene("Bytes and objects of a folder and its folders", "du", PREFIX),
        "find": scene(
            "Objects by size and age", "find", PREFIX, "--larger", "1MB", "--newer", "7d"
        ),
        "stat": scene("Everything about one key", "stat", _OVERWRITTEN),
    }
    # Before the damage, which the change feed shows, too.
    taken["watch"] = _watch(cloud, catalog, folder)
    with _damaged(catalog):
        taken["verify"] = scene("A comparison that finds two rows wrong", "verify", PREFIX)
    return taken


def _typed(arguments: tuple[str, ...]) -> str:
    return " ".join(("reinventure", *arguments))


@contextmanager
def _damaged(catalog: DeployedCatalog) -> Iterator[None]:
    """Have a row lost, and one of an object that never was: what lost events leave behind."""
    lost = catalog.key_state(_LOST)
    item = {"pk": {"S": lost.partition}, "sk": {"S": _LOST}}
    [row] = catalog.dynamodb.query(
        TableName=catalog.table,
        KeyConditionExpression="pk = :pk AND sk = :sk",
        ExpressionAttributeValues={":pk": item["pk"], ":sk": item["sk"]},
    )["Items"]
    left_over = {"pk": {"S": catalog.key_state(_LEFT_OVER).partition}, "sk": {"S": _LEFT_OVER}}
    catalog.dynamodb.delete_item(TableName=catalog.table, Key=item)
    catalog.dynamodb.put_item(TableName=catalog.table, Item={**row, **left_over})
    try:
        yield
    finally:
        catalog.dynamodb.put_item(TableName=catalog.table, Item=row)
        catalog.dynamodb.delete_item(TableName=catalog.table, Key=left_over)


def _watch(cloud: Cloud, catalog: DeployedCatalog, folder: Path) -> Scene:
    """Follow a put, an overwrite and a deletion, each once the one before was shown."""
    arguments = ("watch", PREFIX)
    out = folder / "watch.out"
    with out.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "reinventure", *arguments],
            env={**os.environ, **cloud.environment},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        changes: tuple[Callable[[], object], ...] = (
            lambda: put(catalog, _CHANGED, 731_000),
            lambda: put(catalog, _CHANGED, 725_480),
            lambda: catalog.s3.delete_object(Bucket=catalog.bucket, Key=_CHANGED),
        )
        for shown, change in enumerate(changes, 1):
            wait_until(lambda count=shown: out.read_text().count("\n") == count)  # type: ignore[misc]
            change()
        wait_until(lambda: out.read_text().count("\n") == 1 + len(changes))
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130, out.read_text()
    finally:
        process.kill()
        process.wait()
    title = "Changes as they happen"
    return Scene(title, _typed(arguments), out.read_text(), process.returncode)


def _settle(catalog: DeployedCatalog) -> None:
    assert wait_until_equal(catalog, PATIENCE) == []
