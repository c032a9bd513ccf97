"""The `reinventure` command as a process, which can be killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Thread

from reinventure.local.cloud import Cloud

COMMAND_SECONDS = 150
"""Time in which a command ends. A repair takes half a minute to recount."""

_PROGRAM = """
import resource, sys, time
from datetime import timedelta
from pathlib import Path
import typer

folder, cloud, hours, disk = sys.argv.pop(1), sys.argv.pop(1), sys.argv.pop(1), sys.argv.pop(1)
typer.get_app_dir = lambda _: folder
if disk == "full":
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
if float(hours):
    from s3_catalog.model import timestamps
    now, clock = timestamps.utc_now, time.time
    timestamps.utc_now = lambda: now() + timedelta(hours=float(hours))
    time.time = lambda: clock() + 3600 * float(hours)
from reinventure import cli
from reinventure.attaching import changed_deployment
changed_deployment.LOCAL = Path(cloud)
cli.main()
"""
"""The command, with its folder of state and that of the local cloud."""


class CommandProcess:
    """`reinventure` with `arguments` on `cloud`, with its state in the folder `state`.

    Its clock is ahead by `hours`, and with `disk_full` it can write to no file.
    """

    def __init__(
        self,
        cloud: Cloud,
        state: Path,
        *arguments: str,
        hours: float = 0,
        disk_full: bool = False,
    ) -> None:
        self.said = ""
        disk = "full" if disk_full else "empty"
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-c", _PROGRAM),
                *(str(state), str(cloud.directory), str(hours), disk, *arguments),
            ],
            env={**os.environ, **cloud.environment, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = Thread(target=self._read)
        self._reader.start()

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def kill(self) -> None:
        """Kill it and what it has started, as when the laptop loses its power."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join()

    def ended(self, seconds: float) -> int:
        """Wait for its end, at most so many `seconds`, and return its exit code."""
        status = self._process.wait(seconds)
        self._reader.join()
        return status

    def _read(self) -> None:
        assert self._process.stdout
        with self._process.stdout as output:
            for line in output:
                self.said += line
