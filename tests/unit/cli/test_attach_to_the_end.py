"""What `attach` does after the question, with the backfill of `repair`."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import Result

from reinventure import cdk_cli
from reinventure.attaching import changed_deployment
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.cli import maintenance, repair_progress
from reinventure.cli.repair_progress import Progress
from reinventure.errors import UserError
from s3_catalog.attachment.eventbridge_switch import EventBridgeSwitch
from s3_catalog.model.timestamps import utc_now
from s3_catalog.table import batch_write
from tests.unit.attaching.attached_catalog import OTHERS, AttachedCatalog
from tests.unit.attachment.bucket_model import document
from tests.unit.cli.existing_buckets import ExistingBuckets

Run = Callable[..., Result]


@pytest.fixture
def existing(
    catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ExistingBuckets]:
    with ExistingBuckets(catalog, monkeypatch) as buckets:
        yield buckets


@pytest.fixture
def deployment(
    existing: ExistingBuckets, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> AttachedCatalog:
    """A deployment without a wait; the machine has what deployments need."""
    deployment = AttachedCatalog(existing, monkeypatch, eventbridge_seconds=0)
    deployment.now = 0
    existing.configuration = document(*OTHERS)
    monkeypatch.setattr(cdk_cli, "require_checkout", lambda: None)
    monkeypatch.setattr(changed_deployment, "of", lambda *_, **__: deployment)
    monkeypatch.setattr("typer.get_app_dir", lambda _: str(tmp_path))
    # moto has no such batches: as if every row were there meanwhile, so each key is looked up.
    monkeypatch.setattr(batch_write, "insert", lambda _, rows: rows)
    return deployment


def test_it_ends_equal_and_an_interrupted_backfill_continues(
    deployment: AttachedCatalog, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    existing = deployment.existing
    bucket = existing.add()
    url = f"s3://{bucket}/in/"
    for key in ("in/a", "in/ü + 1", "out"):
        existing.catalog.s3.put_object(Bucket=bucket, Key=key, Body=b"1")
    with monkeypatch.context() as broken:

        def fail(*_: object, **__: object) -> None:
            raise UserError("no connection")

        broken.setattr(maintenance, "reconcile", fail)
        assert run("attach", url, "--yes").exit_code == 2
    result = run("attach", url)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        f"Continuing to attach {url}, where the last run stopped.",
        "Repaired 2 of 2 keys compared.",
        "EQUAL: 2 keys compared.",
    ]
    assert deployment.deployed == [f"create,{bucket}/in/"]
    assert bucket in deployment.catalog.last_verified().moments()
    # One of two prefixes is not the whole, and before it was the other one.
    other = existing.add()
    deployment.setting += f",{other}/a/"
    deployment.deploy()
    deployment.catalog.last_verified().record(other, utc_now())
    assert run("attach", f"s3://{other}/b/", "--yes").exit_code == 0
    assert other not in deployment.catalog.last_verified().moments()
    again = run("attach", url, "--yes")
    assert again.exit_code == 2
    assert f"{url} is attached already: `reinventure repair {url}`" in again.stderr


def test_the_progress_of_an_earlier_repair_does_not_count(
    deployment: AttachedCatalog, run: Run
) -> None:
    existing = deployment.existing
    bucket = existing.add()
    existing.catalog.s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    path = repair_progress.path_for(existing.catalog.table, f"{bucket}/")
    repair_progress.save(path, Progress("z", 1, 1))
    result = run("attach", f"s3://{bucket}", "--yes")
    assert result.exit_code == 0, result.output
    assert result.stdout.endswith("Repaired 1 of 1 keys compared.\nEQUAL: 1 keys compared.\n")


@pytest.mark.parametrize(("typed", "turned"), [("y\n", [True]), ("n\n", [])])
def test_a_switch_that_others_turned_off_is_turned_on_again(
    deployment: AttachedCatalog,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    typed: str,
    turned: list[bool],
) -> None:
    bucket = deployment.existing.add()
    assert run("attach", f"s3://{bucket}/in/", "--yes").exit_code == 0
    deployed = list(deployment.deployed)
    deployment.existing.configuration = document(*OTHERS)
    calls: list[bool] = []
    monkeypatch.setattr(EventBridgeSwitch, "turn", lambda _, *, on: calls.append(on))
    result = run("attach", f"s3://{bucket}/in/", typed=typed)
    assert result.exit_code == 0, result.output
    assert "sends no events: EventBridge was turned off there" in result.stdout
    assert (calls, deployment.deployed) == (turned, deployed)
    assert (f"`reinventure repair s3://{bucket}/` in ten minutes" in result.stdout) == bool(turned)
