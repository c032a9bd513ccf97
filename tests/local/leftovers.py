"""What earlier tests may have left to the cloud that all share: dead letters, and late events."""

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.contract import dead_letter_queues
from tests.waiting import wait_until

_LAST = "last"


def purge(catalog: DeployedCatalog) -> None:
    """Delete all messages from the dead-letter queues."""
    sqs = catalog.session.client("sqs")
    for queue in dead_letter_queues(catalog.outputs):
        sqs.purge_queue(QueueUrl=queue.url)


def wait_until_handled(catalog: DeployedCatalog) -> None:
    """Wait until `ingest` has had all events so far: those before that of one more object.

    A catalog that is equal may still have duplicates on their way.
    """
    last = catalog.s3.put_object(Bucket=catalog.bucket, Key=_LAST, Body=b"")["VersionId"]

    def handled() -> bool:
        row = catalog.store().read(catalog.bucket, _LAST)
        return row is not None and row.version_id == last

    wait_until(handled)
