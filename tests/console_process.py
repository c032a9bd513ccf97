"""`reinventure console` as a process, as a user starts it."""

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from reinventure.local.cloud import Cloud
from tests.waiting import wait_until


class ConsoleProcess:
    """A console of `cloud`, started with `options`; its output is a file in `folder`."""

    def __init__(self, cloud: Cloud, folder: Path, *options: str) -> None:
        self._out = folder / "console.out"
        with self._out.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "reinventure", "console", "--no-open", *options],
                env={**os.environ, **cloud.environment},
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        wait_until(lambda: "The console:" in self.said or self.process.poll() is not None)
        assert self.process.poll() is None, self.said
        [self.address] = re.findall("The console: (.*)", self.said)
        self.parts = urlsplit(self.address)
        assert self.parts.hostname
        assert self.parts.port
        self.host, self.port = self.parts.hostname, self.parts.port

    @property
    def said(self) -> str:
        """What it has printed."""
        return self._out.read_text()

    def kill(self) -> None:
        """Kill it, unless it has ended."""
        self.process.kill()
        self.process.wait()
