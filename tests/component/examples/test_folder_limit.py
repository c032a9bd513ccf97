"""The function of examples/folder_limit sends the total of its folder, as the catalog counts it."""

from typing import Any

import boto3
import pytest

from s3_catalog.model.change import Change
from s3_catalog.model.row import Row
from s3_catalog.table.stream_record import SEQUENCE_DIGITS
from s3_catalog.totals.totals_table import TotalsTable
from tests.component.examples.messages import example
from tests.empty_table import new_table

BUCKET = "photos-example"
SHARDS = 3
SIZES = {"a/b/1": 1, "a/b/2": 20, "a/3": 300, "4": 4000}
TOTALS = {"": 4321, "a/": 321, "a/b/": 21, "none/": 0}
MISTAKES = {
    "another level": ("FOLDER.count('/')", "1"),
    "one counter shard": ("in range(SHARDS)", "in range(1)"),
    "a folder has no item yet": (" if item else 0", ""),
}


@pytest.fixture(scope="module")
def table(aws: None) -> str:
    """The name of a table of totals, whose changes came from many shards of the stream."""
    client = boto3.client("dynamodb")
    totals = TotalsTable(client, new_table(client), SHARDS, depth=2)
    sequence = "1".zfill(SEQUENCE_DIGITS)
    for shard, (key, size) in enumerate(SIZES.items()):
        row = Row(BUCKET, key, "1", "2026", "ObjectCreated:Put", None, size, "e", None)
        change = Change("1", sequence, 1_795_428_930, BUCKET, key, None, row)
        totals.apply(f"shard-{shard}", [change])
    return totals.table


def sent(
    patch: pytest.MonkeyPatch, table: str, folder: str, mistake: tuple[str, str] | None = None
) -> float:
    """The size of `folder` that the function sends."""
    values = {"TABLE": table, "BUCKET": BUCKET, "FOLDER": folder, "DEPTH": "2", "SHARDS": "3"}
    for name, value in values.items():
        patch.setenv(name, value)
    module = example("folder_limit/folder_limit.py", mistake)
    found: dict[str, Any] = {}
    patch.setattr(module.cloudwatch, "put_metric_data", lambda **data: found.update(data))
    module.handler({}, None)
    assert found["Namespace"] == "Folders"
    [data] = found["MetricData"]
    assert data["Dimensions"] == [{"Name": "Folder", "Value": f"s3://{BUCKET}/{folder}"}]
    size: float = data["Value"]
    return size


def check(patch: pytest.MonkeyPatch, table: str, mistake: tuple[str, str] | None = None) -> None:
    assert {folder: sent(patch, table, folder, mistake) for folder in TOTALS} == TOTALS


def test_it_sends_the_total_of_its_folder(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    check(monkeypatch, table)


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_found(
    table: str, monkeypatch: pytest.MonkeyPatch, mistake: tuple[str, str]
) -> None:
    with pytest.raises((AssertionError, TypeError)):
        check(monkeypatch, table, mistake)


@pytest.mark.parametrize("folder", ["a/b/c/", "a"])
def test_a_folder_without_a_total_is_an_error(
    table: str, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    with pytest.raises(ValueError, match=f"^'{folder}' has no total: use up to 2 names, each"):
        sent(monkeypatch, table, folder)
