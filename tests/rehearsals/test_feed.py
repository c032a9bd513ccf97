"""The change feed: SNS refuses messages, and the stream has records that are no rows."""

import json
from pathlib import Path
from typing import Any

import pytest

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local.cloud import Cloud
from reinventure.local.convergence import wait_until_equal
from reinventure.local.fault_control import Fault, FaultControl
from s3_catalog.model.timestamps import utc_now
from tests.local.command import run
from tests.local.storm import storm
from tests.local.totals import expect_totals
from tests.local.watched_changes import Stream, Watcher, by_key, said
from tests.rehearsals.recovery import dead_letters, expect_all_right
from tests.rehearsals.rehearsal import Rehearsal
from tests.waiting import PATIENCE, wait_until


@pytest.mark.rehearsal(
    "topic-refuses",
    failure="SNS refuses all messages for 20 seconds",
    how="the fault `topic-refuses`: `Throttled` and `InternalError` in turns",
    promise="rows and totals go on; the feed is late, then complete, each change once and in the "
    "order of its key",
)
def test_a_topic_that_refuses(
    catalog: DeployedCatalog,
    cloud: Cloud,
    control: FaultControl,
    rehearsal: Rehearsal,
    tmp_path: Path,
) -> None:
    stream, watcher = Stream(catalog), Watcher(cloud, tmp_path, "storm/", "--json")
    try:
        control.begin(Fault.TOPIC_REFUSES, catalog.outputs.changes_topic_arn, 20)
        storm(catalog, 150, seed=21)
        assert wait_until_equal(catalog, PATIENCE) == []
        assert watcher.lines == []
        wait_until(lambda: not control.on(utc_now()))
        rehearsal.fault_ended()
        expected = stream.changes("storm/")
        wait_until(lambda: len(watcher.lines) >= len(expected), left=lambda: watcher.lines)
        rehearsal.was_equal()
        assert by_key([said(each) for each in watcher.messages]) == by_key(expected)
    finally:
        watcher.stop()
    expect_all_right(catalog, cloud)
    rehearsal.saw(f"rows equal meanwhile; {len(expected)} changes, each once and in order")


POISON: list[dict[str, Any]] = [
    {"pk": {"S": "poison#0"}, "sk": {"S": "no row at all"}},
    {
        "pk": {"S": "poison#0"},
        "sk": {"S": "half a byte"},
        "size": {"N": "1.5"},
        **{name: {"S": "0"} for name in ("sequencer", "event_time", "event_name", "etag")},
    },
]
"""Items that another program writes to the table, and that are no rows."""


@pytest.mark.rehearsal(
    "poison",
    failure="The stream has records that are no rows, and SQS refuses to take them aside",
    how="two items of another program in the table; the fault `queue-refuses` on the dead-letter "
    "queue of `publish` for 10 seconds",
    promise="no record is skipped until the dead-letter queue has it; then feed and totals go on, "
    "complete and in order",
)
def test_poison_in_the_stream(
    catalog: DeployedCatalog,
    cloud: Cloud,
    control: FaultControl,
    rehearsal: Rehearsal,
    tmp_path: Path,
) -> None:
    url = catalog.outputs.publish_failure_queue_url or ""
    stream, watcher = Stream(catalog), Watcher(cloud, tmp_path, "storm/", "--json")
    try:
        storm(catalog, 30, seed=31)
        assert wait_until_equal(catalog, PATIENCE) == []
        control.begin(Fault.QUEUE_REFUSES, url.rpartition("/")[2], 10)
        for item in POISON:
            catalog.dynamodb.put_item(TableName=catalog.table, Item=item)
        storm(catalog, 60, seed=32)
        assert wait_until_equal(catalog, PATIENCE) == []
        assert control.on(utc_now())
        behind = len(stream.changes("storm/")) - len(watcher.lines)
        assert behind > 0, "the feed did not wait for the queue"
        wait_until(lambda: not control.on(utc_now()))
        rehearsal.fault_ended()
        expected = stream.changes("storm/")
        wait_until(lambda: len(watcher.lines) >= len(expected), left=lambda: watcher.lines)
        rehearsal.was_equal()
        assert by_key([said(each) for each in watcher.messages]) == by_key(expected)
        expect_totals(catalog)
        listed = run("failed", "--json", environment=cloud.environment).stdout.splitlines()
        failed = [json.loads(line) for line in listed]
        assert [each["function"] for each in failed] == ["publish"] * len(POISON)
        assert all("not a row of the catalog" in each["reason"] for each in failed)
    finally:
        watcher.stop()
        for item in POISON:
            key = {name: item[name] for name in ("pk", "sk")}
            catalog.dynamodb.delete_item(TableName=catalog.table, Key=key)
    # Their removals are no rows either.
    wait_until(lambda: dead_letters(cloud) == 2 * len(POISON))
    catalog.session.client("sqs").purge_queue(QueueUrl=url)
    expect_all_right(catalog, cloud)
    rehearsal.saw(
        f"the feed waited ({behind} changes), then was complete and in order; both records in the "
        "dead-letter queue, with the reason"
    )
