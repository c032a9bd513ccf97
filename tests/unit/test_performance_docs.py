"""docs/performance.md and its picture have the figures of bench/results.json."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench import picture, report, results

PAGE = report.PAGE.read_text(encoding="utf-8")
FOUND = results.read()

REASONS = PAGE.split("\n## Missed goals\n")[1].split("\n## ")[0]


def test_the_table_is_that_of_the_results() -> None:
    assert report.section(FOUND) in PAGE


def test_the_picture_is_that_of_the_results() -> None:
    drawn = report.PICTURE.read_text(encoding="utf-8")
    assert drawn == picture.draw(FOUND.rows)
    texts = {each.text for each in ElementTree.fromstring(drawn).iter() if each.text}  # noqa: S314
    beside_peers = [row for row in FOUND.rows if row.goal and row.goal.unit == "x"]
    assert len(beside_peers) > 10
    assert {row.what.replace("`", "") for row in beside_peers} <= texts


def test_the_picture_is_for_light_and_dark() -> None:
    assert "prefers-color-scheme: dark" in report.PICTURE.read_text(encoding="utf-8")


def test_each_missed_goal_has_its_reason() -> None:
    missed = {row.what for row in FOUND.rows if row.met is False}
    assert set(re.findall(r"^- \*\*(.+?)\*\*: ", REASONS, re.MULTILINE)) == missed


def test_the_file_has_what_the_rows_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Somebody may read the file and not the page.
    document = results.FILE.read_text()
    monkeypatch.setattr(results, "FILE", tmp_path / "results.json")
    results.write(FOUND)
    assert results.FILE.read_text() == document
