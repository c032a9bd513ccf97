"""`reinventure console` as a process, as a user starts it."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import boto3

from reinventure.contract import CATALOG, watch_queue_prefix
from reinventure.local.cloud import Cloud
from tests.waiting import PATIENCE, wait_until


class ConsoleProcess:
    """A console of `cloud`, started with `options`; its output is a file in `folder`."""

    def __init__(self, cloud: Cloud, folder: Path, *options: str) -> None:
        self._sns = boto3.client("sns", **cloud.access)
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

    def follows(self) -> bool:
        """Whether its queue, or that of another console, is subscribed to the changes."""
        subscribed = self._sns.list_subscriptions()["Subscriptions"]
        return any(watch_queue_prefix(CATALOG) in each["Endpoint"] for each in subscribed)

    def end(self) -> None:
        """End it as Ctrl-C does, which deletes its queue."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(PATIENCE) == 130, self.said

    def kill(self) -> None:
        """Kill it, unless it has ended."""
        self.process.kill()
        self.process.wait()
