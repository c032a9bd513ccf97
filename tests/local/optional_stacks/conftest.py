"""A second local cloud, with all optional stacks that a local cloud can have."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local import background_process as background
from reinventure.local import cloud as clouds
from reinventure.local import database, mariadb
from reinventure.local import worker_process as worker
from reinventure.local.cloud import Cloud
from reinventure.local.deployment import start_and_deploy
from reinventure.progress import Steps

INSPECT_MAX_MIB = 1
"""Objects of more MiB are inspected by the worker. One MiB keeps the tests' objects small."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one worker of pytest-xdist have all tests of this folder: each would start a cloud."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.xdist_group("local cloud with optional stacks"))


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    directory = tmp_path_factory.mktemp("optional")
    settings = ["workers=true", f"inspect_max_mib={INSPECT_MAX_MIB}"]
    if mariadb.installed() or "CI" in os.environ:
        settings.append("sql=true")
    with Steps() as steps:
        cloud = start_and_deploy(directory, steps, settings)
    worker.start(cloud)
    yield cloud
    clouds.stop(directory)
    for name in (worker.NAME, mariadb.NAME, database.NAME):
        assert not background.running(directory, name)


@pytest.fixture(scope="session")
def shared_catalogs() -> list[DeployedCatalog]:
    """The catalog of this cloud, once a test has used it."""
    return []
