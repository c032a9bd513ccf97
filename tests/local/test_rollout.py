"""The hook of CodeDeploy tries real functions in the local cloud: a good one, and a broken one."""

import importlib
import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from reinventure.aws.deployed_catalog import DeployedCatalog
from s3_catalog import clients
from s3_catalog.errors import PreTrafficTestError
from s3_catalog.model.row import TEST_BUCKET

LAMBDAS = Path(__file__).parents[2] / "lambdas"
HOOK = {"DeploymentId": "d-ABCDEF", "LifecycleEventHookExecutionId": "eyJhbGciOi"}

RIGHT = '"attribute_not_exists(sequencer) OR (sequencer < :sequencer"'
WRONG = '"attribute_not_exists(sequencer) OR (sequencer <> :sequencer"'
"""The rule itself, and what lets a delete be overtaken by a put from before it."""


class Context:
    """Lambda, with five minutes to go."""

    def get_remaining_time_in_millis(self) -> int:
        return 300_000


@pytest.fixture
def publish(
    session: boto3.Session, catalog: DeployedCatalog
) -> Iterator[Callable[[Callable[[str], str]], str]]:
    """A function that makes a version of `ingest`, its rule changed, and returns its ARN.

    It has the role and the environment of the deployed one.
    """
    client = session.client("lambda")
    deployed = client.get_function_configuration(FunctionName=catalog.outputs.ingest_arn)

    def make(change: Callable[[str], str]) -> str:
        made = client.create_function(
            FunctionName="ingest-on-trial",
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
    client.delete_function(FunctionName="ingest-on-trial")


def packed(change: Callable[[str], str]) -> bytes:
    """lambdas/ as a zip file, with the module that holds the rule changed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in LAMBDAS.rglob("*.py"):
            text = path.read_text()
            archive.writestr(
                path.relative_to(LAMBDAS).as_posix(),
                change(text) if path.name == "store.py" else text,
            )
    return buffer.getvalue()


@pytest.fixture
def judge(
    session: boto3.Session, catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], list[str]]:
    """A function that has the hook judge a version, and returns what CodeDeploy was told.

    The local cloud has no CodeDeploy, and forgets the key of a template's table until it is told
    again. All else that the hook asks is asked of it.
    """
    key = session.client("kms").create_key()["KeyMetadata"]["Arn"]
    catalog.dynamodb.update_table(
        TableName=catalog.table,
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
    )
    monkeypatch.setenv("TABLE_NAME", catalog.table)
    monkeypatch.setenv("SHARDS", str(catalog.outputs.shards))
    monkeypatch.setenv("KEY_ARN", key)
    told: list[str] = []

    def answer(params: Any, **_: object) -> Any:
        told.append(params["body"].decode())
        return type("Http", (), {"status_code": 200}), {}

    def ask(version: str) -> list[str]:
        monkeypatch.setenv("VERSION_ARN", version)
        clients.session.cache_clear()  # It may have the credentials of an earlier test.
        hook: Any = importlib.reload(importlib.import_module("handlers.pre_traffic"))
        hook._codedeploy.meta.events.register("before-call.codedeploy", answer)
        try:
            hook.handler(HOOK, Context())
        except PreTrafficTestError as error:
            told.append(str(error))
        return told

    return ask


def left_of_the_trial(catalog: DeployedCatalog) -> list[Any]:
    items = catalog.dynamodb.scan(TableName=catalog.table)["Items"]
    return [item for item in items if item["pk"]["S"].startswith(TEST_BUCKET)]


def test_a_version_that_is_right_may_be_sent_events(
    publish: Callable[[Callable[[str], str]], str],
    judge: Callable[[str], list[str]],
    catalog: DeployedCatalog,
) -> None:
    [told] = judge(publish(lambda text: text))
    assert '"status": "Succeeded"' in told
    assert left_of_the_trial(catalog) == []
    assert not [row for row in catalog.rows(consistent=True) if row.bucket == TEST_BUCKET]


def test_a_version_that_breaks_the_rule_may_not(
    publish: Callable[[Callable[[str], str]], str],
    judge: Callable[[str], list[str]],
    catalog: DeployedCatalog,
) -> None:
    def break_it(text: str) -> str:
        assert text.count(RIGHT) == 1
        return text.replace(RIGHT, WRONG)

    told, why = judge(publish(break_it))
    assert '"status": "Failed"' in told
    assert why.startswith("an older delete: expected")
    assert left_of_the_trial(catalog) == []


def test_a_version_that_does_not_start_may_not(
    publish: Callable[[Callable[[str], str]], str], judge: Callable[[str], list[str]]
) -> None:
    told, why = judge(publish(lambda _: "import a_package_that_was_forgotten"))
    assert '"status": "Failed"' in told
    assert "a_package_that_was_forgotten" in why


def test_what_is_deployed_passes(
    judge: Callable[[str], list[str]], catalog: DeployedCatalog
) -> None:
    before = list(catalog.rows(consistent=True))
    [told] = judge(catalog.outputs.ingest_arn)
    assert '"status": "Succeeded"' in told
    assert list(catalog.rows(consistent=True)) == before
