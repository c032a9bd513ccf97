"""The command console: what it needs, what it serves, and how it ends. The server itself runs in
tests/local/test_console.py."""

import signal
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import Result

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.cli import console
from reinventure.console import server
from reinventure.console.served import Served

Run = Callable[..., Result]


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Served, int]]:
    """What is served, and at which port; it is stopped at once, by Ctrl-C."""
    found: list[tuple[Served, int]] = []

    def serve(here: Served, port: int, ready: Callable[[str], None]) -> signal.Signals:
        found.append((here, port))
        ready("http://127.0.0.1:4711/?token=t")
        return signal.SIGINT

    monkeypatch.setattr(server, "run", serve)
    return found


@pytest.fixture
def visited(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that are opened in the browser."""
    addresses: list[str] = []
    monkeypatch.setattr("webbrowser.open", addresses.append)
    return addresses


@pytest.mark.usefixtures("catalog")
def test_it_prints_its_address_and_opens_it(
    run: Run, runs: list[tuple[Served, int]], visited: list[str]
) -> None:
    result = run("console")
    assert result.exit_code == 130
    assert result.stdout == "The console: http://127.0.0.1:4711/?token=t\n"
    assert visited == ["http://127.0.0.1:4711/?token=t"]
    [(here, port)] = runs
    assert (here.read_only, port) == (False, 0)
    # moto answers in the place of AWS, at its addresses.
    assert not here.local


@pytest.mark.usefixtures("catalog")
def test_its_options(run: Run, runs: list[tuple[Served, int]], visited: list[str]) -> None:
    run("console", "--read-only", "--port", "8080", "--no-open")
    [(here, port)] = runs
    assert (here.read_only, port) == (True, 8080)
    assert not visited


@pytest.mark.parametrize("port", ["-1", "65536", "x"])
def test_a_port_that_there_is_not(run: Run, port: str) -> None:
    assert run("console", "--port", port).exit_code == 2


def test_without_the_extra_it_names_the_one_command(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "_EXTRA", ("json", "no_such_module"))
    result = run("console")
    assert result.exit_code == 2
    assert result.stderr == (
        "reinventure: the console needs no_such_module: run `pip install '.[console]'`, or `make "
        "setup`, in the checkout\n"
    )


@pytest.mark.usefixtures("runs", "visited")
def test_work_is_done_while_it_is_shown(catalog: DeployedCatalog) -> None:
    assert console.shown(catalog, lambda: True)
    assert not console.shown(catalog, lambda: False)


@pytest.mark.usefixtures("runs", "visited")
def test_work_that_fails_ends_it_with_its_error(
    catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[Any] = []
    monkeypatch.setattr(signal, "raise_signal", ended.append)

    def fail() -> bool:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        console.shown(catalog, fail)
    assert ended == [signal.SIGTERM]
