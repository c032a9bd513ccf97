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
