"""The proofs of `reinventure doctor` are made on the local cloud, and leave nothing."""

import json

from reinventure.aws import dead_letters
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.contract import SMOKE_TEST_PREFIX
from reinventure.local.cloud import Cloud
from tests.local.command import run


def temporary(catalog: DeployedCatalog) -> list[str]:
    """The queues that a proof created, and the subscriptions of the topic of alarms."""
    sqs = catalog.session.client("sqs")
    return sqs.list_queues(QueueNamePrefix="Catalog-doctor-").get("QueueUrls", [])


def test_what_is_deployed_works_and_nothing_stays(cloud: Cloud, catalog: DeployedCatalog) -> None:
    queues = dead_letters.queues(catalog)
    before = [letter.id for letter in dead_letters.waiting(catalog, queues)]
    done = run("doctor", "--yes", "--json", environment=cloud.environment)
    assert done.returncode == 0, done.stdout + done.stderr
    findings = {each["subject"]: each for each in map(json.loads, done.stdout.splitlines())}
    outcomes = {subject: each["outcome"] for subject, each in findings.items()}
    print(outcomes)
    assert "evaluates no key policies" in done.stderr
    assert temporary(catalog) == []
    page = catalog.s3.list_object_versions(Bucket=catalog.bucket, Prefix=SMOKE_TEST_PREFIX)
    assert not [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
    assert [letter.id for letter in dead_letters.waiting(catalog, queues)] == before
