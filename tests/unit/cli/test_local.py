"""The commands for the local cloud, without one."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import Result

from reinventure.cli import console, local
from reinventure.errors import UserError
from reinventure.local import background_process as background
from reinventure.local import cloud as clouds
from reinventure.local import demo as demonstration
from reinventure.local import worker_process as worker
from reinventure.local.cloud import Cloud

Run = Callable[..., Result]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A machine without a local cloud; `running` has the processes of one, if there is one.

    `deployed` has the settings of each deployment; `enter` returns its catalog, or raises.
    """
    here = SimpleNamespace(running=set(), deployed=[], workers=[], ended=[])
    cloud = Cloud(tmp_path, 12345)
    here.enter = lambda _: SimpleNamespace(
        outputs=SimpleNamespace(bucket_name="bucket"), table="table"
    )

    def deploy(directory: Path, _steps: object, settings: Sequence[str]) -> Cloud:
        assert directory == tmp_path
        here.deployed.append(list(settings))
        here.running = {"cloud"}
        return cloud

    def stop(directory: Path) -> bool:
        here.ended.append(directory)
        return "cloud" in here.running

    def running(_: Path, name: str) -> bool:
        return name in here.running

    def enter(each: Cloud) -> Any:
        return here.enter(each)

    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setattr(local, "LOCAL", tmp_path)
    monkeypatch.setattr(local, "start_and_deploy", deploy)
    monkeypatch.setattr(local, "enter", enter)
    monkeypatch.setattr(clouds, "find", lambda _: cloud if here.running else None)
    monkeypatch.setattr(clouds, "stop", stop)
    monkeypatch.setattr(background, "running", running)
    monkeypatch.setattr(worker, "start", here.workers.append)
    return here


def test_up_deploys_with_the_settings_and_prints_how_to_use_it(
    machine: SimpleNamespace, run: Run, tmp_path: Path
) -> None:
    result = run("up", "--set", "transport=sqs", "--set", "shards=2", "--workers", "--sql")
    assert result.exit_code == 0, result.output
    assert machine.deployed == [["transport=sqs", "shards=2", "workers=true", "sql=true"]]
    assert len(machine.workers) == 1
    assert result.stdout.startswith("The local cloud is up, at https://127.0.0.1:12345.\n")
    assert "source " in result.stdout
    assert "AWS_PROFILE" not in result.stdout
    assert "export REINVENTURE_BUCKET=bucket\n" in (tmp_path / "env").read_text()


def test_up_has_no_worker_unless_it_should(machine: SimpleNamespace, run: Run) -> None:
    assert run("up").exit_code == 0
    assert (machine.deployed, machine.workers) == ([[]], [])


def test_up_of_a_running_cloud_deploys_nothing(machine: SimpleNamespace, run: Run) -> None:
    machine.running = {"cloud", "worker", "data-api"}
    result = run("up", "--workers", "--sql")
    assert result.exit_code == 0
    assert result.stdout.startswith("The local cloud is up already, at https://127.0.0.1:12345.\n")
    assert "Query its SQL mirror:" in result.stdout
    assert machine.deployed == []


@pytest.mark.parametrize(
    ("option", "problem"),
    [
        (["--set", "shards=2"], "a running local cloud keeps its settings. Run `make down`, "),
        (["--workers"], "the local cloud has no worker. Run `make down`, which deletes its data, "),
        (["--sql"], "the local cloud has no database. Run `make down`, which deletes its data, "),
    ],
)
def test_a_running_cloud_cannot_be_changed(
    machine: SimpleNamespace, run: Run, option: list[str], problem: str
) -> None:
    machine.running = {"cloud"}
    result = run("up", *option)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"reinventure: {problem}")
    assert result.stderr.count("\n") == 1
    assert machine.deployed == []


def test_up_starts_a_cloud_without_the_stack_again(machine: SimpleNamespace, run: Run) -> None:
    machine.running = {"cloud"}
    found = machine.enter

    def enter(cloud: Cloud) -> Any:
        if not machine.deployed:
            raise UserError("no stack 'Catalog'")
        return found(cloud)

    machine.enter = enter
    result = run("up")
    assert result.exit_code == 0
    assert machine.deployed == [[]]
    assert "already" not in result.stdout


def test_up_warns_of_a_profile(
    machine: SimpleNamespace, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    assert run("up").stdout.endswith(
        "AWS_PROFILE=mine is set, and some clients prefer it: unset AWS_PROFILE\n"
    )


@pytest.mark.parametrize(
    ("running", "line"),
    [({"cloud"}, "The local cloud is down.\n"), (set(), "No local cloud was up.\n")],
)
def test_down_stops_it(
    machine: SimpleNamespace, run: Run, tmp_path: Path, running: set[str], line: str
) -> None:
    machine.running = running
    result = run("down")
    assert (result.exit_code, result.stdout, machine.ended) == (0, line, [tmp_path])


@pytest.mark.parametrize("option", [[], ["--open"]])
@pytest.mark.parametrize(("equal", "status"), [(True, 0), (False, 1)])
def test_demo_exits_with_its_comparison(
    machine: SimpleNamespace,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    equal: bool,
    status: int,
    option: list[str],
) -> None:
    def demonstrate(files: Path, directory: Path, settings: Sequence[str], shown: object) -> bool:
        assert (files.name, directory, settings) == ("samples", tmp_path / "demo", ["shards=2"])
        assert shown is (console.shown if option else demonstration.unseen)
        return equal

    monkeypatch.setattr(demonstration, "run", demonstrate)
    result = run("demo", "--set", "shards=2", *option)
    assert result.exit_code == status
    assert ("make demo OPEN=1" in result.stdout) is not bool(option)
