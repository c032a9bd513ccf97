"""A second local cloud, with all optional stacks that a local cloud can have."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local import background_process as background
from reinventure.local import cloud as clouds
from reinventure.local import database, mariadb
from reinventure.local import worker_process as worker
from reinventure.local.cloud import Cloud
from tests.optional_stacks import start_with_optional_stacks


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one worker of pytest-xdist have all tests of this folder: each would start a cloud."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.xdist_group("local cloud with optional stacks"))


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    directory = tmp_path_factory.mktemp("optional")
    cloud = start_with_optional_stacks(directory)
    yield cloud
    clouds.stop(directory)
    for name in (worker.NAME, mariadb.NAME, database.NAME):
        assert not background.running(directory, name)


@pytest.fixture(scope="session")
def shared_catalogs() -> list[DeployedCatalog]:
    """The catalog of this cloud, once a test has used it."""
    return []
