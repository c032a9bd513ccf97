"""Deploying with another list of buckets: the setting is that of before unless all succeeds."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reinventure import account_deployment, cdk_cli
from reinventure.attaching import changed_deployment
from reinventure.attaching.changed_deployment import AccountDeployment, LocalDeployment
from reinventure.attaching.listed_buckets import with_entry
from reinventure.aws import deployment_check
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.errors import UserError
from reinventure.local import cloud as clouds
from reinventure.local.cloud import Cloud
from reinventure.local.lock import locked
from s3_catalog.model.scope import Entry

if TYPE_CHECKING:
    from collections.abc import Callable


def add(value: str) -> str:
    return with_entry(value, Entry("photos-prod"))


CDK_JSON = '{\n  "context": { "buckets": "create" }\n}\n'
NEW = "create,photos-prod"


class Deployments:
    """What is deployed, with which list. `during` is called meanwhile."""

    def __init__(self) -> None:
        self.made: list[tuple[str, bool]] = []
        self.during: Callable[[], None] = lambda: None

    def account(
        self, _here: object, account: str, region: str, *, settings: list[str], ask: bool
    ) -> None:
        assert (account, region) == ("123456789012", "us-east-1")
        [setting] = settings
        self.made.append((setting, ask))
        self.during()

    def local(self, cloud: Cloud, _steps: object, settings: list[str]) -> None:
        self.made.append((settings[-1], False))
        self.during()
        clouds.write_settings(cloud, settings)


@pytest.fixture
def deployments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Deployments:
    deployments = Deployments()
    settled = {"StackStatus": "UPDATE_COMPLETE"}
    monkeypatch.setattr(deployment_check, "describe", lambda *_: settled)
    monkeypatch.setattr(account_deployment, "deploy", deployments.account)
    monkeypatch.setattr(changed_deployment, "deploy_again", deployments.local)
    monkeypatch.setattr(changed_deployment, "LOCAL", tmp_path / ".local")
    return deployments


@pytest.fixture
def cdk_json(tmp_path: Path) -> Path:
    path = tmp_path / "cdk.json"
    path.write_text(CDK_JSON)
    return path


def test_cdk_json_is_changed_after_the_deployment(
    catalog: DeployedCatalog,
    deployments: Deployments,
    cdk_json: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def during() -> None:
        assert cdk_json.read_text() == CDK_JSON

    deployments.during = during
    account = AccountDeployment(catalog, True, cdk_json)
    account.change(add)
    assert deployments.made == [(f"buckets={NEW}", True)]
    assert cdk_json.read_text() == CDK_JSON.replace("create", NEW)
    assert account.buckets() == NEW
    assert capsys.readouterr().out == f'cdk.json now has "buckets": "{NEW}".\n'


def test_a_run_that_was_killed_after_the_deployment_is_made_up_for(
    catalog: DeployedCatalog,
    deployments: Deployments,
    cdk_json: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = AccountDeployment(catalog, False, cdk_json)
    with monkeypatch.context() as killed:

        def die(*_: object) -> None:
            raise KeyboardInterrupt

        killed.setattr(Path, "replace", die)
        with pytest.raises(KeyboardInterrupt):
            account.change(add)
    assert cdk_json.read_text() == CDK_JSON
    for _ in range(2):
        account.change(add)
        assert cdk_json.read_text() == CDK_JSON.replace("create", NEW)
    assert deployments.made == 3 * [(f"buckets={NEW}", False)]


@pytest.mark.parametrize(
    "error", [UserError("`cdk deploy` failed"), SystemExit(130), KeyboardInterrupt()]
)
def test_a_deployment_that_ends_early_leaves_the_setting(
    catalog: DeployedCatalog,
    deployments: Deployments,
    cdk_json: Path,
    tmp_path: Path,
    error: BaseException,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def during() -> None:
        raise error

    deployments.during = during
    with pytest.raises(type(error)) as raised:
        AccountDeployment(catalog, False, cdk_json).change(add)
    assert cdk_json.read_text() == CDK_JSON
    said = f"{raised.value}{capsys.readouterr().err}"
    if not isinstance(error, KeyboardInterrupt):
        assert 'cdk.json still has "buckets": "create"' in said
    cloud = Cloud(tmp_path, 4566)
    clouds.write_settings(cloud, ["buckets=create,logs-prod", "shards=2"])
    with pytest.raises(type(error)):
        LocalDeployment(cloud).change(add)
    assert clouds.settings(cloud) == ["buckets=create,logs-prod", "shards=2"]


def test_a_list_against_the_rules_is_not_deployed(
    catalog: DeployedCatalog, deployments: Deployments, cdk_json: Path
) -> None:
    cdk_json.write_text(CDK_JSON.replace("create", "photos-prod/in/"))
    with pytest.raises(UserError, match="part of 'photos-prod'"):
        AccountDeployment(catalog, True, cdk_json).change(add)
    assert deployments.made == []


def test_one_command_at_a_time(
    catalog: DeployedCatalog, deployments: Deployments, cdk_json: Path, tmp_path: Path
) -> None:
    with (
        locked(tmp_path / ".local" / "attaching", "busy"),
        pytest.raises(UserError, match="another `reinventure attach` or `detach` is running"),
    ):
        AccountDeployment(catalog, True, cdk_json).change(add)
    assert deployments.made == []


def test_a_read_only_checkout_is_one_sentence(
    catalog: DeployedCatalog,
    deployments: Deployments,
    cdk_json: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The tests may run as root, which may write everywhere.
    monkeypatch.setattr("os.access", lambda path, _: path != tmp_path)
    with pytest.raises(UserError, match=r"cdk\.json could not be changed: its folder is read-only"):
        AccountDeployment(catalog, True, cdk_json).change(add)
    assert deployments.made == []
    assert not (tmp_path / ".local").exists()


@pytest.mark.parametrize("state", ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"])
def test_a_deployment_that_is_under_way_is_waited_for(
    catalog: DeployedCatalog,
    deployments: Deployments,
    cdk_json: Path,
    monkeypatch: pytest.MonkeyPatch,
    state: str,
) -> None:
    monkeypatch.setattr(deployment_check, "describe", lambda *_: {"StackStatus": state})
    with pytest.raises(UserError, match=rf"the stack Catalog is being deployed \({state}\)"):
        AccountDeployment(catalog, True, cdk_json).change(add)
    assert deployments.made == []


def test_the_cdk_would_deploy_to_another_region(
    catalog: DeployedCatalog,
    deployments: Deployments,
    cdk_json: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    elsewhere = "arn:aws:kms:eu-west-1:123456789012:key/data"
    found = replace(catalog, outputs=replace(catalog.outputs, data_key_arn=elsewhere))
    with pytest.raises(
        UserError, match="region eu-west-1, and the CDK would deploy to 12345678901"
    ):
        AccountDeployment(found, True, cdk_json).change(add)
    assert deployments.made == []


def test_the_local_cloud_has_a_list_of_its_own(
    deployments: Deployments, cdk_json: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cdk_cli, "ROOT", tmp_path)
    cloud = Cloud(tmp_path / ".local", 4566)
    cloud.directory.mkdir()
    clouds.write_settings(cloud, ["shards=2"])
    local = LocalDeployment(cloud)
    assert local.buckets() == "create"
    local.change(add)
    assert clouds.settings(cloud) == ["shards=2", f"buckets={NEW}"]
    local.change(lambda value: with_entry(value, Entry("logs-prod")))
    assert clouds.settings(cloud) == ["shards=2", "buckets=create,logs-prod,photos-prod"]
    assert cdk_json.read_text() == CDK_JSON


def test_the_deployment_is_that_of_the_endpoint(
    catalog: DeployedCatalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert changed_deployment.of(catalog, ask=True) == AccountDeployment(catalog, True)
    cloud = Cloud(tmp_path, 4566)
    running: list[Any] = [None]
    monkeypatch.setattr(clouds, "find", lambda _: running[0])
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.endpoint)
    with pytest.raises(UserError, match="not the local cloud of this checkout: `make up`"):
        changed_deployment.of(catalog, ask=True)
    running[0] = cloud
    assert changed_deployment.of(catalog, ask=True) == LocalDeployment(cloud)
    with pytest.raises(UserError, match="the stack SC-1 is not deployed from this checkout"):
        changed_deployment.of(replace(catalog, stack="SC-1"), ask=True)


def test_without_a_checkout_there_is_a_plan(
    catalog: DeployedCatalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cdk_cli, "ROOT", tmp_path)
    with pytest.raises(UserError, match="takes a checkout of reinventure; here, --plan prints"):
        changed_deployment.of(catalog, ask=True)
