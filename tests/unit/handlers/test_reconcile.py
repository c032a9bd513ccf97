"""`reconcile.plan`: the ranges of an execution, of all buckets or of part of one."""

import importlib
from types import ModuleType
from typing import Any

import pytest

from s3_catalog.reconciliation.repair import Checkpoint
from tests.doubles import Context


class Folders:
    """S3 with the folders `in/1/` and `in/2/` in each bucket."""

    def list_objects_v2(self, **request: Any) -> Any:
        found = ["in/1/", "in/2/"] if request["Prefix"] == "in/" else []
        return {"CommonPrefixes": [{"Prefix": folder} for folder in found]}


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for name, value in {
        "TABLE_NAME": "table",
        "SHARDS": "4",
        "BUCKET_NAME": "own-bucket",
        "ATTACHED_BUCKETS": "part/in/,part/other/,whole",
    }.items():
        monkeypatch.setenv(name, value)
    module = importlib.import_module("handlers.reconcile")
    monkeypatch.setattr(module.clients, "s3", Folders)
    return module


def ranges(function: ModuleType, event: dict[str, object]) -> list[tuple[object, ...]]:
    names = ("bucket", "prefix", "after", "until")
    return [tuple(each[name] for name in names) for each in function.plan(event, None)["ranges"]]


# As EventBridge's schedule sends it.
SCHEDULED = {
    "version": "0",
    "id": "89d1a02d-5ec7-412e-82f5-13505f849b41",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "123456789012",
    "time": "2026-11-26T03:17:00Z",
    "region": "us-east-1",
    "resources": ["arn:aws:events:us-east-1:123456789012:rule/nightly"],
    "detail": {},
}

PART = [
    ("part", "in/", "", "in/1/"),
    ("part", "in/", "in/1/", "in/2/"),
    ("part", "in/", "in/2/", None),
    ("part", "other/", "", None),
]


@pytest.mark.parametrize("event", [{}, SCHEDULED], ids=["by hand", "nightly"])
def test_an_execution_without_a_part_compares_every_bucket(
    function: ModuleType, event: dict[str, object]
) -> None:
    assert ranges(function, event) == [
        ("own-bucket", "", "", None),
        *PART,
        ("whole", "", "", None),
    ]


@pytest.mark.parametrize(
    ("prefix", "after", "expected"),
    [
        ("", "", PART),
        ("in/", "", PART[:3]),
        ("in/1/x", "", [("part", "in/1/x", "", None)]),
        ("out/", "", []),
        (
            "",
            "in/1/k",
            [
                ("part", "in/", "in/1/k", "in/2/"),
                ("part", "in/", "in/2/", None),
                ("part", "other/", "in/1/k", None),
            ],
        ),
    ],
)
def test_an_execution_for_a_part_compares_its_keys_in_the_scope(
    function: ModuleType, prefix: str, after: str, expected: list[tuple[object, ...]]
) -> None:
    part: dict[str, object] = {"bucket": "part", "prefix": prefix, "after": after}
    assert ranges(function, part) == expected


def test_an_execution_for_a_bucket_that_is_not_in_the_scope_fails(function: ModuleType) -> None:
    with pytest.raises(ValueError, match="left is not in the scope of the catalog"):
        function.plan({"bucket": "left", "prefix": "", "after": ""}, None)


@pytest.mark.parametrize(("bucket", "prefix"), [("left", ""), ("part", ""), ("part", "out/")])
def test_a_range_that_left_the_scope_since_its_plan_is_done(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch, bucket: str, prefix: str
) -> None:
    monkeypatch.setattr(function.clients, "dynamodb", lambda: None)
    monkeypatch.setattr(function, "reconcile", lambda *_, **__: pytest.fail("compared"))
    range_ = {"bucket": bucket, "prefix": prefix, "after": "a", "until": None}
    progress = function.work(range_, Context())
    assert progress == {**range_, "done": True, "repaired": 0}


def test_a_range_below_a_prefix_of_the_scope_is_compared(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(function.clients, "dynamodb", lambda: None)
    monkeypatch.setattr(function, "reconcile", lambda *_, **__: [Checkpoint("b", 4, 3)])
    range_ = {"bucket": "part", "prefix": "in/1/x", "after": "a", "until": None}
    assert function.work(range_, Context())["repaired"] == 3
