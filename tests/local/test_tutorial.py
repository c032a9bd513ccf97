"""The commands of docs/tutorial.md, in order, with the output that it shows."""

import re

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local.cloud import Cloud
from tests.local.shell import run_in_shell
from tests.pages import blocks_run_by
from tests.waiting import PATIENCE, wait_until

BLOCKS = blocks_run_by(__file__)

_VARIES = (
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
    (r"catalog-bucket[0-9a-z-]+", "BUCKET"),
    (r"BUCKET#16#\d+", "PARTITION"),
    (r"\b[0-9A-F]{32}\b", "SEQUENCER"),
    (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "VERSION"),
    (r"(?m)^.* \.\.\.\n", ""),
)
"""What differs from run to run, and a word for it; and lines of progress, which are left out."""


def without_what_varies(text: str) -> str:
    for pattern, word in _VARIES:
        text = re.sub(pattern, word, text)
    return text


def test_the_tutorial_shows_what_its_commands_print(cloud: Cloud, catalog: DeployedCatalog) -> None:
    assert len(BLOCKS) == 7

    def wait_for(command: str, expected: str) -> None:
        printed = ""

        def as_expected() -> bool:
            nonlocal printed
            done = run_in_shell(command, cloud, catalog)
            assert done.returncode == 0, done.stdout
            printed = without_what_varies(done.stdout)
            return printed == expected

        # Events, and totals after them, are there within a second or so.
        wait_until(as_expected, PATIENCE, lambda: f"{command}\nprints:\n{printed}")

    for block in BLOCKS:
        for command, shown in block.commands:
            wait_for(command, without_what_varies(shown))
