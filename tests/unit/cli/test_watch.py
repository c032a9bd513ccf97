"""The command watch: the changes as lines, and its queue."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from reinventure import cli
from reinventure.aws import feed_change
from reinventure.aws.change_watcher import Watch
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.cli.watch import change_line

Run = Callable[..., Result]

CHANGE = {
    "time": "2026-11-23T10:15:30.123Z",
    "kind": "created",
    "bucket": "photos",
    "key": "a\nb",
    "event": "ObjectCreated:Put",
    "old": None,
    "new": {
        "size": 1234,
        "etag": "d41d8cd98f00b204e9800998ecf8427e",
        "version_id": None,
        "time": "2026-11-23T10:15:30.123Z",
    },
}
LINE = "2026-11-23 10:15:30Z created           1234 a\\nb"


def test_a_change_is_a_line() -> None:
    assert change_line(feed_change.read(CHANGE)) == LINE
    deleted = {**CHANGE, "kind": "deleted", "new": None}
    assert change_line(feed_change.read(deleted)) == (
        "2026-11-23 10:15:30Z deleted              - a\\nb"
    )


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The watches that are made; each has one change, and is interrupted then."""
    made: list[Any] = []

    @contextmanager
    def listening(self: Watch) -> Iterator[Iterator[dict[str, Any]]]:
        made.append(self)

        def changes() -> Iterator[dict[str, Any]]:
            yield CHANGE
            raise SystemExit(130)

        yield changes()

    monkeypatch.setattr(Watch, "listening", listening)
    return made


@pytest.mark.parametrize("as_json", [True, False])
def test_changes_are_printed_as_they_come(
    catalog: DeployedCatalog, run: Run, watched: list[Any], as_json: bool
) -> None:
    result = run("watch", "a\n", *(["--json"] if as_json else []))
    assert result.exit_code == 130
    assert result.stdout == (f"{json.dumps(CHANGE)}\n" if as_json else f"{LINE}\n")
    assert result.stderr == (
        f"Listening to changes of s3://{catalog.bucket}/a\\n (stop with Ctrl-C).\n"
    )
    [watch] = watched
    assert watch._prefix == "a\n"


def closed_pipe() -> int:
    read, write = os.pipe()
    os.close(read)
    return write


@pytest.mark.parametrize(
    ("stdout", "status"),
    [
        (closed_pipe, 141),
        pytest.param(
            lambda: os.open("/dev/full", os.O_WRONLY),
            2,
            marks=pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full"),
        ),
    ],
)
def test_it_ends_with_the_first_change_that_cannot_be_printed(
    catalog: DeployedCatalog,
    watched: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    stdout: Callable[[], int],
    status: int,
) -> None:
    with os.fdopen(stdout(), "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        with pytest.raises(SystemExit) as left:
            cli.app(["watch"])
        monkeypatch.undo()
    assert left.value.code == status


@pytest.mark.parametrize("read", [True, False])
def test_without_changes_it_ends_when_nothing_reads_its_output(
    catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch, read: bool
) -> None:
    @contextmanager
    def listening(self: Watch) -> Iterator[Iterator[dict[str, Any]]]:
        def changes() -> Iterator[dict[str, Any]]:
            self._between()
            raise SystemExit(130)
            yield

        yield changes()

    monkeypatch.setattr(Watch, "listening", listening)
    reader, writer = os.pipe()
    if not read:
        os.close(reader)
    with os.fdopen(writer, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        with pytest.raises(SystemExit) as left:
            cli.app(["watch"])
        monkeypatch.undo()
    assert left.value.code == (130 if read else 141)
    if read:
        os.close(reader)
