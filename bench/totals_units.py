"""Write units of the totals at one change a second: counted from the requests of `totals`.

The stream has four shards. Lambda collects the changes of a shard, and invokes the function, as the
event source mapping of the synthesised template says. Every key is in the same folder, three deep.
"""

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench import emulated_tables
from bench.deliveries import BUCKET
from bench.emulated_tables import EmulatedTables
from bench.processes import ROOT, TOOLS
from bench.row import Goal, Row, Spread
from s3_catalog.model.object_key import partition
from s3_catalog.model.row import Row as CatalogRow
from s3_catalog.table.item import to_item

GROUP = "totals"

SHARDS = 4
SECONDS = 1800
"""Two of the longest tumbling windows."""

LEVELS = ("", "logs/", "logs/2026/", "logs/2026/11/")

_UNIT = "units"


def rows(rounds: int) -> Iterator[Row]:
    """Count the units of a change; once, for counts do not vary."""
    del rounds
    mapping, variables = _deployed()
    with emulated_tables.running() as tables:
        ours, window = _ours(tables, mapping, variables), mapping["MaximumBatchingWindowInSeconds"]
        theirs = _naive(tables)
        yield Row(
            GROUP,
            "write units of totals, one change a second, four shards",
            _UNIT,
            Spread(ours, ours, ours),
            "a counter of each level, one update each",
            Spread(theirs, theirs, theirs),
            Spread(*(ours / theirs,) * 3),
            Goal(0.6, _UNIT),
            f"batching window of {window} s",
        )


def _deployed() -> tuple[dict[str, Any], dict[str, str]]:
    """Return the mapping from the stream to `totals`, and the variables of the function.

    References to other resources are left out of the variables.
    """
    with TemporaryDirectory() as folder:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}",
            "CDK_OUTDIR": folder,
            "CDK_VALIDATION": "false",
            "CDK_CONTEXT_JSON": json.dumps(json.loads((ROOT / "cdk.json").read_text())["context"]),
        }
        subprocess.run([sys.executable, "app.py"], cwd=ROOT, env=environment, check=True)
        template = json.loads((Path(folder) / "Catalog.template.json").read_text())
    resources: dict[str, Any] = template["Resources"]
    [function] = [
        name
        for name, each in resources.items()
        if each["Properties"].get("Handler") == "handlers.totals.handler"
    ]
    [mapping] = [
        each["Properties"]
        for each in resources.values()
        if each["Type"] == "AWS::Lambda::EventSourceMapping"
        and each["Properties"]["FunctionName"] == {"Ref": function}
    ]
    given = resources[function]["Properties"]["Environment"]["Variables"]
    return mapping, {name: value for name, value in given.items() if isinstance(value, str)}


def _ours(
    tables: EmulatedTables, mapping: Mapping[str, Any], variables: Mapping[str, str]
) -> float:
    client = tables.counted()
    table = {"TOTALS_TABLE_NAME": tables.new_table("totals")}
    totals = tables.function("totals", {**variables, **table}, client)
    states: dict[str, Any] = defaultdict(dict)
    window = mapping.get("TumblingWindowInSeconds")
    for shard, records in _batches(mapping):
        invocation: dict[str, Any] = {"Records": records}
        if window:
            invocation |= {
                "shardId": shard,
                "state": states[shard],
                "isFinalInvokeForWindow": not records,
                "isWindowTerminatedEarly": False,
            }
        reply = totals(invocation)
        states[shard] = reply["state"] if records else {}
    return client.units / SECONDS


def _batches(mapping: Mapping[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield each shard with its next batch; an empty one ends a tumbling window.

    A batch ends when it is full, or when its window is over, which begins with its first record.
    """
    waiting: dict[str, list[tuple[int, dict[str, Any]]]] = {
        f"shardId-{number:020}-0": [] for number in range(SHARDS)
    }
    tumbling = mapping.get("TumblingWindowInSeconds", SECONDS)
    for second in range(SECONDS + 1):
        end = second > 0 and second % tumbling == 0
        for shard, records in waiting.items():
            full = len(records) >= mapping["BatchSize"]
            over = records and second >= records[0][0] + mapping["MaximumBatchingWindowInSeconds"]
            if records and (full or over or end):
                yield shard, [record for _, record in records]
                records.clear()
            if end:
                yield shard, []
        if second < SECONDS:
            key = f"{LEVELS[-1]}{second:06}.json"
            shard = list(waiting)[int(partition(BUCKET, key, SHARDS).rpartition("#")[2])]
            waiting[shard].append((second, _record(second, key)))


def _record(second: int, key: str) -> dict[str, Any]:
    row = CatalogRow(
        bucket=BUCKET,
        key=key,
        sequencer=f"0067453F2A{second:08X}".ljust(32, "0"),
        event_time="2024-11-26T03:21:46.005Z",
        event_name="ObjectCreated:Put",
        version_id=f"{second:032}",
        size=1000,
        etag=f"{second:032x}",
        expires_at=None,
    )
    item = to_item(row, SHARDS)
    return {
        "eventID": f"{second:032x}",
        "eventName": "INSERT",
        "eventSource": "aws:dynamodb",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_795_428_930.0 + second,
            "Keys": {"pk": item["pk"], "sk": item["sk"]},
            "NewImage": item,
            "SequenceNumber": f"{second + 1}00000000000000000000",
            "SizeBytes": 300,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    }


def _naive(tables: EmulatedTables) -> float:
    """Count in the usual way: each change adds to the counter of each level."""
    client = tables.counted()
    table = tables.new_table("naive")
    changes = 50
    for _ in range(changes):
        for level in LEVELS:
            client.update_item(
                TableName=table,
                Key={"pk": {"S": BUCKET}, "sk": {"S": level or "/"}},
                UpdateExpression="ADD objects :one, size_in_bytes :size",
                ExpressionAttributeValues={":one": {"N": "1"}, ":size": {"N": "1000"}},
            )
    return client.units / changes
