"""Commands of pages work as they are shown, on a local cloud with the optional stacks."""

import shutil
from pathlib import Path

import pytest

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local.cloud import Cloud
from reinventure.local.convergence import wait_until_equal
from tests.local.shell import run_in_shell
from tests.pages import ROOT, Block, blocks_run_by
from tests.waiting import PATIENCE

PICTURE = ROOT / "samples" / "photos" / "2014" / "sunrise.png"

BLOCKS = [
    pytest.param(block, marks=[pytest.mark.mariadb] if block.page.stem == "sql" else [])
    for block in blocks_run_by(__file__)
]


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_the_commands_of_a_page_work(
    block: Block, cloud: Cloud, catalog: DeployedCatalog, tmp_path: Path
) -> None:
    catalog.s3.upload_file(str(PICTURE), catalog.bucket, "photos/cat.jpg")
    shutil.copy(PICTURE, tmp_path / "cat.jpg")
    assert wait_until_equal(catalog, PATIENCE) == []
    done = run_in_shell(block.body, cloud, catalog, tmp_path)
    assert done.returncode == 0, done.stdout


def test_there_are_such_pages() -> None:
    assert len(BLOCKS) == 3
