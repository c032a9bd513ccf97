"""What `make bench` measures still works: it is run by hand, and a change could break it.

Nothing is compared with a goal here: times vary.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import aws_stub, processes, write_units
from bench.aws_stub import Stub
from bench.processes import TOOLS


@pytest.fixture(scope="module")
def stub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stub]:
    with aws_stub.running(tmp_path_factory.mktemp("stub")) as running:
        yield running


@pytest.mark.parametrize(
    "program", ["hand_signed", "ours_direct", "ours_queued", "ours_existing", "ours_published"]
)
def test_a_program_writes_rows_and_prints_its_figures(
    stub: Stub, tmp_path: Path, program: str
) -> None:
    environment = processes.environment(
        tmp_path, **stub.environment, AWS_LAMBDA_FUNCTION_NAME="ingest"
    )
    whole, first, each = processes.figures(
        TOOLS, "bench.put_programs", program, environment=environment
    )
    # The first is a part of the whole.
    assert whole > first > 0
    assert each > 0


@pytest.mark.parametrize(
    ("command", "printed"), [("ls", ""), ("verify", "EQUAL: 0 keys compared.\n")]
)
def test_the_stub_has_an_empty_catalog(
    stub: Stub, tmp_path: Path, command: str, printed: str
) -> None:
    environment = processes.environment(tmp_path, **stub.environment)
    done = processes.run([TOOLS / "reinventure", command, "--stack", "empty"], environment)
    assert done.output == printed
    assert done.cpu > 0


def test_what_fails_is_not_measured(stub: Stub, tmp_path: Path) -> None:
    environment = processes.environment(
        tmp_path, **{**stub.environment, "AWS_ENDPOINT_URL": "nowhere"}
    )
    with pytest.raises(RuntimeError, match="nowhere"):
        processes.run([TOOLS / "reinventure", "ls"], environment)


def test_the_units_of_each_kind_of_change_are_counted() -> None:
    alone, batched = write_units.rows(1)
    assert alone.note == (
        "new 1.00, overwrite 1.00, delete 1.00, duplicate 1.00, put after a delete 1.00"
    )
    assert batched.note == alone.note
