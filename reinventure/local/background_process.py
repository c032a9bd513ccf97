"""Background processes: the local cloud and its parts, all recorded in one folder.

They outlive the process that starts them, as `make up` needs it. A process that calls
`end_with_this_process` takes them along, even when it is killed: the tests and `make demo` do. A
watchdog process then holds the read end of a pipe. The operating system closes the pipe when the
starter ends, and the watchdog kills what it has started. This works on Linux and on macOS.
"""

import atexit
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

_RECORD = ".process.json"
_STOP_SECONDS = 10

_GATE = 'read -r _ && exec "$@" </dev/null'
"""Shell program that becomes its arguments' command once it has read a line. It ends instead when
the starter ends before it has recorded the process."""

_watchdog: "subprocess.Popen[bytes] | None" = None


def end_with_this_process() -> None:
    """Kill what this process starts from now on as soon as it ends, however it ends."""
    global _watchdog  # noqa: PLW0603 (one a process, as is its end)
    if _watchdog is None:
        _watchdog = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Signals from a terminal go to the starter's group; the watchdog must survive them.
            start_new_session=True,
        )
        atexit.register(_close, _watchdog)


def start(
    directory: Path,
    name: str,
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    cwd: Path,
    inherited: Sequence[int] = (),
) -> None:
    """Start `command` as the process `name`; its output goes to `<name>.log` in `directory`.

    It inherits the file descriptors `inherited`. A program that cannot be run is an error in the
    log.
    """
    readable, writable = os.pipe()
    with (
        os.fdopen(readable, "rb") as held,
        os.fdopen(writable, "wb") as gate,
        log(directory, name).open("wb") as output,
    ):
        process = subprocess.Popen(
            ["/bin/sh", "-c", _GATE, "sh", *command],
            env=dict(environment),
            cwd=cwd,
            stdin=held,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=inherited,
            start_new_session=True,
        )
        (directory / f"{name}{_RECORD}").write_text(_record(process.pid))
        watch(process.pid)
        gate.write(b"\n")


def watch(pid: int) -> None:
    """Have the watchdog kill the process `pid`, too, if `end_with_this_process` was called.

    For a process that `start` has not started.
    """
    if _watchdog and _watchdog.stdin:
        _watchdog.stdin.write(f"{_record(pid)}\n".encode())
        _watchdog.stdin.flush()


def log(directory: Path, name: str) -> Path:
    """Return the file with the output of the process `name`."""
    return directory / f"{name}.log"


def running(directory: Path, name: str) -> psutil.Process | None:
    """Return the process `name` if it is alive."""
    return _recorded(directory / f"{name}{_RECORD}")


def stop(directory: Path) -> None:
    """Kill every process that was started in `directory`: none has anything to save."""
    for path in directory.glob(f"*{_RECORD}"):
        process = _recorded(path)
        if process:
            _kill(process)
        path.unlink(missing_ok=True)


def family(process: psutil.Process) -> list[psutil.Process]:
    """Return `process`, if it is alive, and its descendants."""
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _kill(process: psutil.Process) -> None:
    processes = family(process)
    # Its group has the children, too, that were started since the line above.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for each in processes:
        with suppress(psutil.NoSuchProcess):
            each.kill()
    psutil.wait_procs(processes[:1], timeout=_STOP_SECONDS)
    deadline = time.monotonic() + _STOP_SECONDS
    # A killed descendant can stay a zombie for seconds, until init collects its exit status.
    while not all(map(_ended, processes)) and time.monotonic() < deadline:
        time.sleep(0.01)


def _ended(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _record(pid: int) -> str:
    # The operating system reuses a process's number, but not together with its start time.
    return json.dumps({"pid": pid, "created": psutil.Process(pid).create_time()})


def _recorded(path: Path) -> psutil.Process | None:
    try:
        return _alive(json.loads(path.read_text()))
    except (FileNotFoundError, json.JSONDecodeError, KeyError):
        # Never started, or the machine stopped while the file was being written.
        return None


def _alive(record: Mapping[str, Any]) -> psutil.Process | None:
    try:
        process = psutil.Process(record["pid"])
        same = process.create_time() == record["created"]
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def _close(watchdog: "subprocess.Popen[bytes]") -> None:
    """Close the pipe as the operating system would, and return when the watchdog has ended."""
    watchdog.communicate()


def _guard(records: Iterable[bytes]) -> None:
    """Kill the processes of all `records`, JSON lines, when there are no more of them."""
    for record in list(records):
        process = _alive(json.loads(record))
        if process:
            _kill(process)


if __name__ == "__main__":
    _guard(sys.stdin.buffer)
