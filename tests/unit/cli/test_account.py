"""The commands for an AWS account, without the CDK."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import boto3
import pytest
from botocore.stub import Stubber
from typer.testing import Result

from reinventure import cdk_cli
from reinventure.aws import deployed_mirror
from reinventure.cli import account
from reinventure.errors import NoStackError

Run = Callable[..., Result]


@pytest.mark.parametrize(
    ("concurrency", "advice"),
    [
        (10, "Lambda has a limit of 10 concurrent executions in this account: "),
        (199, "Lambda has a limit of 199 concurrent executions in this account: "),
        (200, None),
        (1_000, None),
    ],
)
def test_an_account_with_a_low_concurrency_limit_gets_advice(
    concurrency: int, advice: str | None
) -> None:
    client = boto3.client("lambda", region_name="eu-west-1")
    here = cast("boto3.Session", SimpleNamespace(client=lambda *_, **__: client))
    with Stubber(client) as answers:
        limits = {"AccountLimit": {"ConcurrentExecutions": concurrency}}
        answers.add_response("get_account_settings", limits)
        text = account.concurrency_advice(here)
    assert text == advice or (text and advice and text.startswith(advice))


@pytest.fixture
def cdk(monkeypatch: pytest.MonkeyPatch, session: boto3.Session) -> list[tuple[str, ...]]:
    """What the CDK CLI is run with; moto's account has the usual limits."""
    ran: list[tuple[str, ...]] = []

    def run(*arguments: str, environment: Any) -> None:
        ran.append(arguments)

    monkeypatch.setattr(cdk_cli, "run", run)
    monkeypatch.setattr(account, "concurrency_advice", lambda _: "Request more.")

    def find(_: object, stack: str) -> None:
        raise NoStackError(f"no stack {stack}")

    monkeypatch.setattr(deployed_mirror, "find", find)
    return ran


def test_deploy_bootstraps_once(
    cdk: list[tuple[str, ...]], run: Run, session: boto3.Session
) -> None:
    result = run("deploy")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "Deploying to account 123456789012, region us-east-1.",
        "Request more.",
    ]
    deploy = ("deploy", "Catalog", "Workers", "Sql")
    assert cdk == [("bootstrap", "aws://123456789012/us-east-1"), deploy]

    version = "/cdk-bootstrap/hnb659fds/version"
    ssm = session.client("ssm")
    ssm.put_parameter(Name=version, Value="21", Type="String")
    try:
        cdk.clear()
        assert run("deploy").exit_code == 0
        assert cdk == [deploy]
    finally:
        ssm.delete_parameter(Name=version)


def test_deploy_creates_the_tables_of_a_mirror(
    cdk: list[tuple[str, ...]], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    created: list[int] = []
    mirror = SimpleNamespace(create_tables=lambda: created.append(len(cdk)))
    monkeypatch.setattr(deployed_mirror, "find", lambda *_: mirror)
    assert run("deploy").exit_code == 0
    assert cdk[-1][0] == "deploy"
    assert created == [len(cdk)]


def test_destroy_deletes_the_stacks_of_a_catalog(cdk: list[tuple[str, ...]], run: Run) -> None:
    result = run("destroy")
    assert result.stdout == "Deleting from account 123456789012, region us-east-1.\n"
    assert cdk == [("destroy", "Catalog", "Workers", "Sql")]
