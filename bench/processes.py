"""Processes that are measured: the CPU of a process and of all that it started."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]

TOOLS = Path(sys.executable).parent
"""The folder of this project's Python and command."""

PEERS = ROOT / ".local" / "bench" / "bin"
"""The folder of the peers' Python and commands, in their own environment."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A process that ended: its CPU in seconds, user and system, and what it printed."""

    cpu: float
    output: str


def run(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    *,
    statuses: tuple[int, ...] = (0,),
    cwd: Path = ROOT,
) -> Finished:
    """Run `command` to its end. The CPU includes the processes that it started and waited for.

    Raises RuntimeError with its errors when its exit status is none of `statuses`: what fails is
    not measured.
    """
    with tempfile.TemporaryFile() as errors, tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=errors,
        )
        # Not `wait`: only this call has the CPU of the one process.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        errors.seek(0)
        output = printed.read().decode()
        if process.returncode not in statuses:
            raise RuntimeError(
                f"{command} ended with {process.returncode}:\n{output[-2000:]}"
                f"\n{errors.read().decode()[-4000:]}"
            )
    return Finished(usage.ru_utime + usage.ru_stime, output)


def figures(
    tools: Path, program: str, *arguments: object, environment: Mapping[str, str]
) -> list[float]:
    """Run the module `program` with the Python in `tools`; return the figures that it prints."""
    command = [str(tools / "python"), "-m", program, *map(str, arguments)]
    printed: list[float] = json.loads(run(command, environment).output)
    return printed


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return the variables of a process: none of this one's but for its path, and `more`.

    `home` is an empty folder, so that no configuration of AWS is found.
    """
    return {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'lambdas'}",
        **more,
    }
