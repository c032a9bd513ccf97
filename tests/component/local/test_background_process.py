"""Background processes: what is started is stopped with its children, and nothing else is."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from reinventure.local import background_process as background
from tests.waiting import wait_until

PATIENCE = 30
# It starts a child of its own, prints a line, and stays.
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


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that have not ended. A zombie has, even while nothing collects its exit status."""
    found = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def test_a_process_is_stopped_with_its_children(tmp_path: Path) -> None:
    process = start(tmp_path)
    family = background.family(process)
    assert len(family) == 2
    background.stop(tmp_path)
    assert alive(family) == []
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
def test_a_record_of_another_process_stops_none(tmp_path: Path, record: str) -> None:
    (tmp_path / "sleeper.process.json").write_text(record.replace("%d", str(os.getpid())))
    assert background.running(tmp_path, "sleeper") is None
    background.stop(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_process_that_has_ended_is_not_running(tmp_path: Path) -> None:
    process = start(tmp_path)
    for each in (*process.children(), process):
        each.kill()
    wait_until(lambda: background.running(tmp_path, "sleeper") is None, PATIENCE)
    background.stop(tmp_path)


def test_a_program_that_is_missing_is_named_in_the_log(tmp_path: Path) -> None:
    background.start(
        tmp_path,
        "missing",
        ["no-such-program"],
        environment={"PATH": os.defpath},
        cwd=tmp_path,
    )
    wait_until(lambda: background.running(tmp_path, "missing") is None, PATIENCE)
    assert "no-such-program" in background.log(tmp_path, "missing").read_text()
    background.stop(tmp_path)


STARTER = """
import signal, sys, time
from pathlib import Path
from reinventure.local import background_process as background
from tests.component.local.test_background_process import start

# A shell lets commands in its background ignore SIGINT, and they inherit it to this process.
signal.signal(signal.SIGINT, signal.default_int_handler)
if sys.argv[2] == "ends with it":
    background.end_with_this_process()
start(Path(sys.argv[1]))
print("started", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def starter(tmp_path: Path) -> Iterator[Callable[[str], "subprocess.Popen[bytes]"]]:
    """A function that runs a process that starts a sleeper, and returns when it has."""
    started: list[subprocess.Popen[bytes]] = []

    def run(choice: str) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            [sys.executable, "-c", STARTER, str(tmp_path), choice],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        started.append(process)
        assert process.stdout
        assert process.stdout.readline() == b"started\n"
        return process

    yield run
    for process in started:
        with process:
            process.kill()
    background.stop(tmp_path)


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, None])
def test_a_process_ends_with_its_starter_however_that_ends(
    tmp_path: Path,
    starter: Callable[[str], "subprocess.Popen[bytes]"],
    signum: signal.Signals | None,
) -> None:
    process = starter("ends with it")
    found = background.running(tmp_path, "sleeper")
    assert found
    family = background.family(found)
    assert len(alive(family)) == 2
    if signum:
        process.send_signal(signum)
    else:
        assert process.stdin
        process.stdin.close()
    wait_until(lambda: not alive(family), PATIENCE, lambda: alive(family))


def test_a_process_outlives_its_starter_otherwise(
    tmp_path: Path, starter: Callable[[str], "subprocess.Popen[bytes]"]
) -> None:
    process = starter("outlives it")
    process.kill()
    process.wait()
    found = background.running(tmp_path, "sleeper")
    assert found
    assert len(alive(background.family(found))) == 2
