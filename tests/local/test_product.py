"""The product of the portfolio, launched as plain CloudFormation launches it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local import product_launch as launching
from reinventure.local.convergence import wait_until_equal
from stacks.portfolio.stack import PortfolioStack
from tests import assembly
from tests.waiting import PATIENCE

NAME = "SC-000000000000-pp-first"
"""As Service Catalog names stacks."""


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The product's template for the local cloud. The Catalog stack has published its code."""
    folder = tmp_path_factory.mktemp("cdk.out")
    assembly.write(PortfolioStack, "Portfolio", folder, local="true")
    [path] = folder.glob("*.product.template.json")
    return path


@pytest.fixture
def launch(session: boto3.Session, product: Path) -> Iterator[Callable[..., DeployedCatalog]]:
    """A function that launches the product under a name, with parameters, and finds its catalog."""
    launched = []

    def make(name: str, **chosen: str) -> DeployedCatalog:
        launched.append(name)
        return launching.launch(session, product, name, **chosen)

    yield make
    for name in launched:
        session.client("cloudformation").delete_stack(StackName=name)


def test_a_put_appears_in_the_catalog_of_its_own_bucket_and_in_no_other(
    launch: Callable[..., DeployedCatalog], catalog: DeployedCatalog
) -> None:
    one = launch(NAME, Stage="sandbox", SupersededVersionsDays="7", LogRetentionDays="30")
    other = launch(f"{NAME}er")
    assert len({catalog.bucket, one.bucket, other.bucket}) == 3
    assert len({catalog.table, one.table, other.table}) == 3

    one.s3.put_object(Bucket=one.bucket, Key="mine.txt", Body=b"of the first")
    other.s3.put_object(Bucket=other.bucket, Key="theirs.txt", Body=b"of the second one")
    for each in (one, other):
        assert wait_until_equal(each, PATIENCE) == []
    assert [(row.key, row.size) for row in one.rows(consistent=True)] == [("mine.txt", 12)]
    assert [(row.key, row.size) for row in other.rows(consistent=True)] == [("theirs.txt", 17)]


def test_the_parameters_have_effect(
    launch: Callable[..., DeployedCatalog],
) -> None:
    for stage, protected in (("sandbox", False), ("production", True)):
        chosen = launch(f"{NAME}-{stage}", Stage=stage)
        described = chosen.dynamodb.describe_table(TableName=chosen.table)["Table"]
        assert described["DeletionProtectionEnabled"] is protected


def test_an_invalid_parameter_is_refused(launch: Callable[..., DeployedCatalog]) -> None:
    with pytest.raises(ClientError, match=r"SupersededVersionsDays.*AllowedValues"):
        launch(NAME, SupersededVersionsDays="2")
