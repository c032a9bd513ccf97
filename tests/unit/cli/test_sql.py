"""The commands for the SQL mirror, without a database."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import Result

from reinventure.aws import deployed_catalog, deployed_mirror
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.aws.deployed_mirror import QueryResult
from reinventure.cli import sql
from reinventure.errors import UserError

Run = Callable[..., Result]

RESULT = QueryResult(["key", "n"], [["a\nb\x1b[2J ü", 1], [None, 2.5]])


@pytest.fixture
def results(monkeypatch: pytest.MonkeyPatch) -> list[QueryResult]:
    """The results of the mirror, one for each query; without one, the database is paused."""
    given: list[QueryResult] = []

    class Mirror:
        def query(self, sql: str, wait: Callable[[], None]) -> QueryResult:
            assert sql == "SELECT 1"
            while not given:
                wait()
            return given.pop()

    monkeypatch.setattr(deployed_mirror, "find", lambda *_: Mirror())
    return given


def test_in_a_pipe_the_result_is_lines_with_tabs(run: Run, results: list[QueryResult]) -> None:
    results.append(RESULT)
    result = run("sql", "SELECT 1")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "key\tn\na\\nb\\x1b[2J ü\t1\nNULL\t2.5\n"


def test_on_a_terminal_the_result_is_a_table_without_control_characters(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    sql._print_table(QueryResult(["[red]k\x1b[2J", "n"], [["[b]:bomb:\x1b[2J", 1], [None, 20]]))
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert [line.split() for line in lines if "─" not in line] == [
        ["[red]k\\x1b[2J", "n"],
        ["[b]:bomb:\\x1b[2J", "1"],
        ["NULL", "20"],
    ]


def test_json_has_a_line_for_each_row(run: Run, results: list[QueryResult]) -> None:
    results.append(RESULT)
    lines = run("sql", "--json", "SELECT 1").stdout.splitlines()
    assert [json.loads(line) for line in lines] == [
        {"key": "a\nb\x1b[2J ü", "n": 1},
        {"key": None, "n": 2.5},
    ]


EXACT = Decimal("9007199254740993.0")
"""More digits than a float has."""


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (EXACT, "9007199254740993.0"),
        (Decimal("-0.0000001"), "-0.0000001"),
        (Decimal("1.50"), "1.50"),
        (Decimal(f"{'9' * 64}.9"), f"{'9' * 64}.9"),
        (2**63, "9223372036854775808"),
    ],
)
def test_a_decimal_is_printed_exactly(
    run: Run, results: list[QueryResult], number: Decimal, shown: str
) -> None:
    results.append(QueryResult(["n", "text"], [[number, "a"]]))
    assert run("sql", "SELECT 1").stdout == f"n\ttext\n{shown}\ta\n"
    results.append(QueryResult(["n", "text"], [[number, "a"]]))
    line = run("sql", "--json", "SELECT 1").stdout
    assert line == f'{{"n": {shown}, "text": "a"}}\n'
    assert json.loads(line, parse_float=Decimal) == {"n": number, "text": "a"}


def test_on_a_terminal_decimals_are_aligned_as_numbers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    sql._print_table(QueryResult(["n"], [[EXACT], [Decimal("1.5")]]))
    assert f"\n{' ' * 17}1.5" in capsys.readouterr().out


def test_json_of_two_columns_with_one_name_is_a_mistake(
    run: Run, results: list[QueryResult]
) -> None:
    results.append(QueryResult(["n", "n"], [[1, 2]]))
    result = run("sql", "--json", "SELECT 1")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == ("reinventure: two columns have the name 'n': rename one with AS\n")


def test_a_paused_database_has_two_minutes_to_resume(
    run: Run, results: list[QueryResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr(sql, "time", SimpleNamespace(monotonic=lambda: now, sleep=sleep))
    result = run("sql", "SELECT 1")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [
        "The database is paused. It takes some 15 seconds to resume ...",
        "reinventure: the database did not resume within 120 seconds",
    ]
    assert 220 <= now <= 221


def test_a_backfill_prints_the_number_of_rows(
    catalog: DeployedCatalog, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = object()
    monkeypatch.setattr(deployed_mirror, "find", lambda *_: mirror)

    def backfill(catalog: DeployedCatalog, found: object, prefix: str) -> Iterator[int]:
        assert (found, prefix) == (mirror, "a/")
        yield from (100, 100, 7)

    monkeypatch.setattr(sql, "backfill", backfill)
    result = run("sql-backfill", "a/")
    assert (result.exit_code, result.stdout) == (0, "Mirrored 207 rows.\n")


def test_a_backfill_is_of_all_buckets_or_of_one(
    catalog: DeployedCatalog, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the catalog has no bucket of its own."""
    outputs = replace(
        catalog.outputs, bucket_name=None, attached_buckets="logs-prod,photos-prod/a/"
    )
    many = replace(catalog, outputs=outputs)
    monkeypatch.setattr(deployed_catalog, "find", lambda *_: many)
    monkeypatch.setattr(deployed_mirror, "find", lambda *_: None)
    mirrored: list[tuple[str, str]] = []

    def backfill(catalog: DeployedCatalog, _: object, prefix: str) -> Iterator[int]:
        mirrored.append((catalog.bucket, prefix))
        yield from (100, 1)

    monkeypatch.setattr(sql, "backfill", backfill)
    assert run("sql-backfill").stdout == "Mirrored 202 rows.\n"
    assert mirrored == [("logs-prod", ""), ("photos-prod", "")]
    mirrored.clear()
    assert run("sql-backfill", "s3://photos-prod/a/b").stdout == "Mirrored 101 rows.\n"
    assert mirrored == [("photos-prod", "a/b")]
    for place, reason in (
        ("a/", "the catalog has several buckets, name one of them: s3://logs-prod/, s3://photos-"),
        (
            "s3://others/",
            "s3://others is not in the catalog, which has s3://logs-prod/, s3://photos",
        ),
    ):
        result = run("sql-backfill", place)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith(f"reinventure: {reason}")
        assert result.stderr.count("\n") == 1
    assert mirrored == [("photos-prod", "a/b")]


def test_a_failed_backfill_is_one_line(
    catalog: DeployedCatalog, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deployed_mirror, "find", lambda *_: None)

    def backfill(*_: Any) -> Iterator[int]:
        yield 100
        raise UserError("the function failed")

    monkeypatch.setattr(sql, "backfill", backfill)
    result = run("sql-backfill")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.endswith("reinventure: the function failed\n")
