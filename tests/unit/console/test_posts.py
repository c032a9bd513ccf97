"""Forms: what asks first, what --read-only refuses, and what is too long."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from reinventure.console.command_run import CommandRun, Run
from reinventure.console.posts import MAX_FORM_BYTES
from reinventure.console.served import Served
from tests.unit.console.asgi_browser import Browser
from tests.unit.console.conftest import opened


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The commands that are started; none runs."""
    commands: list[tuple[str, ...]] = []

    def start(self: CommandRun, *arguments: str) -> bool:
        commands.append(arguments)
        return True

    monkeypatch.setattr(CommandRun, "start", start)
    return commands


CHANGES = [
    ("/differences/repair", {}, ("repair",)),
    ("/failures/redrive", {}, ("redrive", "--all", "--yes")),
    ("/failures/redrive", {"id": "5f0c"}, ("redrive", "5f0c", "--yes")),
    # No other option of the command can be named.
    ("/failures/redrive", {"id": "--trust=anyone"}, ("redrive", "--all", "--yes")),
]


@pytest.mark.parametrize(("path", "form", "command"), CHANGES)
def test_on_the_local_cloud_a_change_is_made_at_once(
    browser: Browser,
    started: list[tuple[str, ...]],
    path: str,
    form: dict[str, str],
    command: tuple[str, ...],
) -> None:
    reply = browser.post(path, form)
    assert (reply.status, reply.headers["location"]) == (303, "/command")
    assert started == [command]


@pytest.mark.parametrize(("path", "form", "command"), CHANGES)
def test_against_an_account_every_change_asks(
    here: Served,
    started: list[tuple[str, ...]],
    path: str,
    form: dict[str, str],
    command: tuple[str, ...],
) -> None:
    browser = opened(replace(here, local=False))
    asked = browser.post(path, form)
    assert asked.status == 200
    assert not started
    assert "Changes account <b>123456789012</b> in region us-east-1:" in asked.text
    done = " ".join(("reinventure", *command)).removesuffix(" --yes")
    assert f"<code>{done}</code>" in asked.text
    assert f'action="{path}"' in asked.text
    assert '<input type="hidden" name="confirmed" value="yes">' in asked.text
    browser.post(path, {**form, "confirmed": "yes"})
    assert started == [command]


@pytest.mark.parametrize(("path", "form", "command"), CHANGES)
def test_read_only_refuses_it_even_if_it_is_confirmed(
    here: Served,
    started: list[tuple[str, ...]],
    path: str,
    form: dict[str, str],
    command: tuple[str, ...],
) -> None:
    for local in (True, False):
        browser = opened(replace(here, local=local, read_only=True))
        assert browser.post(path, {**form, "confirmed": "yes"}).status == 403
    assert not started


def test_a_comparison_is_no_change(here: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bool] = []
    monkeypatch.setattr(here.comparison, "start", lambda: compared.append(True))
    for local, read_only in ((True, False), (False, False), (False, True)):
        browser = opened(replace(here, local=local, read_only=read_only))
        assert browser.post("/differences/verify").status == 303
    assert len(compared) == 3


def test_an_account_has_a_bar_with_its_name(here: Served, browser: Browser) -> None:
    bar = "AWS account 123456789012"
    assert bar not in browser.get("/").text
    text = opened(replace(here, local=False)).get("/").text
    assert bar in text
    assert "Every change asks first." in text
    text = opened(replace(here, local=False, read_only=True)).get("/").text
    assert "Nothing can be changed from here." in text


def test_what_a_question_sends_again_is_text(here: Served) -> None:
    hostile = '"><script>alert(1)</script>'
    asked = opened(replace(here, local=False)).post("/failures/redrive", {"id": hostile})
    assert "<script>alert" not in asked.text


def test_a_form_that_is_too_long_or_not_utf_8_is_refused(browser: Browser) -> None:
    assert browser.post("/differences/verify", {"x": "y" * MAX_FORM_BYTES}).status == 413
    assert browser.post("/failures/redrive", b"id=%FF").status == 400


@pytest.fixture
def waiting() -> Callable[[CommandRun], Run]:
    """A function that waits for the end of a command."""

    def wait(command: CommandRun) -> Run:
        command.join()
        return command.shown()

    return wait


def test_a_command_runs_and_its_lines_come_as_they_are_printed(
    waiting: Callable[[CommandRun], Run],
) -> None:
    seen: list[Run] = []
    command = CommandRun([], seen.append)
    assert command.start("--version")
    run = waiting(command)
    assert run.status == 0
    assert len(run.lines) == 1
    assert run.lines[0].startswith("reinventure ")
    assert [each.status for each in seen] == [None, None, 0]


def test_a_command_that_fails_has_its_reason_and_its_exit_code(
    waiting: Callable[[CommandRun], Run],
) -> None:
    command = CommandRun(["--no-such-option"], lambda _: None)
    command.start("ls")
    run = waiting(command)
    assert run.status == 2
    assert "--no-such-option" in run.lines[0]


def test_one_command_runs_at_a_time(waiting: Callable[[CommandRun], Run]) -> None:
    command = CommandRun([], lambda _: None)
    assert command.start("--version")
    assert not command.start("--version")
    command.stop()
    assert waiting(command).status is not None
    assert command.start("--version")
    assert waiting(command).status == 0
