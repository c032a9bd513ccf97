"""A deployment during traffic."""

import pytest

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local import cloud as clouds
from reinventure.local.cloud import Cloud
from reinventure.local.deployment import deploy_again
from reinventure.progress import Steps
from tests.rehearsals.recovery import dead_letters, expect_all_right
from tests.rehearsals.rehearsal import Rehearsal
from tests.rehearsals.traffic import Traffic


@pytest.mark.rehearsal(
    "deployment",
    failure="Two deployments during traffic, each of which changes all functions",
    how="`cdk deploy` with another `log_level`, and back",
    promise="no event fails or is lost; nothing has to be redriven or repaired",
)
def test_deployments_during_traffic(
    catalog: DeployedCatalog, cloud: Cloud, rehearsal: Rehearsal
) -> None:
    settings = clouds.settings(cloud)
    functions = catalog.session.client("lambda")

    def deployed() -> str:
        found = functions.get_function_configuration(FunctionName=catalog.outputs.ingest_arn)
        return found["RevisionId"]

    before, traffic = deployed(), Traffic(catalog, seed=5)
    with traffic.running():
        for changed in ([*settings, "log_level=info"], settings):
            begun = traffic.changes
            with Steps() as steps:
                deploy_again(cloud, steps, changed)
            assert traffic.changes > begun
            assert deployed() != before
            before = deployed()
    rehearsal.fault_ended()
    rehearsal.equal(catalog)
    assert dead_letters(cloud) == 0
    expect_all_right(catalog, cloud)
    rehearsal.saw(f"{traffic.changes} changes during both; none failed")
