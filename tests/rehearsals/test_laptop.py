"""The machine of the person at the keyboard: its clock, its disk, and two repairs at once."""

from pathlib import Path

import pytest

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local.cloud import Cloud
from reinventure.local.convergence import differences
from reinventure.local.fault_control import FaultControl
from tests.rehearsals.command_process import COMMAND_SECONDS, CommandProcess
from tests.rehearsals.recovery import expect_all_right
from tests.rehearsals.rehearsal import Rehearsal
from tests.rehearsals.traffic import Traffic, put_unseen
from tests.waiting import wait_until


@pytest.mark.rehearsal(
    "two-repairs",
    failure="Two `repair` at once, with traffic, on 3,000 missing rows",
    how="two processes with the same file of progress",
    promise="both end with 0, and totals are exact: no row is counted twice",
)
def test_two_repairs_at_once(
    catalog: DeployedCatalog,
    cloud: Cloud,
    control: FaultControl,
    rehearsal: Rehearsal,
    tmp_path: Path,
) -> None:
    put_unseen(catalog, control, [f"two-repairs/{n:04}" for n in range(3000)])
    rehearsal.fault_ended()
    traffic = Traffic(catalog, seed=2)
    with traffic.running():
        both = [CommandProcess(cloud, tmp_path, "repair") for _ in range(2)]
        # Then they recount, for which the folders must rest.
        wait_until(
            lambda: all("keys compared" in each.said or not each.runs for each in both),
            COMMAND_SECONDS,
            left=lambda: [each.said for each in both],
        )
    rehearsal.equal(catalog)
    ended = [each.ended(COMMAND_SECONDS) for each in both]
    assert ended == [0, 0], "".join(each.said for each in both)
    expect_all_right(catalog, cloud)
    rehearsal.saw(f"both ended with 0 beside {traffic.changes} changes; totals exact")


@pytest.mark.rehearsal(
    "disk-full",
    failure="The disk of the laptop is full while `repair` writes its progress",
    how="`RLIMIT_FSIZE` 0: the operating system refuses each byte of each file",
    promise="one line with the file and the reason, exit code 2; what was repaired stays, and the "
    "same command later does the rest",
)
def test_a_full_disk(
    catalog: DeployedCatalog,
    cloud: Cloud,
    control: FaultControl,
    rehearsal: Rehearsal,
    tmp_path: Path,
) -> None:
    keys = [f"disk-full/{n:04}" for n in range(2500)]
    put_unseen(catalog, control, keys)
    refused = CommandProcess(cloud, tmp_path, "repair", disk_full=True)
    assert refused.ended(COMMAND_SECONDS) == 2, refused.said
    last = refused.said.splitlines()[-1]
    assert last.startswith("reinventure: ")
    assert str(tmp_path / "repair") in last
    left = len(differences(catalog))
    assert 0 < left < len(keys)
    rehearsal.fault_ended()
    again = CommandProcess(cloud, tmp_path, "repair")
    wait_until(lambda: not differences(catalog), left=lambda: again.said)
    rehearsal.was_equal()
    assert again.ended(COMMAND_SECONDS) == 0, again.said
    expect_all_right(catalog, cloud)
    rehearsal.saw(f'"{last.rpartition(": ")[2]}", with the file; {left:,} rows left for the next')
