"""The commands of docs/how-to/filter-the-feed.md, in order, with the output that it shows."""

from pathlib import Path

import boto3

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local.cloud import Cloud
from tests.local.shell import run_in_shell
from tests.pages import blocks_run_by
from tests.waiting import PATIENCE, wait_until


def test_the_commands_filter_the_feed(
    cloud: Cloud, session: boto3.Session, catalog: DeployedCatalog, tmp_path: Path
) -> None:
    sqs = session.client("sqs")

    def waiting() -> str:
        reply = sqs.get_queue_attributes(
            QueueUrl=sqs.get_queue_url(QueueName="pictures.fifo")["QueueUrl"],
            AttributeNames=["ApproximateNumberOfMessages"],
        )
        return reply["Attributes"]["ApproximateNumberOfMessages"]

    subscribe, change, follow, leave = blocks_run_by(__file__)
    for block in (subscribe, change, follow, leave):
        [(command, shown)] = block.commands
        if block is follow:
            # A function that just starts may take longer than the page waits.
            wait_until(lambda: waiting() == "2", PATIENCE, waiting)
        done = run_in_shell(command, cloud, catalog, tmp_path)
        assert (done.returncode, done.stdout) == (0, shown)
    assert list(tmp_path.iterdir()) == []
