"""Deploying to a local cloud and entering it, without one."""

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from reinventure import cdk_cli
from reinventure.aws import deployed_catalog
from reinventure.errors import UserError
from reinventure.local import cloud as clouds
from reinventure.local import deployment
from reinventure.local.cloud import Cloud
from reinventure.progress import Steps


def test_a_process_that_enters_a_cloud_uses_no_other_endpoint_or_profile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environ = dict(os.environ) | {
        "AWS_PROFILE": "p",
        "AWS_ENDPOINT_URL": "other",
        "AWS_ENDPOINT_URL_S3": "other",
        "AWS_ENDPOINT_URL_SQS": "other",
    }
    monkeypatch.setattr(deployment, "os", SimpleNamespace(environ=environ))
    monkeypatch.setattr(deployed_catalog, "find", lambda *_: None)
    cloud = Cloud(tmp_path, 4566)
    deployment.enter(cloud)
    assert {name: environ[name] for name in cloud.environment} == cloud.environment
    endpoints = {name: value for name, value in environ.items() if "ENDPOINT" in name}
    assert endpoints == {
        "AWS_ENDPOINT_URL": "https://127.0.0.1:4566",
        "AWS_ENDPOINT_URL_S3": "https://127.0.0.1:4566",
    }
    assert "AWS_PROFILE" not in environ


@pytest.fixture
def cdk(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The CDK CLI, which writes an assembly with the stack Catalog: what it is run with."""
    ran: list[tuple[str, ...]] = []

    def run_quietly(*arguments: str, **options: object) -> None:
        ran.append(arguments)
        if arguments[0] == "synth":
            manifest = json.dumps({"artifacts": {"Catalog": {}}})
            (Path(arguments[3]) / "manifest.json").write_text(manifest)

    monkeypatch.setattr(cdk_cli, "run_quietly", run_quietly)
    return ran


def test_a_running_cloud_is_deployed_to_again_and_keeps_the_settings(
    tmp_path: Path, cdk: list[tuple[str, ...]]
) -> None:
    cloud = Cloud(tmp_path, 4566)
    clouds.write_settings(cloud, ["shards=2"])
    settings = ["shards=2", "buckets=create,photos-prod"]
    deployment.deploy_again(cloud, Steps(), settings)
    synth, deploy = cdk
    assert [synth[i + 1] for i, each in enumerate(synth) if each == "-c"] == [
        "local=true",
        "totals_window=1",
        "log_level=debug",
        *settings,
    ]
    assert deploy[:3] == ("deploy", "Catalog", "--app")
    assert clouds.settings(cloud) == settings


@pytest.mark.parametrize("step", ["synth", "deploy"])
@pytest.mark.parametrize("error", [UserError("failed"), SystemExit(130)])
def test_a_deployment_that_ends_early_leaves_the_settings(
    tmp_path: Path,
    cdk: list[tuple[str, ...]],
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    error: BaseException,
) -> None:
    cloud = Cloud(tmp_path, 4566)
    clouds.write_settings(cloud, ["shards=2"])
    run = cdk_cli.run_quietly

    def end(*arguments: str, **options: Any) -> None:
        if arguments[0] == step:
            raise error
        run(*arguments, **options)

    monkeypatch.setattr(cdk_cli, "run_quietly", end)
    with pytest.raises(type(error)):
        deployment.deploy_again(cloud, Steps(), ["shards=2", "buckets=create,photos-prod"])
    assert clouds.settings(cloud) == ["shards=2"]


def test_the_settings_end_with_the_cloud(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path, 4566)
    clouds.write_settings(cloud, ["shards=2"])
    clouds.stop(tmp_path)
    with pytest.raises(UserError, match=r"the settings of the local cloud in .* not recorded"):
        clouds.settings(cloud)
