"""CPU and memory of comparing a million keys."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import processes
from bench.processes import TOOLS
from bench.row import Goal, Row, compared, ratios, spread
from bench.turns import fewer, in_turns

GROUP = "compare"

MANY = 1_000_000
FEWER = MANY // 4

_PROGRAM = "bench.compare_programs"
_PEER = "two dicts"


def rows(rounds: int) -> Iterator[Row]:
    """Compare a million keys, and a quarter of them, once in each of fewer rounds."""
    with TemporaryDirectory() as home:
        environment = processes.environment(Path(home))

        contenders = {
            (program, count): partial(
                processes.figures, TOOLS, _PROGRAM, program, count, environment=environment
            )
            for program in ("ours", "dicts", "nothing")
            for count in (MANY, FEWER)
        }
        found = in_turns(contenders, fewer(rounds))

    def cpu(program: str, count: int) -> list[float]:
        """Return what comparing took, without what made the keys."""
        pairs = zip(found[program, count], found["nothing", count], strict=True)
        return [(whole[0] - made[0]) / count * 1e6 for whole, made in pairs]

    def memory(program: str) -> list[float]:
        return [measured[1] for measured in found[program, MANY]]

    what = f"{MANY:,} keys compared"
    us, mb = "us of CPU a key", "MB"
    yield compared(GROUP, what, us, ours=cpu("ours", MANY), peer=_PEER, theirs=cpu("dicts", MANY))
    yield Row(
        GROUP,
        f"{what}: CPU a key, beside fewer",
        us,
        spread(cpu("ours", MANY)),
        f"{FEWER:,} keys",
        spread(cpu("ours", FEWER)),
        ratios(cpu("ours", MANY), cpu("ours", FEWER)),
        Goal(1.1),
    )
    yield compared(
        GROUP,
        f"{what}: memory of the process",
        mb,
        ours=memory("ours"),
        peer=_PEER,
        theirs=memory("dicts"),
        goal=Goal(60, mb),
    )
