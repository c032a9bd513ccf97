"""What a cold start and a first event import and execute: counted, for time varies.

Modules are those that Python had not loaded by itself. Calls are those of Python functions,
which Python's profiler counts; most of them are of the import system.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache

import pytest

from tests.assembly import ROOT
from tests.stream_records import LIVE, record
from tests.unit.aws_api.faulty_server import faulty_server

PROGRAM = """
import importlib, json, sys
calls = 0
def count(_frame, event, _argument):
    global calls
    calls += event == "call"
def report(do):
    global calls
    calls = 0
    before = set(sys.modules)
    sys.setprofile(count)
    done = do()
    sys.setprofile(None)
    return done, {"calls": calls, "new": sorted(set(sys.modules) - before)}
name, event = sys.argv[1], json.loads(sys.argv[2])
module, start = report(lambda: importlib.import_module(name))
_, first = report(lambda: module.handler(event, None)) if event else (None, None)
print(json.dumps([start, first]))
"""

VARIABLES = {
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "s",
    "AWS_SESSION_TOKEN": "t",
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_LAMBDA_FUNCTION_NAME": "function",
    "BUCKET_NAME": "photos-example",
    "FAILURE_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/failures",
    "MOST_MIB": "64",
    "SHARDS": "4",
    "TABLE_NAME": "catalog",
    "TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:changes.fifo",
    "TOTALS_DEPTH": "3",
    "TOTALS_TABLE_NAME": "totals",
    "WHOLE_BATCHES": "false",
    # Without it, sets have another order in each process, and some calls differ.
    "PYTHONHASHSEED": "0",
    "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "lambdas"))),
}

EVENTS: dict[str, object] = {
    "ingest": json.loads((ROOT / "tests" / "s3_events" / "put.json").read_text()),
    "totals": {"Records": [record(1, None, LIVE)], "shardId": "shardId-0", "state": {}},
}


@dataclass(frozen=True)
class Phase:
    """What was executed and loaded: the number of calls, and the new modules."""

    calls: int
    new: list[str]

    def of(self, *packages: str) -> set[str]:
        return {name for name in self.new if name.split(".")[0] in packages}


@dataclass(frozen=True)
class Process:
    """The start of a function, its first event, and the connections and requests that it made."""

    start: Phase
    first: Phase | None
    connections: int
    requests: int


@cache
def process(function: str) -> Process:
    """A fresh process of `function`, with its first event if `EVENTS` has one."""
    with faulty_server() as server:
        done = subprocess.run(
            [
                *(sys.executable, "-c", PROGRAM),
                *(f"handlers.{function}", json.dumps(EVENTS.get(function))),
            ],
            env={**VARIABLES, "PATH": os.environ["PATH"], "AWS_ENDPOINT_URL": server.url},
            capture_output=True,
            text=True,
            check=True,
        )
        start, first = (Phase(**phase) if phase else None for phase in json.loads(done.stdout))
        assert start
        return Process(start, first, server.connections, len(server.requests))


@pytest.mark.parametrize(
    ("function", "modules", "calls"),
    [
        # Mostly Python's own: HTTP, TLS and logging.
        ("ingest", 135, 40_000),
        ("totals", 135, 40_000),
        # With a client of botocore's.
        ("publish", 315, 145_000),
        ("inspect", 340, 175_000),
    ],
)
def test_a_cold_start_stays_within_its_budget(function: str, modules: int, calls: int) -> None:
    start = process(function).start
    assert 50 < len(start.new) <= modules
    assert 10_000 < start.calls <= calls
    assert start.of("boto3", "s3transfer", "aws_cdk") == set()


@pytest.mark.parametrize("function", ["ingest", "totals"])
def test_a_function_with_our_client_imports_the_errors_of_botocore_only(function: str) -> None:
    found = {name for name in process(function).start.of("botocore") if ".vendored" not in name}
    assert found == {"botocore", "botocore.exceptions"}


@pytest.mark.parametrize(("function", "calls"), [("ingest", 300), ("totals", 450)])
def test_the_first_event_finds_everything_ready(function: str, calls: int) -> None:
    found = process(function)
    assert found.first
    assert found.first.new == []
    assert 100 < found.first.calls <= calls
    # The one that was made during the initialization.
    assert found.connections == 1
    assert found.requests > 0
