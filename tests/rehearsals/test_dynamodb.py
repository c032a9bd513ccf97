"""DynamoDB throttles and fails."""

import pytest

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local.cloud import REGION, Cloud
from reinventure.local.fault_control import Fault, FaultControl
from s3_catalog.model.timestamps import utc_now
from tests.local.storm import storm
from tests.rehearsals.recovery import expect_all_right, redrive_until_equal
from tests.rehearsals.rehearsal import Rehearsal

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
    rounds = 0
    while control.on(utc_now()):
        storm(catalog, 50, seed=rounds)
        rounds += 1
    rehearsal.fault_ended()
    redriven = redrive_until_equal(catalog, cloud)
    rehearsal.was_equal()
    assert rounds > 1
    expect_all_right(catalog, cloud)
    rehearsal.saw(f"{50 * rounds:,} changes; {redriven} redriven")
