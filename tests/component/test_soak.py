"""`make soak` passes only if its property tests have run."""

import time
from collections.abc import Callable, Iterator
from itertools import repeat
from pathlib import Path

import pytest

from tests import soak

PASSES = "def test_it(): pass"
CANNOT_BE_READ = "import a_module_that_nobody_has"
RUNS_OUT_OF_MEMORY = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
IS_STOPPED = "import pytest\npytest.exit('the time is up', returncode=2)"


@pytest.fixture
def finish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., bool]]:
    """A function that runs `code` as the tests of the search until `deadline`."""
    file = tmp_path / "test_it.py"
    command = ("pytest", "--quiet", "-p", "no:cacheprovider", str(file))
    monkeypatch.setattr(soak, "_commands", lambda *_: repeat(command))
    started: list[soak.Checks] = []

    def run(code: str, deadline: float | None) -> bool:
        file.write_text(code)
        started.append(soak.Checks(0, deadline))
        return started[-1].finish()

    yield run
    for checks in started:
        checks.stop()


def test_tests_that_pass_are_good(finish: Callable[..., bool]) -> None:
    assert finish(PASSES, None)


@pytest.mark.parametrize("seconds", [None, 1000])
@pytest.mark.parametrize(
    "code",
    [
        pytest.param(CANNOT_BE_READ, id="cannot be read"),
        pytest.param(RUNS_OUT_OF_MEMORY, id="killed"),
        pytest.param(IS_STOPPED, id="stopped"),
    ],
)
def test_tests_that_do_not_run_to_their_end_are_not(
    finish: Callable[..., bool], code: str, seconds: int | None
) -> None:
    assert not finish(code, seconds and time.time() + seconds)


def test_tests_that_the_deadline_stops_are_good(finish: Callable[..., bool]) -> None:
    assert finish(IS_STOPPED, time.time())
