"""CPU of commands that have nothing to do, beside those of the AWS CLI."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import aws_stub, processes
from bench.processes import PEERS, TOOLS
from bench.row import Goal, Row, compared
from bench.stub_rows import EMPTY
from bench.turns import in_turns

GROUP = "command"

_MS = "ms of CPU"
_QUERY = (
    *("dynamodb", "query", "--table-name", EMPTY, "--key-condition-expression", "pk = :pk"),
    *("--expression-attribute-values", '{":pk": {"S": "empty#16#0"}}'),
)


def rows(rounds: int) -> Iterator[Row]:
    """Run each command once in each round."""
    with TemporaryDirectory() as name, aws_stub.running(Path(name)) as stub:
        environment = processes.environment(Path(name), **stub.environment)

        def cpu(command: Sequence[str | Path]) -> float:
            return processes.run(command, environment).cpu * 1e3

        found = in_turns(
            {
                "help": partial(cpu, [TOOLS / "reinventure", "--help"]),
                "aws version": partial(cpu, [PEERS / "aws", "--version"]),
                "ls": partial(cpu, [TOOLS / "reinventure", "ls", "--stack", EMPTY]),
                "aws query": partial(cpu, [PEERS / "aws", *_QUERY]),
            },
            rounds,
        )
    for what, ours, peer, theirs in (
        ("`--help`", "help", "`aws --version`", "aws version"),
        ("`ls` of an empty catalog", "ls", "`aws dynamodb query`, one shard", "aws query"),
    ):
        yield compared(
            GROUP, what, _MS, ours=found[ours], peer=peer, theirs=found[theirs], goal=Goal(0.6)
        )
