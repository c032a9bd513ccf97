"""Clocks that are an hour apart."""

import re
from pathlib import Path

import pytest

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local.cloud import Cloud
from reinventure.local.convergence import differences
from reinventure.local.fault_control import Fault, FaultControl
from tests.rehearsals.command_process import COMMAND_SECONDS, CommandProcess
from tests.rehearsals.recovery import expect_all_right, redrive_until_equal
from tests.rehearsals.rehearsal import Rehearsal
from tests.rehearsals.traffic import put_all, put_unseen


@pytest.mark.rehearsal(
    "clocks-of-s3",
    failure="The clock of S3 is an hour ahead of ours, or behind it",
    how="the faults `s3-clock-an-hour-ahead` and `s3-clock-an-hour-behind`: times and sequencers "
    "of events",
    promise="a sequencer of the future is not believed: the key is looked up; an older one orders "
    "its key as ever",
)
@pytest.mark.parametrize("fault", [Fault.S3_CLOCK_AHEAD, Fault.S3_CLOCK_BEHIND])
def test_the_clock_of_s3(
    catalog: DeployedCatalog,
    cloud: Cloud,
    control: FaultControl,
    rehearsal: Rehearsal,
    fault: Fault,
) -> None:
    s3, bucket = catalog.s3, catalog.bucket
    # Of their own: to S3, no key goes back in time.
    keys = [f"{fault.value}/{n}" for n in range(40)]
    control.begin(fault, bucket, 60)
    put_all(catalog, keys)
    put_all(catalog, keys[:30], b"second")
    for key in keys[:20]:
        s3.delete_object(Bucket=bucket, Key=key)
    for key in keys[:10]:
        [marker] = s3.list_object_versions(Bucket=bucket, Prefix=key)["DeleteMarkers"][:1]
        s3.delete_object(Bucket=bucket, Key=key, VersionId=marker["VersionId"])
    rehearsal.fault_ended()
    rehearsal.equal(catalog)
    control.end(fault)
    put_all(catalog, keys[5:], b"with the right clock")
    assert redrive_until_equal(catalog, cloud) == 0
    expect_all_right(catalog, cloud)
    rehearsal.saw("100 changes each; then 35 with the right clock")


@pytest.mark.rehearsal(
    "clock-of-laptop",
    failure="`repair` runs on a laptop whose clock is an hour ahead, or behind",
    how="the command's clock; the signatures of requests, which AWS would refuse, are not changed",
    promise="no later event is lost behind the time of a lookup",
)
@pytest.mark.parametrize("hours", [1, -1])
def test_the_clock_of_the_laptop(
    catalog: DeployedCatalog,
    cloud: Cloud,
    control: FaultControl,
    rehearsal: Rehearsal,
    tmp_path: Path,
    hours: int,
) -> None:
    keys = [f"laptop/{hours}/{n}" for n in range(60)]
    put_all(catalog, keys[:20])
    put_unseen(catalog, control, keys)
    repair = CommandProcess(cloud, tmp_path, "repair", hours=hours)
    assert repair.ended(COMMAND_SECONDS) == 0, repair.said
    assert differences(catalog) == []
    [repaired] = map(int, re.findall(r"Repaired (\d+) of", repair.said))
    # With a clock behind, the sequencers of the last hour are of the future, and are healed.
    assert repaired >= len(keys)
    put_all(catalog, keys[::2], b"after it")
    for key in keys[::3]:
        catalog.s3.delete_object(Bucket=catalog.bucket, Key=key)
    rehearsal.fault_ended()
    rehearsal.equal(catalog)
    expect_all_right(catalog, cloud)
    rehearsal.saw(
        "60 keys repaired, then 50 changes of them; a clock that is behind takes the sequencers "
        f"of the last hour for forged, and heals their rows ({repaired} were repaired)"
    )
