"""The commands about the content of objects: inspect and duplicates."""

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

import pytest
from typer.testing import Result

from reinventure.aws import deployed_stack
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.cli.duplicate_contents import Copies
from reinventure.cli.inspection import copies_json, copies_lines
from reinventure.contract import WORKERS, InspectionOutputs
from s3_catalog.model.inspection_result import InspectionResult
from tests.unit.cli.content import add_row

Run = Callable[..., Result]

AT = "2026-11-23T12:00:01.000Z"
MIB = 2**20


@pytest.fixture
def queues(
    catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch
) -> Iterator[InspectionOutputs]:
    """The stack Workers, with its queues on moto."""
    sqs = catalog.session.client("sqs")
    small, large = (
        sqs.create_queue(QueueName=f"{name}-{catalog.bucket}")["QueueUrl"]
        for name in ("small", "large")
    )
    outputs = InspectionOutputs(
        inspection_failure_queue_url="failures",
        examine_queue_url=small,
        worker_queue_url=large,
        inspect_max_mib=64,
        worker_task_arn="task",
    )
    find_catalog = deployed_stack.find

    def find(client: Any, stack: str, kind: Any) -> Any:
        if kind is not InspectionOutputs:
            return find_catalog(client, stack, kind)
        assert stack == WORKERS
        return outputs

    monkeypatch.setattr(deployed_stack, "find", find)
    yield outputs
    for url in (small, large):
        sqs.delete_queue(QueueUrl=url)


def requested(catalog: DeployedCatalog, queue: str) -> list[dict[str, str]]:
    """The inspection requests in a queue."""
    received = catalog.session.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in received.get("Messages", [])]


def test_inspect_requests_the_inspection_of_objects_without_a_result(
    catalog: DeployedCatalog, run: Run, queues: InspectionOutputs
) -> None:
    add_row(catalog, "a/small", size=64 * MIB)
    add_row(catalog, "a/large", size=64 * MIB + 1)
    add_row(catalog, "a/known", inspected=InspectionResult(AT, "00" * 32))
    add_row(catalog, "a/failed", inspected=InspectionResult(AT, error="out of time"))
    add_row(catalog, "a/gone", size=None, etag=None, expires_at=1)
    add_row(catalog, "b")
    result = run("inspect", "a/")
    assert result.exit_code == 0
    assert result.stdout == "Read 5 rows, and requested the inspection of 2 objects.\n"
    assert requested(catalog, queues.examine_queue_url) == [
        {"bucket": catalog.bucket, "key": "a/small"}
    ]
    assert requested(catalog, queues.worker_queue_url) == [
        {"bucket": catalog.bucket, "key": "a/large"}
    ]


def add_content(catalog: DeployedCatalog, key: str, content: bytes) -> None:
    found = InspectionResult(AT, sha256(content).hexdigest())
    add_row(catalog, key, size=len(content), inspected=found)


def test_duplicates_lists_equal_contents_under_the_prefix(
    catalog: DeployedCatalog, run: Run
) -> None:
    for key, content in {
        "a/1": b"12345",
        "a/2\n": b"12345",
        "a/3": b"54321",
        "a/4": b"x" * 1000,
        "a/5": b"x" * 1000,
        "a/empty": b"",
        "a/empty too": b"",
        "b/1": b"54321",
    }.items():
        add_content(catalog, key, content)
    add_row(catalog, "a/not inspected")
    result = run("duplicates", "a/")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert [line.strip() for line in lines if line.startswith("    ")][-4:] == [
        "a/4",
        "a/5",
        "a/1",
        "a/2\\n",
    ]
    assert result.stderr.splitlines()[-1] == (
        "Read 8 rows: 2 contents exist more than once and waste 1,005 bytes. "
        "1 objects have not been inspected."
    )
    found = [json.loads(line) for line in run("duplicates", "a/", "--json").stdout.splitlines()]
    assert [(each["wasted"], each["keys"]) for each in found] == [
        (1000, ["a/4", "a/5"]),
        (5, ["a/1", "a/2\n"]),
    ]


def test_a_person_sees_a_few_keys_of_equal_content_and_a_program_all() -> None:
    keys = [f"k\n{n:02}" for n in range(12)]
    copies = Copies("ab" * 32, 1000, 12, lambda: iter(keys))
    lines = copies_lines(copies).splitlines()
    assert lines[0].split() == ["11.0", "kB", "wasted:", *f"12 x 1,000 bytes, {'ab' * 32}".split()]
    assert lines[1:11] == [f"    k\\n{n:02}" for n in range(10)]
    assert lines[11:] == ["    and 2 more (--json lists all)"]
    assert json.loads(copies_json(copies)) == {
        "sha256": "ab" * 32,
        "size": 1000,
        "count": 12,
        "wasted": 11000,
        "keys": keys,
    }
