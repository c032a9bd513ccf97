"""The `reinventure` command, as a process."""

import os
import subprocess
import sys


def run(*arguments: str, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run it with `environment` on top of this one's; never raises for its exit code."""
    return subprocess.run(
        [sys.executable, "-m", "reinventure", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
