"""Running the CDK CLI: what is passed to it, and what becomes of its failure."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reinventure import cdk_cli
from reinventure.errors import UserError, ending


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """A function that replaces the CDK CLI by a Python program."""

    def replace(program: str) -> None:
        monkeypatch.setattr(
            cdk_cli, "_command", lambda arguments: [sys.executable, "-c", program, *arguments]
        )

    return replace


def test_the_cli_gets_arguments_and_environment(cli: Callable[[str], None], tmp_path: Path) -> None:
    cli("import os, sys; print(sys.argv[1:], os.environ['WORD'], os.getcwd())")
    log = tmp_path / "log"
    cdk_cli.run_quietly(
        "synth", "--quiet", environment={"WORD": "hello"}, log=log, directory=tmp_path
    )
    assert log.read_text() == f"['synth', '--quiet'] hello {tmp_path.resolve()}\n"


def test_a_failure_has_the_end_of_the_log(cli: Callable[[str], None], tmp_path: Path) -> None:
    cli("import sys; print(*range(100), sep='\\n'); sys.exit(3)")
    log = tmp_path / "log"
    with pytest.raises(UserError) as error:
        cdk_cli.run_quietly("deploy", environment={}, log=log)
    assert str(error.value).splitlines() == [
        f"`cdk deploy` failed. The end of {log}:",
        *map(str, range(80, 100)),
    ]
    with pytest.raises(UserError, match=r"^`cdk deploy` failed with exit code 3: see above$"):
        cdk_cli.run("deploy", environment={})


def test_a_mistake_in_a_setting_is_one_line(cli: Callable[[str], None], tmp_path: Path) -> None:
    cli("import sys; print('x\\nreinventure: setting a is unknown.\\nexited'); sys.exit(1)")
    with pytest.raises(UserError, match=r"^setting a is unknown\.$"):
        cdk_cli.run_quietly("synth", environment={}, log=tmp_path / "log")


def test_the_end_of_a_log_may_be_of_any_encoding(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"\xff\nlast")
    assert ending(log) == "\ufffd\nlast"


def test_the_stacks_of_a_catalog_are_found_in_an_assembly(tmp_path: Path) -> None:
    artifacts: dict[str, object] = {"Sql": {}, "Tree": {}, "Catalog": {}, "Catalog.assets": {}}
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    assert cdk_cli.stacks(tmp_path) == ["Catalog", "Sql"]


def test_a_missing_cli_is_an_error_with_a_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cdk_cli, "_CLI", tmp_path / "no cdk")
    with pytest.raises(UserError, match=r"the CDK CLI is not installed in .* Run `make setup`"):
        cdk_cli.run("deploy", environment={})


def test_a_missing_node_is_an_error_with_a_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cdk_cli, "_CLI", tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    environment = {"PATH": str(tmp_path)}
    remedy = r"needs Node.js \(`node`\), which is missing. Run `make setup`"
    with pytest.raises(UserError, match=remedy):
        cdk_cli.run_quietly("synth", environment=environment, log=tmp_path / "log")
    with pytest.raises(UserError, match=remedy):
        cdk_cli.run("deploy", environment=environment)
