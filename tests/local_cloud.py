"""One local cloud for all tests of a run, with the real templates deployed by the real CDK CLI.

tests/local and tests/browser share it. Each test has its own prefix, or compares the whole bucket.
The tests of this cloud are one group for pytest-xdist, and so are those of the cloud in
tests/local/optional_stacks: no more than two clouds run at once, one for each of two processors.
"""

from collections.abc import Iterator

import boto3
import pytest

from reinventure.aws import deployed_catalog as deployed
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.contract import CATALOG
from reinventure.local import cloud as clouds
from reinventure.local.cloud import Cloud
from reinventure.local.deployment import start_and_deploy
from reinventure.progress import Steps
from tests.local.leftovers import purge


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    directory = tmp_path_factory.mktemp("local")
    with Steps() as steps:
        cloud = start_and_deploy(directory, steps)
    yield cloud
    clouds.stop(directory)


@pytest.fixture(scope="session")
def shared_session() -> boto3.Session:
    """One session for all tests: the first client of a new session takes a tenth of a second.

    Its clients take endpoint and credentials from the environment.
    """
    return boto3.Session(region_name=clouds.REGION)


@pytest.fixture
def session(
    cloud: Cloud, shared_session: boto3.Session, monkeypatch: pytest.MonkeyPatch
) -> boto3.Session:
    """boto3 in this process, pointed at the cloud."""
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    return shared_session


@pytest.fixture(scope="session")
def shared_catalogs() -> list[DeployedCatalog]:
    """The catalog of the cloud, once a test has used it. optional_stacks/ has its own."""
    return []


@pytest.fixture
def catalog(session: boto3.Session, shared_catalogs: list[DeployedCatalog]) -> DeployedCatalog:
    """The catalog of the cloud, with the same clients in all tests."""
    if not shared_catalogs:
        shared_catalogs.append(deployed.find(session, CATALOG))
    return shared_catalogs[0]


@pytest.fixture
def no_dead_letters(catalog: DeployedCatalog) -> Iterator[None]:
    """Dead-letter queues that are empty before the test and after it."""
    purge(catalog)
    yield
    purge(catalog)
