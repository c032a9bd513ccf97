"""Tests of the deployed stacks, on the local cloud of tests/local_cloud.py."""

from collections.abc import Iterator

import pytest

from reinventure.aws import dead_letters
from reinventure.aws.deployed_catalog import DeployedCatalog
from tests.local.leftovers import purge


@pytest.fixture(autouse=True)
def no_long_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """The emulator's short polls find every message. A long poll of an empty queue only waits."""
    monkeypatch.setattr(dead_letters, "_POLL_SECONDS", 0)


@pytest.fixture
def no_dead_letters(catalog: DeployedCatalog) -> Iterator[None]:
    """Dead-letter queues that are empty before the test and after it."""
    purge(catalog)
    yield
    purge(catalog)
