"""The smoke test passes for a catalog that works alone, and leaves no object."""

from dataclasses import replace

import pytest

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.aws.smoke_test import smoke
from reinventure.contract import SMOKE_TEST_PREFIX
from reinventure.errors import LateError
from reinventure.local.cloud import Cloud
from tests import empty_table
from tests.local.command import run


def left(catalog: DeployedCatalog) -> list[object]:
    page = catalog.s3.list_object_versions(Bucket=catalog.bucket, Prefix=SMOKE_TEST_PREFIX)
    return [*page.get("Versions", []), *page.get("DeleteMarkers", [])]


def test_an_object_comes_and_goes_and_so_does_its_row(
    cloud: Cloud, catalog: DeployedCatalog
) -> None:
    done = run("smoke", environment=cloud.environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(SMOKE_TEST_PREFIX)
    assert "its row came in" in done.stdout
    assert left(catalog) == []


def test_a_catalog_that_never_hears_of_it_is_late(catalog: DeployedCatalog) -> None:
    deaf = replace(
        catalog,
        outputs=replace(catalog.outputs, table_name=empty_table.new_table(catalog.dynamodb)),
    )
    with pytest.raises(LateError, match=r"no row of .* after 1 s, but None"):
        smoke(deaf, 1)
    assert left(catalog) == []
