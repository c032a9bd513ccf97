"""A local cloud with content inspection and, if MariaDB is there, the SQL mirror."""

from collections.abc import Iterator

import pytest

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local import cloud as clouds
from reinventure.local.cloud import Cloud
from reinventure.local.convergence import differences
from reinventure.local.fault_control import FaultControl
from tests.local.command import run
from tests.local.conftest import no_long_polls
from tests.local.leftovers import purge
from tests.optional_stacks import start_with_optional_stacks
from tests.rehearsals.recovery import dead_letters, redrive

__all__ = ["no_long_polls"]


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    directory = tmp_path_factory.mktemp("rehearsals")
    cloud = start_with_optional_stacks(directory)
    yield cloud
    clouds.stop(directory)


@pytest.fixture(scope="session")
def shared_catalogs() -> list[DeployedCatalog]:
    """The catalog of this cloud, once a test has used it."""
    return []


@pytest.fixture
def catalog(catalog: DeployedCatalog, cloud: Cloud) -> DeployedCatalog:
    """The catalog, mended if a rehearsal that failed has left it broken."""
    FaultControl(catalog.session).end()
    if dead_letters(cloud) or differences(catalog):
        redrive(cloud)
        purge(catalog)
        run("repair", environment=cloud.environment)
    return catalog


@pytest.fixture
def control(catalog: DeployedCatalog) -> Iterator[FaultControl]:
    """The faults, all of which end with the test."""
    control = FaultControl(catalog.session)
    yield control
    control.end()
