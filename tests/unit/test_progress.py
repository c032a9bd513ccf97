"""Progress in a log: a line for each step."""

import pytest

from reinventure.progress import Steps


def test_in_a_log_each_step_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with Steps() as steps:
        steps.begin("Reading [red]the catalog[/red]")
        assert list(steps.each(range(2500))) == list(range(2500))
        steps.begin("Comparing", parts=2)
        steps.advance()
    assert capsys.readouterr() == ("", "Reading [red]the catalog[/red] ...\nComparing ...\n")


def test_on_a_terminal_the_step_is_shown_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with Steps() as steps:
        steps.begin("Comparing s3://bucket/[/red]", parts=2)
        steps.advance()
    shown = capsys.readouterr().err
    assert "Comparing s3://bucket/[/red]" in shown
    assert "1 of 2" in shown
