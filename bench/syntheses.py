"""CPU of `cdk synth` of all stacks, beside an app with one bucket."""

import os
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import processes
from bench.processes import ROOT, TOOLS
from bench.row import Goal, Row, compared
from bench.turns import fewer, in_turns

GROUP = "synth"

_CLI = ROOT / "node_modules" / "aws-cdk" / "bin" / "cdk"

_ALL = ("workers=true", "sql=true", "config=create", "trail=create")
"""As `make synth` has them."""


def rows(rounds: int) -> Iterator[Row]:
    """Synthesise both once in each of fewer rounds.

    The first round, which fills the cache of jsii, is not measured.
    """
    with TemporaryDirectory() as home:
        # Where jsii's cache is, and with nothing else of a person's settings.
        environment = processes.environment(
            Path(home), XDG_CACHE_HOME=os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
        )

        def cpu(*arguments: str) -> float:
            output = Path(home) / "assembly"
            shutil.rmtree(output, ignore_errors=True)
            synth = [
                *("node", str(_CLI), "synth", "--quiet", "--output", str(output)),
                *("--no-notices", "--no-version-reporting", *arguments),
            ]
            return processes.run(synth, environment).cpu

        settings = [argument for setting in _ALL for argument in ("-c", setting)]
        contenders = {
            "ours": partial(cpu, *settings),
            "one": partial(cpu, "--app", f"{TOOLS / 'python'} -m bench.one_bucket_app"),
        }
        in_turns(contenders, 1)
        found = in_turns(contenders, fewer(rounds))
    yield compared(
        GROUP,
        "`cdk synth` of all stacks",
        "s of CPU",
        ours=found["ours"],
        peer="an app with one bucket",
        theirs=found["one"],
        goal=Goal(1.6),
    )
