"""`reinventure doctor` makes its proofs on the local cloud, and leaves nothing of them."""

import json

from reinventure.aws import dead_letters
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.contract import SMOKE_TEST_PREFIX
from reinventure.local.cloud import Cloud
from tests.local.command import run


def left(catalog: DeployedCatalog) -> list[object]:
    """What a proof could leave: queues and subscriptions, versions of objects, dead letters."""
    found = catalog.session.client("sqs").list_queues(QueueNamePrefix="Catalog-doctor-")
    subscriptions = catalog.session.client("sns").list_subscriptions()["Subscriptions"]
    page = catalog.s3.list_object_versions(Bucket=catalog.bucket, Prefix=SMOKE_TEST_PREFIX)
    return [
        *found.get("QueueUrls", []),
        *(each["Endpoint"] for each in subscriptions if "doctor" in each["Endpoint"]),
        *page.get("Versions", []),
        *page.get("DeleteMarkers", []),
        *(each.id for each in dead_letters.waiting(catalog, dead_letters.queues(catalog))),
    ]


def test_what_is_deployed_works_and_nothing_of_the_proofs_stays(
    cloud: Cloud, catalog: DeployedCatalog
) -> None:
    before = left(catalog)
    done = run("doctor", "--yes", "--json", environment=cloud.environment)
    assert done.returncode == 0, done.stdout + done.stderr
    findings = [json.loads(line) for line in done.stdout.splitlines()]
    assert {each["subject"]: each["outcome"] for each in findings} == {
        "S3 to ingest, transport lambda": "works",
        "S3 to ingest, transport sqs": "not deployed",
        "S3 to ingest, transport sns": "not deployed",
        "S3 to ingest, transport eventbridge": "not deployed",
        "EventBridge to a dead-letter queue": "not deployed",
        "the dead-letter queue of ingest": "works",
        "the dead-letter queue of totals": "works",
        "the dead-letter queue of publish": "works",
        "an alarm to its topic": "works",
        "Auto Scaling to the volumes of the workers' instances": "not deployed",
    }
    assert "evaluates no key policies" in done.stderr
    assert left(catalog) == before
