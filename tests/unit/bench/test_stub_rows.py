"""The stub of AWS has the same keys in its listing and in its rows."""

import json
from functools import cache
from itertools import chain
from typing import Any

import pytest

from bench import stub_rows
from bench.deliveries import BUCKET
from bench.stub_rows import SHARDS, StubRows
from s3_catalog.aws_api.version_lister import _parse
from s3_catalog.model.object_key import partitions
from s3_catalog.table.item import from_item


@cache
def stub() -> StubRows:
    return StubRows(5000)


def query(condition: str = "", **values: str) -> list[dict[str, Any]]:
    """The items of a query of each partition, read page by page."""
    found = []
    for partition in partitions(BUCKET, SHARDS):
        given = {f":{name}": {"S": value} for name, value in {"pk": partition, **values}.items()}
        request: dict[str, Any] = {
            "KeyConditionExpression": f"pk = :pk{condition}",
            "ExpressionAttributeValues": given,
        }
        while True:
            page = json.loads(stub().query(request))
            assert page["ScannedCount"] == page["Count"] == len(page["Items"])
            found += page["Items"]
            if "LastEvaluatedKey" not in page:
                break
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
    return found


def listing(**parameters: str) -> list[dict[str, Any]]:
    """All versions, read page by page."""
    found = []
    while True:
        page = _parse(stub().versions(BUCKET, parameters).encode())
        found += page.get("Versions", [])
        if not page["IsTruncated"]:
            return found
        parameters["key-marker"] = page["NextKeyMarker"]


def test_each_object_has_its_row() -> None:
    rows = {row.key: (row.size, row.version_id, row.etag) for row in map(from_item, query())}
    stored = [(v["Key"], (v["Size"], v["VersionId"], v["ETag"].strip('"'))) for v in listing()]
    assert len(stored) == 5000
    assert [key for key, _ in stored] == sorted(rows)
    assert dict(stored) == rows


@pytest.mark.parametrize(
    ("condition", "values", "parameters"),
    [
        (" AND sk > :after", {"after": "2026/00/10/"}, {"key-marker": "2026/00/10/"}),
        (" AND begins_with(sk, :prefix)", {"prefix": "2026/00/1"}, {"prefix": "2026/00/1"}),
    ],
)
def test_both_have_the_same_part(
    condition: str, values: dict[str, str], parameters: dict[str, str]
) -> None:
    keys = sorted(item["sk"]["S"] for item in query(condition, **values))
    assert len(keys) == 2500
    assert [version["Key"] for version in listing(**parameters)] == keys


def test_a_page_has_at_most_what_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    first = next(iter(partitions(BUCKET, SHARDS)))
    request = {
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": first}},
    }
    sizes = [json.loads(stub().query({**request, "Limit": limit}))["Count"] for limit in (1, 50)]
    assert sizes == [1, 50]
    monkeypatch.setattr(stub_rows, "PAGE_BYTES", 10_000)
    found = stub().query(request)
    assert 9_000 < len(found) < 10_500
    assert "LastEvaluatedKey" in found
    versions = stub().versions(BUCKET, {"max-keys": "3"})
    assert len(list(chain(_parse(versions.encode())["Versions"]))) == 3


def test_a_condition_that_it_lacks_is_an_error() -> None:
    with pytest.raises(ValueError, match="size"):
        query(" AND size > :size", size="1")
