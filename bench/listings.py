"""CPU of `ls` and `verify` of 100,000 rows, of a stub that answers at once."""

import os
import pty
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from bench import aws_stub, processes
from bench.processes import PEERS, ROOT, TOOLS
from bench.row import Goal, Row, compared, spread
from bench.stub_rows import COUNT, KEYS
from bench.turns import fewer, in_turns

GROUP = "listing"

_S = "s of CPU"
_OURS = TOOLS / "reinventure"
_PEER = (PEERS / "python", "-m", "bench.listing_peers")
_LOOP = "boto3, a query of each shard, merged"


def rows(rounds: int) -> Iterator[Row]:
    """List and compare the stub's rows once in each of fewer rounds."""
    with TemporaryDirectory() as name, aws_stub.running(Path(name)) as stub:
        environment = processes.environment(Path(name), **stub.environment)

        def whole(command: Sequence[str | Path], lines: int, last: str) -> float:
            done = processes.run(command, environment)
            printed = done.output.splitlines()
            if len(printed) != lines or not printed[-1].endswith(last):
                raise RuntimeError(f"{command} printed {len(printed):,} lines: {printed[-1:]}")
            return done.cpu

        found = in_turns(
            {
                "ls": partial(whole, [_OURS, "ls"], COUNT, KEYS[-1]),
                "loop": partial(whole, [*_PEER, "rows"], COUNT, KEYS[-1]),
                "first": partial(_first_line, [_OURS, "ls"], environment),
                "verify": partial(whole, [_OURS, "verify"], 1, f"EQUAL: {COUNT:,} keys compared."),
                "bucket": partial(whole, [*_PEER, "bucket"], 1, str(COUNT)),
            },
            fewer(rounds),
        )
    many = f"{COUNT:,}"
    yield compared(
        GROUP,
        f"`ls` of {many} rows",
        _S,
        ours=found["ls"],
        peer=_LOOP,
        theirs=found["loop"],
        goal=Goal(0.35),
    )
    what = f"`ls` of {many} rows, until its first line"
    yield Row(GROUP, what, _S, spread(found["first"]), goal=Goal(0.4, _S))
    yield compared(
        GROUP,
        f"`verify` of {many} keys",
        _S,
        ours=found["verify"],
        peer="boto3, the listing alone",
        theirs=found["bucket"],
        goal=Goal(0.45),
    )


def _first_line(command: Sequence[str | Path], environment: Mapping[str, str]) -> float:
    """Return the CPU of `command` until a terminal shows its first line; the rest is not read."""
    terminal, its = pty.openpty()
    process = subprocess.Popen(
        command, env=environment, cwd=ROOT, stdin=its, stdout=its, stderr=its
    )
    os.close(its)
    try:
        line = b""
        while b"\n" not in line:
            line += os.read(terminal, 1)
        used = psutil.Process(process.pid).cpu_times()
    finally:
        process.kill()
        process.wait()
        with suppress(OSError):
            os.close(terminal)
    if b".jpg" not in line:
        raise RuntimeError(f"the first line was {line!r}")
    return used.user + used.system
