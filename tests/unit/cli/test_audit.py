"""The command audit: who used the keys."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import Result

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.aws.key_use import KeyUse, Page
from reinventure.cli.audit import key_use_line

Run = Callable[..., Result]

USE = KeyUse(
    id="e1",
    time=datetime(2026, 11, 24, 9, 30, 12, tzinfo=UTC),
    keys=["DATA"],
    call="Decrypt",
    who="arn:aws:sts::123456789012:assumed-role/Catalog-IngestRole/ingest",
    via="dynamodb.amazonaws.com",
    purpose={"aws:dynamodb:tableName": "Catalog-Table"},
    error=None,
    source="dynamodb.amazonaws.com",
)
REFUSED = replace(
    USE,
    id="e2",
    who="arn:aws:sts::123456789012:assumed-role/Admin/eve",
    via=None,
    purpose={},
    error="AccessDenied: eve is not authorized",
    source="203.0.113.7",
)


@pytest.fixture
def since(catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The start of each lookup; each finds a use and a refused call."""
    starts: list[datetime] = []

    def key_uses(_client: object, keys: dict[str, str], start: datetime) -> Iterator[Page]:
        assert keys == {
            "DATA": catalog.outputs.data_key_arn,
            "QUEUE": catalog.outputs.queue_key_arn,
        }
        starts.append(start)
        yield Page(50, [USE])
        yield Page(7, [REFUSED])

    monkeypatch.setattr("reinventure.cli.audit.key_uses", key_uses)
    return starts


def test_each_use_is_a_line(since: list[datetime], run: Run) -> None:
    result = run("audit")
    assert result.exit_code == 0
    when = "2026-11-24 09:30:12Z DATA  Decrypt          "
    assert result.stdout.splitlines() == [
        f"{when} {USE.who} via dynamodb.amazonaws.com for aws:dynamodb:tableName=Catalog-Table",
        f"{when} {REFUSED.who} REFUSED AccessDenied: eve is not authorized",
    ]
    assert re.search(r"2 of 57 calls to KMS since \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ ", result.stderr)


def test_json_has_every_property(since: list[datetime], run: Run) -> None:
    lines = [json.loads(line) for line in run("audit", "--json").stdout.splitlines()]
    assert [line["id"] for line in lines] == ["e1", "e2"]
    assert lines[0] == {
        "id": "e1",
        "time": "2026-11-24T09:30:12+00:00",
        "keys": ["DATA"],
        "call": "Decrypt",
        "who": USE.who,
        "via": "dynamodb.amazonaws.com",
        "purpose": {"aws:dynamodb:tableName": "Catalog-Table"},
        "error": None,
        "source": "dynamodb.amazonaws.com",
    }


@pytest.mark.parametrize(
    ("options", "age"),
    [([], timedelta(hours=24)), (["--since", "90d"], timedelta(days=90))],
)
def test_it_starts_a_day_ago_or_where_it_should(
    since: list[datetime], run: Run, options: list[str], age: timedelta
) -> None:
    assert run("audit", *options).exit_code == 0
    [start] = since
    assert abs(datetime.now(UTC) - start - age) < timedelta(minutes=1)


def test_a_caller_cannot_control_the_terminal() -> None:
    for use in (
        replace(USE, error="\x1b[2J"),
        replace(USE, who="\x1b[2J"),
        replace(USE, purpose={"key": "\x1b[2J"}),
    ):
        assert "\\x1b[2J" in key_use_line(use)
        assert "\x1b" not in key_use_line(use)
