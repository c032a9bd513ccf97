"""DynamoDB throttles and fails."""

import pytest

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local.cloud import REGION, Cloud
from reinventure.local.fault_control import Fault, FaultControl
from s3_catalog.model.timestamps import utc_now
from tests.rehearsals.recovery import expect_all_right, redrive_until_equal
from tests.rehearsals.rehearsal import Rehearsal
from tests.rehearsals.traffic import Traffic
from tests.waiting import PATIENCE, wait_until

SECONDS = 60


@pytest.mark.rehearsal(
    "throttling",
    failure="DynamoDB throttles 30 percent of all requests, and fails 10 percent, for a minute",
    how="the fault `dynamodb-unreliable`; every other request that fails takes effect",
    promise="writes are retried, and duplicates change nothing; what fails for good waits in a "
    "dead-letter queue for `redrive`",
)
def test_a_minute_of_an_unreliable_dynamodb_loses_nothing(
    catalog: DeployedCatalog, cloud: Cloud, control: FaultControl, rehearsal: Rehearsal
) -> None:
    control.begin(Fault.DYNAMODB_UNRELIABLE, REGION, SECONDS)
    traffic = Traffic(catalog, seed=4)
    with traffic.running():
        wait_until(lambda: not control.on(utc_now()), SECONDS + PATIENCE)
    rehearsal.fault_ended()
    redriven = redrive_until_equal(catalog, cloud)
    rehearsal.was_equal()
    assert traffic.changes > 100
    expect_all_right(catalog, cloud)
    rehearsal.saw(f"{traffic.changes} changes; {redriven} redriven")
