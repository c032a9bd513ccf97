"""Which client sends the requests about tables and buckets, and with which configuration."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import NoCredentialsError

from reinventure.aws import catalog_clients, connection
from s3_catalog.aws_api.dynamodb_client import DynamoDB
from s3_catalog.aws_api.signature import Credentials
from s3_catalog.aws_api.version_lister import VersionLister
from tests.unit.aws_api.faulty_server import Answer, faulty_server, reply

SERVICE_OF = catalog_clients.service_of


@pytest.fixture
def user(aws: None, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A user with access keys and a region in the environment, and no more."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setattr(catalog_clients, "service_of", SERVICE_OF)
    return monkeypatch


def both(session: boto3.Session) -> tuple[Any, Any]:
    dynamodb = session.client("dynamodb", config=connection.config())
    s3 = session.client("s3", config=connection.config())
    return catalog_clients.items(session, dynamodb), catalog_clients.versions(session, s3)


def test_our_clients_have_the_configuration_of_the_session(user: pytest.MonkeyPatch) -> None:
    items, versions = both(connection.session(region="eu-west-1"))
    assert isinstance(items, DynamoDB)
    assert isinstance(versions, VersionLister)
    services = {
        "https://dynamodb.eu-west-1.amazonaws.com": items._service,
        "https://photos.s3.eu-west-1.amazonaws.com": versions._service("photos"),
        "https://s3.eu-west-1.amazonaws.com/my.photos": versions._service("my.photos"),
    }
    for url, service in services.items():
        assert service.transport.url == url
        assert (service.transport.connect_timeout, service.transport.read_timeout) == (5, 60)
        assert service.transport.ca_bundle is None
        assert service.attempts == 3
        assert service.region == "eu-west-1"
        assert service.credentials() == Credentials("testing", "testing", None)
    assert [service.name for service in services.values()] == ["dynamodb", "s3", "s3"]


def test_endpoints_and_certificates_are_those_of_the_configuration(
    user: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    configuration = tmp_path / "config"
    configuration.write_text(
        "[profile other]\nregion = eu-west-3\nservices = mine\nca_bundle = /ca.pem\n"
        "aws_access_key_id = other\naws_secret_access_key = secret\n"
        "[services mine]\ndynamodb =\n  endpoint_url = http://127.0.0.1:1\n"
        "s3 =\n  endpoint_url = http://127.0.0.1:2\n"
    )
    user.setenv("AWS_CONFIG_FILE", str(configuration))
    user.delenv("AWS_DEFAULT_REGION")
    session = boto3.Session(profile_name="other")
    items, versions = both(session)
    assert items._service.transport.url == "http://127.0.0.1:1"
    assert items._service.region == "eu-west-3"
    assert versions._service("photos").transport.url == "http://127.0.0.1:2/photos"
    assert items._service.transport.ca_bundle == "/ca.pem"
    assert items._service.credentials() == Credentials("other", "secret")


@pytest.mark.parametrize(
    ("variables", "configuration"),
    [
        ({"HTTPS_PROXY": "http://127.0.0.1:3"}, ""),
        ({"AWS_USE_FIPS_ENDPOINT": "true"}, ""),
        ({"AWS_USE_DUALSTACK_ENDPOINT": "true"}, ""),
        ({}, "use_fips_endpoint = true"),
        ({}, "use_dualstack_endpoint = true"),
    ],
)
def test_boto3_sends_where_ours_do_not_suffice(
    user: pytest.MonkeyPatch, tmp_path: Path, variables: dict[str, str], configuration: str
) -> None:
    file = tmp_path / "config"
    file.write_text(f"[default]\n{configuration}\n")
    for name, value in {**variables, "AWS_CONFIG_FILE": str(file)}.items():
        user.setenv(name, value)
    for client in both(boto3.Session()):
        assert isinstance(client, BaseClient)


def test_boto3_lists_where_there_are_settings_of_s3(
    user: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "config"
    file.write_text("[default]\ns3 =\n  addressing_style = path\n")
    user.setenv("AWS_CONFIG_FILE", str(file))
    assert isinstance(both(boto3.Session())[1], BaseClient)


def test_a_proxy_for_other_hosts_is_none(user: pytest.MonkeyPatch) -> None:
    user.setenv("HTTPS_PROXY", "http://127.0.0.1:3")
    user.setenv("NO_PROXY", "amazonaws.com")
    items, _ = both(boto3.Session())
    assert isinstance(items, DynamoDB)


def test_without_credentials_the_error_is_botocores(user: pytest.MonkeyPatch) -> None:
    session = boto3.Session()
    session.get_credentials = lambda: None  # type: ignore[method-assign]
    assert isinstance(both(session)[0], BaseClient)


def test_credentials_are_refreshed_by_botocore(user: pytest.MonkeyPatch) -> None:
    def until(expiry: str, token: str) -> dict[str, str]:
        return {"access_key": "a", "secret_key": "s", "token": token, "expiry_time": expiry}

    credentials: Any = RefreshableCredentials.create_from_metadata(
        until("2999-01-01T00:00:00Z", "first"),
        lambda: until("2999-01-01T00:00:00Z", "second"),
        "test",
    )
    session = boto3.Session()
    session.get_credentials = lambda: credentials  # type: ignore[method-assign]
    items, _ = both(session)
    assert items._service.credentials() == Credentials("a", "s", "first")
    credentials._expiry_time = datetime(2020, 1, 1, tzinfo=UTC)
    assert items._service.credentials() == Credentials("a", "s", "second")


def test_empty_credentials_are_none(user: pytest.MonkeyPatch) -> None:
    session = boto3.Session()
    items, _ = both(session)
    credentials: Any = session.get_credentials()
    credentials.secret_key = ""
    with pytest.raises(NoCredentialsError):
        items.get_item(TableName="t", Key={})


def test_a_request_is_sent_and_read(user: pytest.MonkeyPatch) -> None:
    with faulty_server() as server:
        user.setenv("AWS_ENDPOINT_URL", server.url)
        items, _ = both(boto3.Session())
        server.script = [Answer(reply(b'{"Item": {"pk": {"S": "a"}}}'))]
        assert items.get_item(TableName="t", Key={}) == {"Item": {"pk": {"S": "a"}}}
        assert "AWS4-HMAC-SHA256 Credential=testing/" in server.requests[0].headers["authorization"]
