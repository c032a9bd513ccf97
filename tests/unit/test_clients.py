"""The AWS clients of functions and worker."""

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.client
import botocore.session
import pytest
from botocore.config import Config

from s3_catalog import clients
from s3_catalog.aws_api.dynamodb_client import DynamoDB
from s3_catalog.aws_api.signature import Credentials
from s3_catalog.aws_api.version_lister import VersionLister
from tests.assembly import ROOT
from tests.unit.aws_api.faulty_server import faulty_server

SERVICES = {
    clients.cloudwatch: "monitoring",
    clients.codedeploy: "codedeploy",
    clients.dynamodb_tables: "dynamodb",
    clients.lambda_: "lambda",
    clients.rds_data: "rds-data",
    clients.s3: "s3",
    clients.secretsmanager: "secretsmanager",
    clients.sns: "sns",
    clients.sqs: "sqs",
}


def check_time_outs(client: Any) -> None:
    config = client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (2, 5)
    assert config.retries == {"mode": "standard", "total_max_attempts": 4}


@pytest.mark.parametrize(("make", "service"), SERVICES.items())
def test_a_client_is_of_its_service_and_fails_early(
    aws: None, make: Callable[..., Any], service: str
) -> None:
    client = make()
    check_time_outs(client)
    assert client.meta.service_model.endpoint_prefix == service
    assert make(Config(read_timeout=9)).meta.config.read_timeout == 9


def test_all_clients_share_a_session(aws: None) -> None:
    assert clients.session() is clients.session()


FUNCTION = {
    "AWS_LAMBDA_FUNCTION_NAME": "ingest",
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "s",
    "AWS_SESSION_TOKEN": "t",
    # No connection is made to the real one.
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
}


