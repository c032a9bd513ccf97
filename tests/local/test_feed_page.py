"""The commands of docs/how-to/filter-the-feed.md, in order, with the output that it shows."""

from pathlib import Path

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local.cloud import Cloud
from tests.local.shell import run_in_shell
from tests.pages import blocks_run_by

BLOCKS = blocks_run_by(__file__)


def test_the_commands_filter_the_feed(
    cloud: Cloud, catalog: DeployedCatalog, tmp_path: Path
) -> None:
    printed = ""
    for block in BLOCKS:
        done = run_in_shell(block.body, cloud, catalog, tmp_path)
        assert done.returncode == 0, done.stdout
        printed += done.stdout
    assert printed == "created album/lake.JPG 5\nupdated album/lake.JPG 15\n"
    assert f"```text\n{printed}```" in BLOCKS[0].page.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == []
