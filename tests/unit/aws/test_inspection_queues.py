"""Inspection requests: one for each object, in the queue of its size."""

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reinventure.aws.inspection_queues import InspectionQueues
from reinventure.contract import InspectionOutputs
from reinventure.errors import UserError
from s3_catalog.feed.message import read
from s3_catalog.model.row import Row
from s3_catalog.model.scope import Entry, Scope

ROW = Row("b", "k", "0A", "2026-11-23T12:00:00.005Z", "n", "v", 7, "e", None)
MIB = 2**20
OUTPUTS = InspectionOutputs(
    inspection_failure_queue_url="failures",
    examine_queue_url="small",
    worker_queue_url="large",
    inspect_max_mib=64,
    worker_task_arn="task",
)


class Queues:
    def __init__(self) -> None:
        self.sent: dict[str, list[str]] = {"small": [], "large": []}

    def send_message_batch(self, **request: Any) -> Any:
        entries = request["Entries"]
        assert 1 <= len(entries) <= 10
        assert len({entry["Id"] for entry in entries}) == len(entries)
        self.sent[request["QueueUrl"]] += [entry["MessageBody"] for entry in entries]
        return {"Successful": [{"Id": entry["Id"]} for entry in entries]}


@given(st.lists(st.sampled_from([0, 64 * MIB - 1, 64 * MIB, 64 * MIB + 1, 10**12]), max_size=60))
def test_each_object_is_requested_once_in_the_queue_of_its_size(sizes: list[int]) -> None:
    queues: Any = Queues()
    rows = [replace(ROW, key=f"ü\n{n}", size=size) for n, size in enumerate(sizes)]
    assert InspectionQueues(queues, OUTPUTS).request(rows) == len(rows)
    for queue, wanted in (
        ("small", [row.key for row in rows if (row.size or 0) <= 64 * MIB]),
        ("large", [row.key for row in rows if (row.size or 0) > 64 * MIB]),
    ):
        # As the function and the worker read them.
        assert [read(body, Scope((Entry("b"),)))["key"] for body in queues.sent[queue]] == wanted


def test_the_longest_keys_fit_in_a_request() -> None:
    queues: Any = Queues()
    rows = [replace(ROW, key="\x01" * 1024) for _ in range(10)]
    InspectionQueues(queues, OUTPUTS).request(rows)
    assert sum(map(len, queues.sent["small"])) < 256 * 1024
    assert json.loads(queues.sent["small"][0])["key"] == "\x01" * 1024


def test_a_refused_message_raises() -> None:
    refused = {"Failed": [{"Id": "0", "Code": "KMS.AccessDenied", "Message": "no"}]}
    sqs: Any = SimpleNamespace(send_message_batch=lambda **_: refused)
    with pytest.raises(UserError, match=r"refused a message: KMS.AccessDenied no\. Run"):
        InspectionQueues(sqs, OUTPUTS).request([ROW])
