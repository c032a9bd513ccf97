"""The AWS clients of functions and worker."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError, NoRegionError

from s3_catalog import clients
from s3_catalog.aws_api.signature import Credentials
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


@pytest.mark.parametrize(("make", "service"), SERVICES.items())
def test_a_client_is_of_its_service_and_fails_early(
    aws: None, make: Callable[..., Any], service: str
) -> None:
    client = make()
    config = client.meta.config
    assert client.meta.service_model.endpoint_prefix == service
    assert (config.connect_timeout, config.read_timeout) == (2, 5)
    assert config.retries == {"mode": "standard", "total_max_attempts": 4}
    assert make(Config(read_timeout=9)).meta.config.read_timeout == 9


def test_all_clients_share_a_session(aws: None) -> None:
    assert clients.session() is clients.session()


KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def test_credentials_are_those_of_the_environment_at_each_request(
    aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for token, expected in (("t", "t"), ("", None)):
        for name, value in zip(KEYS, ("a", "s", token), strict=True):
            monkeypatch.setenv(name, value)
        assert clients._credentials() == Credentials("a", "s", expected)


class Session:
    """botocore's session, with credentials of a role."""

    def __init__(self, found: Any) -> None:
        self._found = found

    def get_credentials(self) -> Any:
        return self._found


def test_credentials_of_a_role_are_renewed_by_botocore(
    aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    tokens = iter("12")

    class Role:
        def get_frozen_credentials(self) -> ReadOnlyCredentials:
            return ReadOnlyCredentials("a", "s", next(tokens))

    monkeypatch.setattr(clients, "session", lambda: Session(Role()))
    assert [clients._credentials().token for _ in range(2)] == ["1", "2"]
    monkeypatch.setattr(clients, "session", lambda: Session(None))
    with pytest.raises(NoCredentialsError):
        clients.dynamodb().get_item(TableName="t", Key={})


@pytest.mark.parametrize("function", [True, False])
def test_a_function_connects_while_it_initializes(
    aws: None, monkeypatch: pytest.MonkeyPatch, function: bool
) -> None:
    if function:
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "ingest")
    with faulty_server() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", server.url)
        client: Any = clients.dynamodb()
        assert len(client._service._transport._idle) == function
        assert client.get_item(TableName="t", Key={}) == {}
        assert server.connections == 1


def test_a_client_needs_a_region(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(NoRegionError):
        clients.s3_versions()


@pytest.mark.parametrize("handler", ["ingest", "totals"])
def test_a_function_of_every_change_starts_without_botocores_clients(handler: str) -> None:
    program = (
        f"import sys; import handlers.{handler}\n"
        "print(*sorted(name for name in sys.modules if name.startswith('botocore.')))"
    )
    environment = {
        **dict.fromkeys(("TABLE_NAME", "TOTALS_TABLE_NAME", "BUCKET_NAME"), "name"),
        "SHARDS": "4",
        "TOTALS_DEPTH": "2",
        "AWS_REGION": "eu-west-1",
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
    assert loaded == ["botocore.exceptions"]
