"""The command as a process: what a person sees who got something wrong."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import boto3
import pytest
from botocore.stub import Stubber
from typer.models import CommandInfo
from typer.testing import CliRunner

from reinventure import cli
from reinventure.cli import account

LEAVING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
NOBODY = "https://127.0.0.1:9"  # The discard port: nothing listens there.


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    nowhere = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    return subprocess.run(
        [sys.executable, "-m", "reinventure", *arguments],
        env={**inherited, **nowhere, "AWS_EC2_METADATA_DISABLED": "true", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("arguments", "environment", "message"),
    [
        (["ls"], {}, "You must specify a region"),
        (["ls"], {"AWS_REGION": "eu-west-1"}, "Unable to locate credentials"),
        (["ls", "--profile", "nobody"], {}, "The config profile (nobody) could not be found"),
        (
            ["ls"],
            {
                "AWS_REGION": "eu-west-1",
                "AWS_ACCESS_KEY_ID": "x",
                "AWS_SECRET_ACCESS_KEY": "x",
                "AWS_ENDPOINT_URL": NOBODY,
            },
            "Could not connect to the endpoint URL",
        ),
        (
            ["find", "--larger", "5 elephants"],
            {},
            "--larger: '5 elephants' is no size; such are 10",
        ),
        (
            ["find", "--smaller", "-1"],
            {},
            "--smaller: '-1' is no size; such are 10, 10k, 5MB, 2GiB",
        ),
        (["find", "--newer", "a\nb"], {}, "--newer: 'a\\nb' is no time; such are 2026-01-31"),
        (["find", "--older", "2026-02-30"], {}, "--older: '2026-02-30' is no time"),
        (["find", "--deleted", "--larger", "0"], {}, "a deleted object has no size"),
        (["find", "--deleted", "--wider", "0"], {}, "a deleted object has no content"),
        (["find", "--type", "*/png"], {}, "--type: '*/png' has an asterisk that is not its end"),
        (["find", "--sha256", "abc"], {}, "--sha256: 'abc' is not 64 hexadecimal digits"),
        (["stat", ""], {}, "no object can have this name: key has 0 bytes, S3 allows 1 to 1024."),
        (["stat", "x" * 1025], {}, "key has 1025 bytes, S3 allows 1 to 1024"),
        (["deploy"], {"AWS_ENDPOINT_URL": NOBODY}, "this shell points at a local cloud"),
        (["destroy"], {"AWS_REGION": "eu-west-1"}, "Unable to locate credentials"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    arguments: list[str], environment: dict[str, str], message: str
) -> None:
    result = run(*arguments, **environment)
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("reinventure: ")
    assert result.stdout == ""
    assert result.returncode == 2


def name(command: CommandInfo) -> str:
    assert command.callback
    return command.name or command.callback.__name__.replace("_", "-")


@pytest.mark.parametrize("command", cli.app.registered_commands, ids=name)
def test_help_explains(command: CommandInfo) -> None:
    result = CliRunner().invoke(cli.app, [name(command), "--help"])
    assert result.exit_code == 0
    assert command.callback
    assert command.callback.__doc__
    first = command.callback.__doc__.splitlines()[0]
    assert first.replace("`", "") in " ".join(result.stdout.split())


def test_help_without_a_command_lists_them_all() -> None:
    result = run("--help")
    assert result.returncode == 0
    for command in cli.app.registered_commands:
        assert f" {name(command)} " in result.stdout


@pytest.mark.parametrize(
    ("at_once", "advice"),
    [(10, "Lambda runs at most 10 functions of this account at once"), (1_000, None)],
)
def test_an_account_that_can_run_few_functions_is_told_what_to_ask_for(
    at_once: int, advice: str | None
) -> None:
    client = boto3.client("lambda", region_name="eu-west-1")
    here = cast("boto3.Session", SimpleNamespace(client=lambda *_, **__: client))
    with Stubber(client) as answers:
        limits = {"AccountLimit": {"ConcurrentExecutions": at_once}}
        answers.add_response("get_account_settings", limits)
        said = account.concurrency_advice(here)
    assert said == advice or (said and advice and said.startswith(advice))


def test_an_empty_folder_is_refused_before_anything_starts(tmp_path: Path) -> None:
    result = run("demo", "--files", str(tmp_path))
    assert result.returncode == 2
    assert "holds no files" in result.stderr


@pytest.mark.parametrize("signum", LEAVING)
def test_an_interrupted_command_cleans_up_and_is_quiet(
    signum: signal.Signals, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cleaned_up = []

    def command() -> None:
        try:
            signal.raise_signal(signum)
        finally:
            cleaned_up.append(True)

    monkeypatch.setattr(cli, "app", command)
    before = {each: signal.getsignal(each) for each in LEAVING}
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # `nohup make test` has it ignored.
    try:
        with pytest.raises(SystemExit) as left:
            cli.main()
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    assert left.value.code == 128 + signum
    assert cleaned_up
    assert capsys.readouterr() == ("", "")


def test_a_hang_up_that_is_to_be_ignored_is(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {each: signal.getsignal(each) for each in LEAVING}
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    monkeypatch.setattr(cli, "app", lambda: signal.raise_signal(signal.SIGHUP))
    try:
        cli.main()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
