"""`reinventure cost`: its lines, its JSON, and what it refuses."""

import json
from collections.abc import Callable

import boto3
import pytest
from typer.testing import Result

from reinventure import values

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise AssertionError("the command asks AWS nothing")

    monkeypatch.setattr(boto3, "Session", refuse)


def test_what_is_cheaper_comes_first(run: Run) -> None:
    shown = run("cost", "--overwrites", "0%")
    assert shown.exit_code == 0
    first, journal, *_ = shown.stdout.splitlines()
    assert first == "Cheaper, where it is enough (the last table has what each gives):"
    # 0.30 for a million records, and half a GB of tables, kept and compacted.
    assert journal == "  S3 Metadata, journal         $0.32 a month, 23 times less"


def test_an_idle_catalog_has_keys_alarms_and_storage(run: Run) -> None:
    shown = run("cost", "--changes", "0", "--objects", "10M")
    assert shown.exit_code == 0
    lines = shown.stdout.splitlines()
    assert "0 changes a month (trickle, 20% overwrites), 10,000,000 objects" in lines
    assert "a million       $0.00, by changes alone" in lines
    # Keys, alarms, 4.1 GB twice.
    idle = "idle            $4.85 a month, without any change; $3.00 for an empty catalog"
    assert idle in lines


def test_a_price_that_is_not_confirmed_is_marked(run: Run) -> None:
    shown = run("cost", "--with", "sql,kinesis").stdout
    assert "stream-hour ?" in shown
    assert "Not confirmed on a page of AWS: Aurora, DynamoDB, Kinesis (marked with ?)" in shown
    assert "Not confirmed" not in run("cost").stdout


def test_json_has_every_line_with_its_source_and_adds_up(run: Run) -> None:
    shown = run("cost", "--rate", "burst", "--with", "attached", "--json")
    objects = [json.loads(line) for line in shown.stdout.splitlines()]
    used = [each for each in objects if each["type"] == "usage"]
    [total] = [each for each in objects if each["type"] == "total"]
    assert total["month"] == pytest.approx(sum(each["month"] for each in used))
    idle = sum(each["month"] for each in used if each["million_changes"] is None)
    assert total["idle"] == pytest.approx(idle)
    assert all(each["page"].startswith("https://aws.amazon.com/") for each in used)
    names = [each["name"] for each in objects if each["type"] == "alternative"]
    assert names == ["S3 Metadata, journal", "S3 Metadata, live inventory", "S3 Inventory, daily"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--with", "sqs,sns"), "--with: choose one of sns, sqs: a bucket has one transport"),
        (("--with", "sqll"), "--with: unknown option 'sqll': use sqs, sns, eventbridge, "),
        (("--changes", "some"), "--changes: invalid number 'some': use a whole number, such as "),
        (("--overwrites", "120%"), "--overwrites: invalid percentage '120%': use 0% to 100%"),
        (("--rate", "fast"), "--rate: invalid rate 'fast': use trickle, steady, burst"),
    ],
)
def test_mistakes_are_one_line(run: Run, arguments: tuple[str, ...], message: str) -> None:
    shown = run("cost", *arguments)
    assert shown.exit_code == 2
    [line] = shown.stderr.splitlines()
    assert line.startswith(f"reinventure: {message}")


@pytest.mark.parametrize(
    ("text", "number"),
    [("500", 500), ("20k", 20_000), ("1M", 10**6), ("2.5B", 2_500_000_000), ("0", 0)],
)
def test_counts(text: str, number: int) -> None:
    assert values.count(text) == number


@pytest.mark.parametrize("text", ["", "-1", "1.5", "1T", "1e6", "0.0001k"])
def test_what_is_no_count(text: str) -> None:
    with pytest.raises(ValueError, match="invalid number"):
        values.count(text)


@pytest.mark.parametrize(("text", "share"), [("20%", 0.2), ("0", 0), ("12.5%", 0.125)])
def test_percentages(text: str, share: float) -> None:
    assert values.percent(text) == share
