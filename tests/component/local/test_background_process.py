"""Processes that live as long as the local cloud: what is started is stopped, and nothing else."""

import os
import sys
from pathlib import Path

import psutil
import pytest

from reinventure.local import background_process as background
from tests.waiting import wait_until

PATIENCE = 30
# It starts a child of its own, says so, and stays.
PARENT = (
    "import subprocess, sys, time;"
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    "print(__import__('os').environ['NAME'], flush=True); time.sleep(600)"
)


def start(directory: Path) -> psutil.Process:
    background.start(
        directory,
        "sleeper",
        [sys.executable, "-c", PARENT],
        environment={"PATH": os.defpath, "NAME": "here"},
        cwd=directory,
    )
    wait_until(lambda: background.log(directory, "sleeper").read_text() == "here\n", PATIENCE)
    found = background.running(directory, "sleeper")
    assert found
    return found


def test_it_is_stopped_with_all_that_it_started(tmp_path: Path) -> None:
    process = start(tmp_path)
    family = [process, *process.children()]
    assert len(family) == 2
    background.stop(tmp_path)
    assert not [each for each in family if each.is_running() and each.status() != "zombie"]
    assert background.running(tmp_path, "sleeper") is None
    assert [path.name for path in tmp_path.iterdir()] == ["sleeper.log"]
    background.stop(tmp_path)


@pytest.mark.parametrize(
    "record",
    [
        # The number of a process that is not the one that was started: of the test's own.
        '{"pid": %d, "created": 1.0}',
        "{",
        "{}",
    ],
)
def test_a_record_of_something_else_stops_nobody(tmp_path: Path, record: str) -> None:
    (tmp_path / "sleeper.process.json").write_text(record.replace("%d", str(os.getpid())))
    assert background.running(tmp_path, "sleeper") is None
    background.stop(tmp_path)
    assert not list(tmp_path.iterdir())


def test_one_that_has_ended_is_not_running(tmp_path: Path) -> None:
    process = start(tmp_path)
    for each in (*process.children(), process):
        each.kill()
    wait_until(lambda: background.running(tmp_path, "sleeper") is None, PATIENCE)
    background.stop(tmp_path)
