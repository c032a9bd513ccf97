"""One local cloud for all tests here, with the real templates deployed by the real CDK CLI."""

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


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    directory = tmp_path_factory.mktemp("local")
    with Steps() as steps:
        cloud = start_and_deploy(directory, steps)
    yield cloud
    clouds.stop(directory)


@pytest.fixture
def session(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> boto3.Session:
    """boto3 in this process, pointed at the cloud."""
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    return boto3.Session()


@pytest.fixture
def catalog(session: boto3.Session) -> DeployedCatalog:
    return deployed.find(session, CATALOG)