def in_function(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name in os.environ:
        if (
            name.startswith("AWS_")
            or name == "REQUESTS_CA_BUNDLE"
            or name.lower().endswith("proxy")
        ):
            monkeypatch.delenv(name)
    for name, value in {**FUNCTION, **variables}.items():
        monkeypatch.setenv(name, value)


def test_in_a_function_items_and_versions_have_clients_of_our_own(
    aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_function(monkeypatch)
    dynamodb: Any = clients.dynamodb()
    versions: Any = clients.s3_versions()
    assert isinstance(dynamodb, DynamoDB)
    assert isinstance(versions, VersionLister)
    for service in (dynamodb._service, versions._service("photos")):
        assert (service.transport.connect_timeout, service.transport.read_timeout) == (2, 5)
        assert service.transport.ca_bundle is None
        assert service.attempts == 4
        assert service.region == "eu-west-1"
        assert service.credentials() == Credentials("a", "s", "t")
    assert versions._service("photos") is versions._service("photos")
    assert versions._service("photos").transport.url == "http://127.0.0.1:1/photos"


def test_a_bucket_has_a_host_of_its_own(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    in_function(monkeypatch)
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    versions: Any = clients.s3_versions()
    assert versions._service("photos").transport.host == "photos.s3.eu-west-1.amazonaws.com"


@pytest.mark.parametrize("name", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_the_bundle_of_certificates_is_the_environments(
    aws: None, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    in_function(monkeypatch, AWS_SESSION_TOKEN="", **{name: "/ca.pem"})
    service = clients.s3_versions()._service("b")  # type: ignore[attr-defined]
    assert service.transport.ca_bundle == "/ca.pem"
    assert service.credentials() == Credentials("a", "s", None)


@pytest.mark.parametrize(
    "variables",
    [
        {"AWS_ACCESS_KEY_ID": ""},
        {"AWS_SECRET_ACCESS_KEY": ""},
        {"AWS_REGION": "cn-north-1"},
        {"AWS_REGION": "us-gov-west-1"},
        {"AWS_REGION": "us-iso-east-1"},
        {"HTTPS_PROXY": "http://127.0.0.1:3"},
        {"https_proxy": "http://127.0.0.1:3"},
        {"AWS_USE_FIPS_ENDPOINT": "true"},
        {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
        {"AWS_CONFIG_FILE": "/opt/config"},
        {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
        {"AWS_LAMBDA_FUNCTION_NAME": None},
    ],
    ids=str,
)
def test_what_our_client_does_not_have_is_left_to_botocore(
    aws: None, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str | None]
) -> None:
    in_function(monkeypatch)
    for name, value in variables.items():
        if value is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)
    monkeypatch.setattr(clients, "session", botocore.session.Session)
    monkeypatch.setattr(botocore.session.Session, "create_client", lambda _, name, **__: name)
    assert clients.dynamodb() == "dynamodb"  # type: ignore[comparison-overlap]
    assert clients.s3_versions() == "s3"  # type: ignore[comparison-overlap]


@pytest.mark.parametrize("partition", botocore.session.Session().get_available_partitions())
def test_regions_of_our_client_are_those_of_the_partition_aws(
    aws: None, monkeypatch: pytest.MonkeyPatch, partition: str
) -> None:
    in_function(monkeypatch)
    for region in botocore.session.Session().get_available_regions("dynamodb", partition):
        monkeypatch.setenv("AWS_REGION", region)
        assert (clients._service("dynamodb") is not None) is (partition == "aws"), region


def test_outside_of_functions_a_client_of_the_table_fails_early(aws: None) -> None:
    for client in (clients.dynamodb(), clients.s3_versions()):
        assert isinstance(client, botocore.client.BaseClient)
        check_time_outs(client)


def test_a_function_connects_while_it_initializes(
    aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty_server() as server:
        in_function(monkeypatch, AWS_ENDPOINT_URL_DYNAMODB=server.url)
        client: Any = clients.dynamodb()
        assert len(client._service.transport._idle) == 1
        assert client.get_item(TableName="t", Key={}) == {}
        assert server.connections == 1


CALLS = re.compile(r"\b(?:client|dynamodb)\.([a-z_]+)\(")


def test_our_client_has_every_operation_that_its_users_call() -> None:
    called = {
        name
        for folder in ("correction.py", "reconciliation", "table", "totals", "ingestion")
        for path in (ROOT / "lambdas" / "s3_catalog" / folder, *_modules(folder))
        if path.is_file()
        for name in CALLS.findall(path.read_text())
    } - {"list_objects_v2"}  # Of botocore's client of S3, before ranges are compared.
    assert {"put_item", "query", "transact_write_items"} <= called
    assert {name for name in called if not hasattr(DynamoDB, name)} == set()


def _modules(folder: str) -> list[Path]:
    return sorted((ROOT / "lambdas" / "s3_catalog" / folder).glob("*.py"))


def test_the_test_before_traffic_has_all_operations(
    aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_function(monkeypatch, AWS_DEFAULT_REGION="eu-west-1")
    module = importlib.reload(importlib.import_module("handlers.pre_traffic"))
    assert isinstance(module._dynamodb, botocore.client.BaseClient)


@pytest.mark.parametrize("handler", ["ingest", "totals"])
def test_a_function_of_every_change_starts_without_botocores_clients(handler: str) -> None:
    program = (
        f"import sys; import handlers.{handler}\n"
        "unwanted = ('boto', 'urllib3', 'xml')\n"
        "print(*sorted(name for name in sys.modules if name.startswith(unwanted)))"
    )
    environment = {
        **FUNCTION,
        **dict.fromkeys(("TABLE_NAME", "TOTALS_TABLE_NAME", "BUCKET_NAME"), "name"),
        "SHARDS": "4",
        "TOTALS_DEPTH": "2",
        "PYTHONPATH": str(ROOT / "lambdas"),
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = [name for name in done.stdout.split() if ".vendored" not in name]
    assert loaded == ["botocore", "botocore.exceptions"]
