"""CPU of a change: in steady state, at the start of a process, and of the first event."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import aws_stub, processes
from bench.processes import PEERS, TOOLS
from bench.row import Goal, Row, compared, spread
from bench.turns import in_turns

GROUP = "put"

_PROGRAMS = "bench.put_programs"
_OURS = ("our_client", "ours_direct", "ours_queued", "ours_existing", "ours_published")
_THEIRS = ("boto3_table", "hand_signed", "powertools", "botocore_client", "pydynox", "awscrt")

_BOTO3 = "boto3, Table.put_item"
_HAND = "signed by hand, `http.client`"
_MS, _US = "ms of CPU", "us of CPU"


def rows(rounds: int) -> Iterator[Row]:
    """Measure each program of `bench.put_programs` once in each round."""
    with TemporaryDirectory() as name, aws_stub.running(Path(name)) as stub:
        environment = processes.environment(
            Path(name), **stub.environment, AWS_LAMBDA_FUNCTION_NAME="ingest"
        )

        pythons = dict.fromkeys(_OURS, TOOLS) | dict.fromkeys(_THEIRS, PEERS)
        found = in_turns(
            {
                program: partial(
                    processes.figures, tools, _PROGRAMS, program, environment=environment
                )
                for program, tools in pythons.items()
            },
            rounds,
        )

    def until_first(program: str) -> list[float]:
        return [seconds[0] * 1e3 for seconds in found[program]]

    def each(program: str) -> list[float]:
        return [seconds[2] * 1e6 for seconds in found[program]]

    boto3 = each("boto3_table")
    for what, program, limit in (
        ("a change, direct", "ours_direct", 0.30),
        ("a change, queue of 100, new objects", "ours_queued", 0.045),
        ("a change, queue of 100, objects with a row", "ours_existing", 0.07),
    ):
        yield compared(
            GROUP, what, _US, ours=each(program), peer=_BOTO3, theirs=boto3, goal=Goal(limit)
        )
    yield compared(
        GROUP,
        "a change, queue of 100, new objects",
        _US,
        ours=each("ours_queued"),
        peer="Powertools, batch and idempotency",
        theirs=each("powertools"),
        goal=Goal(1 / 60),
    )
    for peer, program, limit in ((_BOTO3, "boto3_table", 0.35), (_HAND, "hand_signed", 1.5)):
        yield compared(
            GROUP,
            "fresh process until its first row, over TLS",
            _MS,
            ours=until_first("ours_direct"),
            peer=peer,
            theirs=until_first(program),
            goal=Goal(limit),
        )
    first = [seconds[1] * 1e3 for seconds in found["ours_direct"]]
    yield Row(GROUP, "first event after the initialization", _MS, spread(first), goal=Goal(6, _MS))
    published = spread(each("ours_published"))
    yield Row(GROUP, "a change that `publish` gets alone", _US, published)
    for peer, program in (
        (_BOTO3, "boto3_table"),
        ("botocore, client.put_item", "botocore_client"),
        (_HAND, "hand_signed"),
        ("pydynox", "pydynox"),
        ("awscrt, without retries and errors", "awscrt"),
    ):
        yield compared(
            GROUP,
            "a put, client alone",
            _US,
            ours=each("our_client"),
            peer=peer,
            theirs=each(program),
        )
