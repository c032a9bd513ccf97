"""Progress in a log: a line for each step."""

import re
import sys

import pytest

from reinventure.printable import printable
from reinventure.progress import Steps


def test_in_a_log_each_step_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with Steps() as steps:
        steps.begin("Reading [red]the catalog[/red]")
        assert list(steps.each(range(2500))) == list(range(2500))
        steps.begin("Comparing", parts=2)
        steps.advance()
    assert capsys.readouterr() == ("", "Reading [red]the catalog[/red] ...\nComparing ...\n")


HOSTILE = ["[/x]", "[/red]", "[red]", ":bomb:", "[@click=x]y[/]", "{task}", "\\", "long " * 50]
"""Markup and emoji codes of Rich, and what it would wrap."""

CONTROLS = ["\x1b[2J", "\n", "\r", "\x9b2J", "\u202e", "\u200b", "\U000e0041"]


@pytest.mark.parametrize("prefix", HOSTILE)
def test_in_a_log_a_step_is_shown_as_it_is(prefix: str, capsys: pytest.CaptureFixture[str]) -> None:
    with Steps() as steps:
        steps.begin(f"Reading '{prefix}'")
    assert capsys.readouterr() == ("", f"Reading '{prefix}' ...\n")


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize("control", CONTROLS)
def test_a_step_cannot_control_the_terminal(
    control: str, live: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if live:
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("TERM", "xterm")
    with Steps() as steps:
        steps.begin(f"Reading <{control}>")
        steps.advance()
    shown = capsys.readouterr().err
    assert f"Reading <{printable(control)}>" in shown
    assert f"<{control}>" not in shown


@pytest.mark.parametrize("prefix", HOSTILE[:-1])
def test_on_a_terminal_the_step_is_shown_as_it_is(
    prefix: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with Steps() as steps:
        steps.begin(f"Comparing s3://b/{prefix}", parts=2)
        steps.advance()
    shown = capsys.readouterr().err
    assert f"Comparing s3://b/{prefix}" in shown
    assert "1 of 2" in shown


def test_with_the_bar_on_a_terminal_the_result_stays_on_stdout(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    result = "a result, longer than a line of the terminal " * 10
    with Steps() as steps:
        steps.begin("Comparing")
        print(result)
    shown = capsys.readouterr()
    assert shown.out == f"{result}\n"
    assert "a result" not in shown.err


def test_on_a_terminal_a_long_line_comes_whole_above_the_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    line = "s3://bucket/" + "a key with spaces, longer than a line of the terminal " * 5 + "end"
    with Steps() as steps:
        steps.begin("Comparing the catalog with the bucket, whose name is long", parts=2)
        print(line)
        steps.advance()
    out, err = capsys.readouterr()
    assert out == ""
    assert line in err
    # The bar itself keeps to the width.
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", err).replace("\r", "\n")
    assert max(len(each) for each in shown.splitlines() if each != line) <= 40
