"""Megabytes that content inspection reads in a second of CPU, by kind of content.

A file of ours is also hashed and checked, which duckdb does not do.
"""

import json
import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import processes
from bench.processes import PEERS, TOOLS
from bench.row import Goal, Row, compared
from bench.turns import in_turns

GROUP = "inspect"

SIZE = 48 * 10**6
"""Bytes of each file."""

_MB = 10**6
_UNIT = "MB/s of CPU"
_DUCKDB = "duckdb, one thread"
_SHA = "`sha256sum`"

_WORDS = [
    "the",
    "quick",
    "brown",
    "fox",
    "jumps",
    "over",
    "a",
    "lazy",
    "dog",
    "while",
    "rows",
    "of",
    "data",
    "go",
    "by",
]


def _plain(chance: random.Random, number: int) -> str:
    words = " ".join(chance.choices(_WORDS, k=4))
    return (
        f"{number},{words},{chance.random():.6f},2026-11-26T12:00:00Z,{chance.randrange(10**6)}\n"
    )


def _quoted(chance: random.Random, number: int) -> str:
    words = ", ".join(chance.choices(_WORDS, k=4))
    return f'{number},"{words}","a ""quoted"" word",{chance.random():.6f},"two\nlines"\n'


def _json(chance: random.Random, number: int) -> str:
    row = {
        "id": number,
        "words": " ".join(chance.choices(_WORDS, k=4)),
        "value": chance.random(),
        "tags": chance.choices(_WORDS, k=3),
        "nested": {"time": "2026-11-26T12:00:00Z", "flag": True},
    }
    return json.dumps(row) + "\n"


def _text(chance: random.Random, _: int) -> str:
    return " ".join(chance.choices(_WORDS, k=12)) + "\n"


_LINES: dict[str, Callable[[random.Random, int], str]] = {
    "plain.csv": _plain,
    "quoted.csv": _quoted,
    "rows.jsonl": _json,
    "words.txt": _text,
}


def _write(folder: Path) -> None:
    """Write a file of each kind: the same bytes each time."""
    chance = random.Random(14)  # noqa: S311 (not for secrets)
    for name, line in _LINES.items():
        # The numbers go on, the rest repeats: a parser has no use of that.
        some = [line(chance, n) for n in range(20_000)]
        block = "".join(some)
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            written = 0
            while written < SIZE:
                written += file.write(block)
    (folder / "random.bin").write_bytes(chance.randbytes(SIZE))


def rows(rounds: int) -> Iterator[Row]:
    """Inspect each file once in each round."""
    with TemporaryDirectory() as home:
        folder = Path(home)
        _write(folder)
        environment = processes.environment(folder)

        def ours(name: str) -> tuple[float, int]:
            program = "bench.inspection_program"
            figures = processes.figures(TOOLS, program, folder / name, environment=environment)
            return _speed(folder / name, figures[0]), int(figures[1])

        def duckdb(name: str, kind: str) -> tuple[float, int]:
            program = "bench.inspection_peers"
            figures = processes.figures(
                PEERS, program, kind, folder / name, environment=environment
            )
            return _speed(folder / name, figures[0]), int(figures[1])

        def sha256sum(name: str) -> tuple[float, int]:
            cpu = processes.run(["sha256sum", folder / name], environment).cpu
            return _speed(folder / name, cpu), 0

        contenders: dict[tuple[str, str], Callable[[], tuple[float, int]]] = {}
        for name, kind in (("plain.csv", "csv"), ("quoted.csv", "csv"), ("rows.jsonl", "json")):
            contenders[name, "ours"] = partial(ours, name)
            contenders[name, _DUCKDB] = partial(duckdb, name, kind)
        for name in ("words.txt", "random.bin"):
            contenders[name, "ours"] = partial(ours, name)
            contenders[name, _SHA] = partial(sha256sum, name)
        found = in_turns(contenders, rounds)
        for name, peer in found:
            if peer == _DUCKDB and found[name, "ours"][0][1] != found[name, peer][0][1]:
                raise RuntimeError(f"{name}: {found[name, 'ours'][0]}, {found[name, peer][0]}")

    for what, name, peer, goal in (
        ("plain CSV", "plain.csv", _DUCKDB, Goal(0.8, at_least=True)),
        ("quoted CSV", "quoted.csv", _DUCKDB, None),
        ("JSON Lines", "rows.jsonl", _DUCKDB, Goal(0.35, at_least=True)),
        ("text", "words.txt", _SHA, Goal(1, at_least=True)),
        ("binary", "random.bin", _SHA, Goal(1, at_least=True)),
    ):
        speeds = [speed for speed, _ in found[name, "ours"]]
        theirs = [speed for speed, _ in found[name, peer]]
        yield compared(
            GROUP, f"inspection, {what}", _UNIT, ours=speeds, peer=peer, theirs=theirs, goal=goal
        )


def _speed(file: Path, cpu: float) -> float:
    return file.stat().st_size / _MB / cpu
