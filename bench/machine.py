"""The circumstances of a run: machine, date, commit, load, and versions of everything measured."""

import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench.processes import PEERS, ROOT

BUSY = 0.3
"""Load from which on a machine is not idle: the average number of running processes."""

_VERSIONS = """
import json, sys
from importlib.metadata import version
print(json.dumps({name: version(name) for name in sys.argv[1:]}))
"""
_OURS = ("aws-cdk-lib", "boto3", "botocore", "ministack")
_THEIRS = ("aws-lambda-powertools", "awscli", "awscrt", "boto3", "botocore", "duckdb", "pydynox")


@dataclass(frozen=True, slots=True)
class Machine:
    """The circumstances of a run. `load` is the average of a minute, before it and after it.

    `seconds` is how long it took, `rounds` how often each thing was measured.
    """

    date: str
    commit: str
    processors: str
    system: str
    python: str
    load: tuple[float, float]
    seconds: int
    rounds: int
    versions: dict[str, str]
    peers: dict[str, str]


def load() -> float:
    """Return the average number of running processes in the last minute."""
    return round(os.getloadavg()[0], 2)


def describe(before: float, seconds: float, rounds: int) -> Machine:
    """Return the circumstances of a run that ends now; `before` was the load at its start."""
    return Machine(
        date=time.strftime("%Y-%m-%d", time.gmtime()),
        commit=_commit(),
        processors=f"{os.cpu_count()} x {_model()} ({platform.machine()})",
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        load=(before, load()),
        seconds=round(seconds),
        rounds=rounds,
        versions=_versions(Path(sys.executable), _OURS),
        peers=_versions(PEERS / "python", _THEIRS),
    )


def _commit() -> str:
    """Return the commit of the checkout, with a plus sign if files of it are changed."""
    commit = _git("rev-parse", "--short=12", "HEAD").strip()
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ":!bench/results.json")
    return f"{commit}+" if changed else commit


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def _model() -> str:
    known = Path("/proc/cpuinfo")
    lines = known.read_text().splitlines() if known.exists() else []
    models = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or "processor"


def _versions(python: Path, names: tuple[str, ...]) -> dict[str, str]:
    command = [str(python), "-c", _VERSIONS, *names]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    versions: dict[str, str] = json.loads(done.stdout)
    return versions
