"""The commands for an AWS account, without the CDK."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import boto3
import pytest
from botocore.stub import Stubber
from typer.testing import Result

from reinventure import account_deployment, cdk_cli
from reinventure.aws import deployed_mirror, deployment_check
from reinventure.cli import account
from reinventure.errors import NoStackError, UserError

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


@dataclass
class Cdk:
    """What the CDK CLI is run with, but for the folder of the assembly, which has `stacks`."""

    stacks: list[str]
    ran: list[tuple[str, ...]] = field(default_factory=list)

    def run(self, *given: str, environment: Mapping[str, str]) -> None:
        assert environment == os.environ
        arguments = list(given)
        if arguments[0] == "synth":
            for stack in self.stacks:
                (Path(arguments[-1]) / f"{stack}.template.json").write_text('{"Resources": {}}')
        if arguments[0] != "bootstrap":
            folder = arguments.pop()
            assert (Path(folder) / "Catalog.template.json").exists()
        self.ran.append(tuple(arguments))


@pytest.fixture
def cdk(monkeypatch: pytest.MonkeyPatch, session: boto3.Session) -> Cdk:
    """The CDK CLI, and an account without stacks; moto's account has the usual limits."""
    cdk = Cdk(["Catalog"])
    monkeypatch.setattr(cdk_cli, "run", cdk.run)
    monkeypatch.setattr(account, "concurrency_advice", lambda _: "Request more.")
    deployed(monkeypatch, {})

    def find(_: object, stack: str) -> None:
        raise NoStackError(f"no stack {stack}")

    monkeypatch.setattr(deployed_mirror, "find", find)
    return cdk


def deployed(monkeypatch: pytest.MonkeyPatch, stacks: dict[str, dict[str, str]]) -> None:
    """Let the account have `stacks`: CloudFormation's description of each by its name."""
    monkeypatch.setattr(deployment_check, "describe", lambda _, stack: stacks.get(stack))


SYNTH = ("synth", "--quiet", "--output")
DEPLOY = ("deploy", "Catalog", "Workers", "Sql", "--app")


def test_deploy_bootstraps_once(cdk: Cdk, run: Run, session: boto3.Session) -> None:
    result = run("deploy")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "Deploying to account 123456789012, region us-east-1.",
        "Request more.",
    ]
    assert cdk.ran == [SYNTH, ("bootstrap", "aws://123456789012/us-east-1"), DEPLOY]

    version = "/cdk-bootstrap/hnb659fds/version"
    ssm = session.client("ssm")
    ssm.put_parameter(Name=version, Value="21", Type="String")
    try:
        cdk.ran.clear()
        assert run("deploy").exit_code == 0
        assert cdk.ran == [SYNTH, DEPLOY]
    finally:
        ssm.delete_parameter(Name=version)


def test_an_empty_endpoint_is_none(cdk: Cdk, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "")
    assert run("deploy").exit_code == 0


def test_a_setting_of_one_deployment_is_that_of_its_synthesis(
    cdk: Cdk, session: boto3.Session
) -> None:
    account_deployment.deploy(
        session, "123456789012", "us-east-1", settings=["buckets=create,photos-prod"], ask=False
    )
    synth, _, deploy = cdk.ran
    assert synth == ("synth", "--quiet", "-c", "buckets=create,photos-prod", "--output")
    assert deploy == (*DEPLOY[:-1], "--require-approval", "never", "--app")


def test_deploy_creates_the_tables_of_a_mirror(
    cdk: Cdk, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    created: list[int] = []
    mirror = SimpleNamespace(create_tables=lambda: created.append(len(cdk.ran)))
    monkeypatch.setattr(deployed_mirror, "find", lambda *_: mirror)
    assert run("deploy").exit_code == 0
    assert cdk.ran[-1][0] == "deploy"
    assert created == [len(cdk.ran)]


def test_destroy_deletes_the_stacks_of_a_catalog(cdk: Cdk, run: Run) -> None:
    result = run("destroy")
    assert result.stdout == "Deleting from account 123456789012, region us-east-1.\n"
    assert cdk.ran == [SYNTH, ("destroy", "Catalog", "Workers", "Sql", "--app")]


@pytest.mark.parametrize("command", ["deploy", "destroy"])
def test_a_deployed_stack_that_is_not_in_the_settings_is_refused_by_name(
    cdk: Cdk, run: Run, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    workers = {"StackStatus": "UPDATE_COMPLETE", "Description": "reinventure: inspection"}
    deployed(monkeypatch, {"Workers": workers})
    result = run(command)
    assert result.exit_code == 2
    assert result.stderr.startswith("reinventure: the stack Workers is deployed")
    assert cdk.ran == [SYNTH]
    cdk.stacks.append("Workers")
    monkeypatch.setattr(deployment_check, "require_empty_queues", lambda *_: None)
    assert run(command).exit_code == 0


@pytest.mark.parametrize(
    "check", ["require_empty_queues", "require_empty_bucket", "require_own_bucket_once"]
)
def test_deploy_refuses_to_remove_what_is_not_empty(
    cdk: Cdk, run: Run, monkeypatch: pytest.MonkeyPatch, check: str
) -> None:
    def refuse(_: object, assembly: Path) -> None:
        assert (assembly / "Catalog.template.json").exists()
        raise UserError("it is not empty")

    monkeypatch.setattr(deployment_check, check, refuse)
    result = run("deploy")
    assert (result.exit_code, result.stderr) == (2, "reinventure: it is not empty\n")
    assert cdk.ran == [SYNTH]
