"""The command line itself: mistakes, help, version, exit codes, signals and pipes."""

import inspect
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import pytest
import typer
from botocore.exceptions import ClientError
from typer.main import get_group
from typer.testing import Result

from reinventure import cli
from reinventure.aws import connection, deployed_catalog
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.cli import command_table
from reinventure.cli.command_table import ImportedWhenRun
from reinventure.errors import CheckFailedError, UserError
from s3_catalog.exceptions import ContendedError, MalformedError
from s3_catalog.model.inspection_result import InspectionResult
from tests.unit.cli.content import add_row

Run = Callable[..., Result]

LEAVING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
ACCOUNT = {"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
NOTHING_LISTENS = "https://127.0.0.1:9"  # The discard port.


@pytest.fixture
def no_account(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without AWS credentials, region and configuration."""
    for name in [name for name in os.environ if re.match("AWS_|REQUESTS_CA_BUNDLE$", name)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return monkeypatch


def assert_mistake(result: Result, message: str) -> None:
    """Assert that it is one line on stderr, and exit code 2."""
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("reinventure: ")
    assert result.stdout == ""
    assert result.exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "environment", "message"),
    [
        (["ls"], {}, "You must specify a region"),
        (["ls"], {"AWS_REGION": "eu-west-1"}, "Unable to locate credentials"),
        (["ls", "--profile", "nope"], {}, "The config profile (nope) could not be found"),
        (
            ["ls"],
            {**ACCOUNT, "AWS_ENDPOINT_URL": NOTHING_LISTENS},
            "Could not connect to the endpoint URL",
        ),
        *(
            ([command], {**ACCOUNT, "AWS_ENDPOINT_URL": endpoint}, f"AWS_ENDPOINT_URL is {shown}: ")
            for command in ("ls", "verify", "watch", "smoke")
            for endpoint, shown in [
                ("127.0.0.1:4566", "'127.0.0.1:4566'"),
                ("localhost", "'localhost'"),
                ("https://", "'https://'"),
                ("https://[::1", "'https://[::1'"),
                ("https://h:port", "'https://h:port'"),
                ("https://a b", "'https://a b'"),
                ("ftp://h", "'ftp://h'"),
            ]
        ),
        (["ls"], {**ACCOUNT, "AWS_ENDPOINT_URL_DYNAMODB": "h:1"}, "AWS_ENDPOINT_URL_DYNAMODB is "),
        *(
            ([command], {**ACCOUNT, variable: "/no/such"}, f"{variable} is '/no/such', which ")
            for command in ("ls", "sql-backfill")
            for variable in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
        ),
        (["ls"], {**ACCOUNT, "AWS_CA_BUNDLE": "/no/such"}, "cannot be used: No such file or dir"),
        (["ls"], {**ACCOUNT, "AWS_CA_BUNDLE": __file__}, "cannot be used: it has no certificate"),
        (["deploy"], {"AWS_ENDPOINT_URL": NOTHING_LISTENS}, "this shell points at a local cloud"),
        (["destroy"], {"AWS_REGION": "eu-west-1"}, "Unable to locate credentials"),
    ],
)
def test_a_wrong_environment_is_one_line_and_exit_code_2(
    no_account: pytest.MonkeyPatch,
    run: Run,
    arguments: list[str],
    environment: dict[str, str],
    message: str,
) -> None:
    for name, value in environment.items():
        no_account.setenv(name, value)
    assert_mistake(run(*arguments), message)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["find", "--larger", "5 elephants"],
            "--larger: invalid size '5 elephants': use a ",
        ),
        (["find", "--larger", ""], "--larger: invalid size '': use a number with an optional unit"),
        (["find", "--smaller", "-1"], "--smaller: invalid size '-1': use a number "),
        (["find", "--newer", "a\nb"], r"--newer: invalid time 'a\nb': use a date or date-time, "),
        (["find", "--older", "2026-02-30"], "--older: invalid time '2026-02-30': use a date or "),
        (
            ["find", "--deleted", "--larger", "0"],
            "a deleted object has no size: it cannot ",
        ),
        (["find", "--deleted", "--smaller", "0"], "a deleted object has no size: it cannot "),
        (["find", "--deleted", "--wider", "0"], "a deleted object has no content: it "),
        (["find", "--type", "*/png"], "--type: invalid content type '*/png': use a media type"),
        (["find", "--sha256", "abc"], "--sha256: invalid SHA-256 'abc': use 64 hexadecimal digits"),
        (["find", "--wider", "-1"], "--wider: invalid number '-1': use a whole number, at least 0"),
        (["find", "--rows-over", "x"], "--rows-over: invalid number 'x': use a whole number"),
        (["find", "--limit", "0"], "--limit: invalid number '0': use a whole number, at least 1"),
        (["find", "--limit"], "option '--limit' requires an argument"),
        (["du", "--depth", "1.5"], "--depth: invalid number '1.5': use a whole number, at least 0"),
        (["stat", ""], "KEY: key has 0 bytes, S3 allows 1 to 1024"),
        (["stat", "x" * 1025], "KEY: key has 1025 bytes, S3 allows 1 to 1024"),
        (["stat"], "missing argument 'KEY'. See `reinventure stat --help`"),
        (["ls", "\udcff"], "argument '\\udcff' is not valid UTF-8"),
        (["ls", "a", "b\nc"], r"got unexpected extra argument(s) (b\x0ac). See `reinventure ls "),
        (["lx\u202e"], r"no such command 'lx\u202e'"),
        (["ls", "a", "b\u202e"], r"got unexpected extra argument(s) (b\u202e). See `reinventure "),
        (["ls", "--nope"], "no such option: --nope. See `reinventure ls --help`"),
        (["--nope"], "no such option: --nope. See `reinventure --help`"),
        (["lss"], "no such command 'lss'. Did you mean 'ls'? See `reinventure --help`"),
        (["smoke", "--patience", "0"], "--patience: invalid time '0': use a number of seconds, at"),
        (["redrive"], "choose the events to redrive: --all, or ids from `reinventure failed`"),
        (["redrive", "--all", "id"], "choose the events to redrive: --all, or ids from "),
        (["audit", "--since", "soon"], "--since: invalid time 'soon': use a date or date-time"),
        (["audit", "--since", "91d"], "--since: '91d' is before CloudTrail's event history of "),
        (
            ["up", "--set", "sqs"],
            "--set: invalid setting 'sqs': use NAME=VALUE, such as transport=",
        ),
        (["demo", "--files", "/no/such"], "--files: dir"),
    ],
)
def test_a_mistake_of_the_user_is_one_line_and_exit_code_2(
    no_account: pytest.MonkeyPatch, run: Run, arguments: list[str], line: str
) -> None:
    result = run(*arguments)
    assert_mistake(result, line)
    assert result.stderr.startswith(f"reinventure: {line}")


def encoding_error(text: str) -> UnicodeEncodeError:
    return UnicodeEncodeError("utf-8", text, 1, 2, "surrogates not allowed")


def refusal(message: str) -> ClientError:
    return ClientError({"Error": {"Code": "AccessDenied", "Message": message}}, "Query")


@pytest.mark.parametrize(
    ("error", "line", "status"),
    [
        (UserError("use another one"), "use another one", 2),
        (CheckFailedError("they differ"), "they differ", 1),
        (MalformedError("no key"), "no key", 2),
        (ContendedError("row k changed"), "row k changed. Try again when fewer writers ", 2),
        (refusal("no\nway \x1b[31m"), r"Query: AccessDenied: no way \x1b[31m", 2),
        (FileNotFoundError(2, "No such file", "/a\nb"), r"/a\nb: No such file", 2),
        (OSError(28, "No space left on device"), "No space left on device", 2),
        (TimeoutError("timed out"), "timed out", 2),
        (UserError("no \x1b[31m"), r"no \x1b[31m", 2),
        (typer.Abort(), "there was no answer to the question", 2),
        (encoding_error("a\udcff"), r"'a\udcff' is not valid UTF-8", 2),
    ],
)
def test_an_error_is_one_line_with_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, run: Run, error: Exception, line: str, status: int
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(deployed_catalog, "find", fail)
    result = run("ls")
    assert result.stderr.startswith(f"reinventure: {line}")
    assert result.stderr.count("\n") == 1
    assert (result.stdout, result.exit_code) == ("", status)


def test_a_bug_has_a_traceback_and_is_not_a_failed_check(
    monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setattr(connection, "session", None)
    result = run("ls")
    assert result.exit_code == 2
    assert "Traceback" in result.stderr
    assert "TypeError" in result.stderr


COMMANDS = list(command_table.commands().values())


def name(command: ImportedWhenRun) -> str:
    assert command.name
    return command.name


def documentation(command: ImportedWhenRun) -> str:
    found = inspect.getdoc(command.command.callback)
    assert found
    return found


@pytest.mark.parametrize("command", COMMANDS, ids=name)
def test_the_help_of_a_command_is_its_documentation(command: ImportedWhenRun, run: Run) -> None:
    result = run(name(command), "--help")
    assert result.exit_code == 0
    first = documentation(command).splitlines()[0]
    assert first.replace("`", "") in " ".join(result.stdout.split())


@pytest.mark.parametrize("command", COMMANDS, ids=name)
def test_the_help_of_all_commands_has_the_documentation_of_each(command: ImportedWhenRun) -> None:
    command.read_help()
    assert command.help == documentation(command)


@pytest.mark.parametrize("arguments", [["a\udcff"], ["--stack", "a\udcff"], ["--suffix=a\udcff"]])
@pytest.mark.parametrize("command", COMMANDS, ids=name)
def test_an_argument_that_is_not_utf_8_is_a_mistake_of_every_command(
    command: ImportedWhenRun, run: Run, arguments: list[str]
) -> None:
    result = run(name(command), *arguments)
    assert_mistake(result, r"a\udcff' is not valid UTF-8")


def examples(command: ImportedWhenRun) -> list[str]:
    block = documentation(command).partition("For example:\n\n")[2]
    return [line.strip() for line in block.splitlines() if line.strip()]


@pytest.mark.parametrize("command", COMMANDS, ids=name)
def test_the_help_of_a_command_has_examples_that_can_be_parsed(
    command: ImportedWhenRun, run: Run
) -> None:
    lines = examples(command)
    assert lines
    shown = run(name(command), "--help").stdout
    for line in lines:
        assert line in shown
        program, first, *rest = shlex.split(re.sub("^([A-Z_]+=[a-z]+ )*", "", line))
        assert (program, first) == ("reinventure", name(command))
        get_group(cli.app).commands[first].make_context(first, rest)


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_the_help_lists_all_commands_in_their_groups(run: Run, arguments: list[str]) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    groups: dict[str, list[str]] = {}
    for line in result.stdout.splitlines():
        if heading := re.match(r"╭─ ([\w ]+) ─", line):
            listed = groups.setdefault(heading[1], [])
        elif entry := re.match(r"│ ([a-z-]+) ", line):
            listed.append(entry[1])
    assert "--version" in groups.pop("Options")
    assert groups == {
        "Query": ["ls", "du", "find", "stat", "buckets", "sql", "watch", "console"],
        "Buckets": ["attach", "detach"],
        "Inspect": ["inspect", "duplicates"],
        "Maintain": [
            *("status", "verify", "repair", "failed", "redrive"),
            *("sql-backfill", "audit", "smoke", "doctor"),
        ],
        "Local cloud": ["up", "down", "demo"],
        "Account": ["cost", "deploy", "destroy"],
    }


def test_the_version_is_that_of_the_package(run: Run) -> None:
    result = run("--version")
    assert (result.exit_code, result.stdout) == (
        0,
        f"reinventure {metadata.version('reinventure')}\n",
    )


def test_the_version_of_a_checkout_without_metadata_is_that_of_pyproject_toml(
    monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    def missing(_: str) -> str:
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(metadata, "version", missing)
    project = Path(__file__).parents[3] / "pyproject.toml"
    [version] = re.findall('^version = "(.*)"$', project.read_text(), re.MULTILINE)
    assert run("--version").stdout == f"reinventure {version}\n"


def test_an_empty_folder_is_refused_before_anything_starts(run: Run, tmp_path: Path) -> None:
    assert_mistake(run("demo", "--files", str(tmp_path)), "holds no files")


# Signals and pipes


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


def test_an_ignored_hang_up_stays_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {each: signal.getsignal(each) for each in LEAVING}
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    monkeypatch.setattr(cli, "app", lambda: signal.raise_signal(signal.SIGHUP))
    try:
        cli.main()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@pytest.fixture
def closed_pipe() -> Iterator[int]:
    """The end to write to of a pipe that nothing reads."""
    read, write = os.pipe()
    os.close(read)
    yield write
    os.close(write)


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["ls", "--help"]])
def test_a_closed_pipe_is_quiet(closed_pipe: int, arguments: list[str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "reinventure", *arguments],
        stdout=closed_pipe,
        stderr=subprocess.PIPE,
        check=False,
        text=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stderr) == (141, "")


def test_a_closed_pipe_of_stderr_is_quiet(closed_pipe: int) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "reinventure", "no-such-command"],
        stdout=subprocess.PIPE,
        stderr=closed_pipe,
        check=False,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout) == (141, b"")


PRINTING = [
    ["ls"],
    ["ls", "--json"],
    ["du"],
    ["find"],
    ["stat", "key"],
    ["duplicates"],
    ["verify"],
    ["failed"],
    ["redrive", "--all"],
]
"""Commands that print something about a catalog with one row."""


def written_to(descriptor: int, buffering: int, arguments: list[str]) -> object:
    """Return the exit code of the command in this process, with `descriptor` as its stdout."""
    with pytest.MonkeyPatch.context() as patch, os.fdopen(descriptor, "w", buffering) as stdout:
        patch.setattr(sys, "stdout", stdout)
        with pytest.raises(SystemExit) as left:
            cli.app(arguments)
    return left.value.code


@pytest.fixture
def row(catalog: DeployedCatalog) -> None:
    """A row without an object, with content of which there is another copy."""
    found = InspectionResult("2026-11-23T12:00:01.000Z", "ab" * 32, "text/csv")
    add_row(catalog, "key", inspected=found)
    add_row(catalog, "copy", inspected=found)


@pytest.mark.parametrize("buffering", [1, 1 << 16])  # Each line is written at once, or the whole.
@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_a_closed_pipe_ends_every_command_quietly(
    row: None,
    closed_pipe: int,
    capsys: pytest.CaptureFixture[str],
    buffering: int,
    arguments: list[str],
) -> None:
    assert written_to(os.dup(closed_pipe), buffering, arguments) == 141
    assert "reinventure: " not in capsys.readouterr().err


full_disk = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")


@full_disk
@pytest.mark.parametrize("buffering", [1, 1 << 16])
@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_a_full_disk_is_one_line_and_exit_code_2_of_every_command(
    row: None, capsys: pytest.CaptureFixture[str], buffering: int, arguments: list[str]
) -> None:
    assert written_to(os.open("/dev/full", os.O_WRONLY), buffering, arguments) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1] == "reinventure: No space left on device"
    assert sum(line.startswith("reinventure: ") for line in lines) == 1
    assert "Traceback" not in lines


@full_disk
@pytest.mark.parametrize(
    ("redirection", "arguments", "stderr"),
    [
        (">/dev/full", "--help", "reinventure: No space left on device\n"),
        (">/dev/full", "find --help", "reinventure: No space left on device\n"),
        (">/dev/full 2>&1", "--help", ""),
        ("2>/dev/full", "no-such-command", ""),
        (">&-", "--version", "reinventure: stdout is closed: there is no place for the output\n"),
        (">&- 2>&-", "--version", ""),
    ],
)
def test_a_stream_that_takes_nothing_is_one_line_at_most(
    redirection: str, arguments: str, stderr: str
) -> None:
    ended = subprocess.run(
        ["/bin/sh", "-c", f'exec "{sys.executable}" -m reinventure {arguments} {redirection}'],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stderr, ended.stdout) == (2, stderr, "")
