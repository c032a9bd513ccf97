"""The pre-traffic test with real functions on the local cloud: correct ones and broken ones."""

import importlib
import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pytest

from reinventure.aws.deployed_catalog import DeployedCatalog
from s3_catalog import clients
from s3_catalog.exceptions import PreTrafficTestError
from s3_catalog.model.row import TEST_BUCKET
from tests.doubles import Context

LAMBDAS = Path(__file__).parents[2] / "lambdas"
HOOK = {"DeploymentId": "d-ABCDEF", "LifecycleEventHookExecutionId": "eyJhbGciOi"}

RIGHT = 'EVENT_IS_NEWER = "sequencer < :sequencer"'
WRONG = 'EVENT_IS_NEWER = "sequencer <> :sequencer"'
"""A clause of the write rule, and one that accepts a put that is older than a delete."""


@pytest.fixture
def publish(
    session: boto3.Session, catalog: DeployedCatalog
) -> Iterator[Callable[[Callable[[str], str]], str]]:
    """A function that makes a version of `ingest` with changed code, and returns its ARN.

    It has the role and the environment of the deployed one.
    """
    client = session.client("lambda")
    deployed = client.get_function_configuration(FunctionName=catalog.outputs.ingest_arn)

    def make(change: Callable[[str], str]) -> str:
        made = client.create_function(
            FunctionName="ingest-candidate",
            Runtime="python3.13",
            Role=deployed["Role"],
            Handler="handlers.ingest.handler",
            Code={"ZipFile": packed(change)},
            Environment={"Variables": deployed["Environment"]["Variables"]},
            Timeout=30,
            Publish=True,
        )
        return made["FunctionArn"]

    yield make
    with suppress(client.exceptions.ResourceNotFoundException):
        client.delete_function(FunctionName="ingest-candidate")


def packed(change: Callable[[str], str]) -> bytes:
    """lambdas/ as a zip file, with the conditions of writes changed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in LAMBDAS.rglob("*.py"):
            text = path.read_text()
            archive.writestr(
                path.relative_to(LAMBDAS).as_posix(),
                change(text) if path.name == "conditions.py" else text,
            )
    return buffer.getvalue()


@pytest.fixture
def run_hook(
    session: boto3.Session, catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], list[str]]:
    """A function that runs the hook for a version, and returns what it reported to CodeDeploy.

    The local cloud has no CodeDeploy, and it drops the key of a table that a template creates. The
    hook's other calls go to the local cloud.
    """
    key = session.client("kms").create_key()["KeyMetadata"]["Arn"]
    catalog.dynamodb.update_table(
        TableName=catalog.table,
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
    )
    monkeypatch.setenv("TABLE_NAME", catalog.table)
    monkeypatch.setenv("SHARDS", str(catalog.outputs.shards))
    monkeypatch.setenv("KEY_ARN", key)
    reported: list[str] = []

    def answer(params: Any, **_: object) -> Any:
        reported.append(params["body"].decode())
        return type("Http", (), {"status_code": 200}), {}

    def run(version: str) -> list[str]:
        monkeypatch.setenv("VERSION_ARN", version)
        clients.session.cache_clear()  # It may have the credentials of an earlier test.
        hook: Any = importlib.reload(importlib.import_module("handlers.pre_traffic"))
        hook._codedeploy.meta.events.register("before-call.codedeploy", answer)
        try:
            hook.handler(HOOK, Context(300_000))
        except PreTrafficTestError as error:
            reported.append(str(error))
        return reported

    return run


def rows_of_the_test(catalog: DeployedCatalog) -> list[Any]:
    items = catalog.dynamodb.scan(TableName=catalog.table)["Items"]
    return [item for item in items if item["pk"]["S"].startswith(TEST_BUCKET)]


def test_a_correct_version_passes(
    publish: Callable[[Callable[[str], str]], str],
    run_hook: Callable[[str], list[str]],
    catalog: DeployedCatalog,
) -> None:
    [reported] = run_hook(publish(lambda text: text))
    assert '"status": "Succeeded"' in reported
    assert rows_of_the_test(catalog) == []
    assert not [row for row in catalog.rows(consistent=True) if row.bucket == TEST_BUCKET]


def test_a_version_that_breaks_the_write_rule_fails(
    publish: Callable[[Callable[[str], str]], str],
    run_hook: Callable[[str], list[str]],
    catalog: DeployedCatalog,
) -> None:
    def break_it(text: str) -> str:
        assert text.count(RIGHT) == 1
        return text.replace(RIGHT, WRONG)

    reported, why = run_hook(publish(break_it))
    assert '"status": "Failed"' in reported
    assert why.startswith("an older delete: expected")
    assert rows_of_the_test(catalog) == []


def test_a_version_that_does_not_start_fails(
    publish: Callable[[Callable[[str], str]], str], run_hook: Callable[[str], list[str]]
) -> None:
    reported, why = run_hook(publish(lambda _: "import a_package_that_was_forgotten"))
    assert '"status": "Failed"' in reported
    assert "a_package_that_was_forgotten" in why


def test_the_deployed_version_passes_and_changes_no_row(
    run_hook: Callable[[str], list[str]], catalog: DeployedCatalog
) -> None:
    before = list(catalog.rows(consistent=True))
    [reported] = run_hook(catalog.outputs.ingest_arn)
    assert '"status": "Succeeded"' in reported
    assert list(catalog.rows(consistent=True)) == before
