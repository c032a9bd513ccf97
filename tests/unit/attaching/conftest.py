"""A catalog on moto, as the tests of the command have it, and buckets beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reinventure.aws.deployed_catalog import DeployedCatalog
from tests.unit.cli.conftest import catalog, session
from tests.unit.cli.existing_buckets import ExistingBuckets

__all__ = ["catalog", "session"]


@pytest.fixture
def existing(
    catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ExistingBuckets]:
    with ExistingBuckets(catalog, monkeypatch) as buckets:
        yield buckets


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of what the command remembers."""
    monkeypatch.setattr("typer.get_app_dir", lambda _: str(tmp_path / "state"))
    return tmp_path / "state"
