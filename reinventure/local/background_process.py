"""Processes in the background: the local cloud, and what is part of it, in one folder."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

_RECORD = ".process.json"
_STOP_SECONDS = 10


def start(
    directory: Path,
    name: str,
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    cwd: Path,
    inherited: Sequence[int] = (),
) -> None:
    """Start `command` as the process `name`; what it prints goes to `<name>.log` in `directory`.

    It gets the `inherited` file descriptors, too.
    """
    with log(directory, name).open("wb") as output:
        process = subprocess.Popen(
            command,
            env=dict(environment),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=inherited,
            start_new_session=True,
        )
    # A number is given to another process some day; the two together are not.
    record = {"pid": process.pid, "created": psutil.Process(process.pid).create_time()}
    (directory / f"{name}{_RECORD}").write_text(json.dumps(record))


def log(directory: Path, name: str) -> Path:
    """Return where the process `name` prints to."""
    return directory / f"{name}.log"


def running(directory: Path, name: str) -> psutil.Process | None:
    """Return the process `name` if it is alive."""
    return _recorded(directory / f"{name}{_RECORD}")


def stop(directory: Path) -> None:
    """Stop every process that was started here, outright: none has anything to save."""
    for path in directory.glob(f"*{_RECORD}"):
        process = _recorded(path)
        processes = family(process) if process else []
        for each in processes:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        psutil.wait_procs(processes, timeout=_STOP_SECONDS)
        path.unlink(missing_ok=True)


def family(process: psutil.Process) -> list[psutil.Process]:
    """Return `process`, if it is alive, and all that it has started, directly or not."""
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _recorded(path: Path) -> psutil.Process | None:
    try:
        record = json.loads(path.read_text())
        process = psutil.Process(record["pid"])
        same = process.create_time() == record["created"]
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except (FileNotFoundError, json.JSONDecodeError, KeyError, psutil.NoSuchProcess):
        # Never started, ended, or the machine stopped while the file was being written.
        return None
