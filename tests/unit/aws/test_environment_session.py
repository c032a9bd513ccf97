"""The session of environment variables: when it suffices, and its clients beside boto3's."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import boto3
import pytest
from botocore.exceptions import ClientError, ResponseStreamingError

from reinventure.aws import connection, deployed_catalog, deployed_stack, environment_session
from reinventure.aws.environment_session import EnvironmentSession
from reinventure.contract import CatalogOutputs, to_outputs
from reinventure.errors import NoStackError, UserError
from s3_catalog.aws_api.signature import Credentials
from tests.unit.aws_api.faulty_server import Answer, FaultyServer, faulty_server, reply

REGION_OF = environment_session.region_of
KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s"}
COMPLETE = {**KEYS, "AWS_REGION": "eu-west-1"}
OUTPUTS = CatalogOutputs(
    data_key_arn="arn:aws:kms:eu-west-1:123456789012:key/data",
    queue_key_arn="arn:aws:kms:eu-west-1:123456789012:key/queue",
    bucket_name="photos-example",
    table_name="t",
    totals_table_name="tt",
    totals_depth=3,
    shards=4,
    failure_queue_url="f",
    ingest_arn="i",
    changes_topic_arn="c",
    publish_arn="p",
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("variables", "region", "expected"),
    [
        (COMPLETE, None, "eu-west-1"),
        (COMPLETE, "us-gov-west-1", None),
        (COMPLETE, "us-east-2", "us-east-2"),
        (KEYS, "eu-west-3", "eu-west-3"),
        (KEYS, None, None),
        ({**KEYS, "AWS_DEFAULT_REGION": "eu-west-2"}, None, "eu-west-2"),
        ({**COMPLETE, "AWS_DEFAULT_REGION": "eu-west-2"}, None, "eu-west-1"),
        ({**COMPLETE, "AWS_REGION": "cn-north-1"}, None, None),
        ({**COMPLETE, "AWS_REGION": "eu-west-1.example.com/"}, None, None),
        ({**COMPLETE, "AWS_SECRET_ACCESS_KEY": ""}, None, None),
        ({"AWS_REGION": "eu-west-1"}, None, None),
        ({**COMPLETE, "AWS_SESSION_TOKEN": "t", "AWS_PAGER": "cat"}, None, "eu-west-1"),
        ({**COMPLETE, "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:1"}, None, "eu-west-1"),
        ({**COMPLETE, "AWS_CA_BUNDLE": "/ca.pem", "NO_PROXY": "x"}, None, "eu-west-1"),
        ({**COMPLETE, "AWS_PROFILE": ""}, None, "eu-west-1"),
        ({**COMPLETE, "AWS_PROFILE": "x"}, None, None),
        ({**COMPLETE, "AWS_CONFIG_FILE": "/dev/null"}, None, None),
        ({**COMPLETE, "AWS_SHARED_CREDENTIALS_FILE": "x"}, None, None),
        ({**COMPLETE, "AWS_USE_FIPS_ENDPOINT": "true"}, None, None),
        ({**COMPLETE, "AWS_CREDENTIAL_EXPIRATION": "2026-11-26T12:00:00Z"}, None, None),
        ({**COMPLETE, "AWS_OF_LATER": "1"}, None, None),
        ({**COMPLETE, "https_proxy": "http://127.0.0.1:3"}, None, None),
        ({**COMPLETE, "ALL_PROXY": "http://127.0.0.1:3"}, None, None),
    ],
)
def test_it_suffices_where_nothing_needs_boto3(
    home: Path, variables: dict[str, str], region: str | None, expected: str | None
) -> None:
    assert REGION_OF(None, region, variables) == expected
    assert REGION_OF("default", region, variables) is None


@pytest.mark.parametrize("name", ["config", "credentials"])
def test_it_does_not_where_there_are_files_of_configuration(home: Path, name: str) -> None:
    (home / ".aws").mkdir()
    (home / ".aws" / name).write_text("")
    assert REGION_OF(None, None, COMPLETE) is None


def test_a_container_may_have_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_uid: int) -> None:
        raise KeyError

    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", unknown)
    assert REGION_OF(None, None, COMPLETE) == "eu-west-1"


def session(**variables: str) -> EnvironmentSession:
    return EnvironmentSession("eu-west-1", {**COMPLETE, **variables}, boto3.Session)


def test_clients_have_the_configuration_of_the_environment() -> None:
    made: Any = session(AWS_SESSION_TOKEN="t", AWS_CA_BUNDLE="/ca.pem")  # noqa: S106 (no secret)
    services = {
        "https://cloudformation.eu-west-1.amazonaws.com": made.stacks()._service,
        "https://dynamodb.eu-west-1.amazonaws.com": made.items()._service,
        "https://photos.s3.eu-west-1.amazonaws.com": made.versions()._service("photos"),
        "https://s3.eu-west-1.amazonaws.com/my.photos": made.versions()._service("my.photos"),
    }
    for url, service in services.items():
        assert service.transport.url == url
        assert (service.transport.connect_timeout, service.transport.read_timeout) == (5, 60)
        assert service.transport.ca_bundle == "/ca.pem"
        assert (service.attempts, service.region) == (3, "eu-west-1")
        assert service.credentials() == Credentials("a", "s", "t")
        assert f"//{service.name}." in url or f".{service.name}." in url


def test_endpoints_are_those_of_the_environment() -> None:
    made: Any = session(AWS_ENDPOINT_URL="http://e", AWS_ENDPOINT_URL_S3="http://s3")
    assert made.stacks()._service.transport.url == "http://e"
    assert made.items()._service.transport.url == "http://e"
    assert made.versions()._service("photos").transport.url == "http://s3/photos"


def test_boto3_has_everything_else() -> None:
    made: Any = session()
    assert made.client("sqs", region_name="eu-west-1").meta.service_model.service_name == "sqs"
    assert isinstance(made.get_available_services(), list)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("AWS_ENDPOINT_URL", "127.0.0.1:1", "AWS_ENDPOINT_URL is '127.0.0.1:1': use a URL"),
        ("AWS_CA_BUNDLE", "/no/such", "AWS_CA_BUNDLE is '/no/such', which cannot be used"),
        ("REQUESTS_CA_BUNDLE", "/no/such", "REQUESTS_CA_BUNDLE is '/no/such', which cannot be"),
    ],
)
def test_a_mistake_in_the_environment_is_explained_as_with_boto3(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(name, value)
    for region in (None, "eu-west-1"):
        monkeypatch.setattr(environment_session, "region_of", lambda *_, found=region: found)
        with pytest.raises(UserError, match=f"^{reason}"):
            connection.session()


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with faulty_server() as server:
        yield server


def described(outputs: dict[str, str], description: str = "reinventure: it") -> bytes:
    members = "".join(
        f"<member><OutputKey>{key}</OutputKey><OutputValue>{escape(value)}</OutputValue>"
        "<Description>its</Description></member>"
        for key, value in outputs.items()
    )
    return (
        '<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">'
        "<DescribeStacksResult><Stacks><member><StackName>Mine &amp; co</StackName>"
        "<CreationTime>2026-11-26T12:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus>"
        f"<Description>{description}</Description><Outputs>{members}</Outputs>"
        "<Tags><member><Key>a</Key><Value>b</Value></member></Tags></member></Stacks>"
        "</DescribeStacksResult></DescribeStacksResponse>"
    ).encode()


MISSING = (
    b"<ErrorResponse xmlns='http://cloudformation.amazonaws.com/doc/2010-05-15/'><Error>"
    b"<Type>Sender</Type><Code>ValidationError</Code>"
    b"<Message>Stack with id Mine does not exist</Message></Error></ErrorResponse>"
)


def both(server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The session of the environment and boto3's, for the same server."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    return [session(AWS_ENDPOINT_URL=server.url), boto3.Session(region_name="eu-west-1")]


@pytest.mark.parametrize("attached", [None, "logs-prod/a%C3%A9/,b<&>"])
def test_a_stack_is_read_like_boto3s(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch, attached: str | None
) -> None:
    outputs = replace(OUTPUTS, attached_buckets=attached)
    for made in both(server, monkeypatch):
        server.script = [Answer(reply(described({**to_outputs(outputs), "Another": ""})))]
        assert deployed_catalog.find(made, "Mine & co").outputs == outputs
    asked = [parse_qs(request.body.decode()) for request in server.requests]
    assert asked[0] == asked[1]
    assert asked[0]["StackName"] == ["Mine & co"]
    assert "/eu-west-1/cloudformation/aws4_request" in server.requests[0].headers["authorization"]


@pytest.mark.parametrize(
    ("body", "status", "error", "message"),
    [
        (MISSING, "400 Bad Request", NoStackError, "no stack 'Mine' in region eu-west-1"),
        (MISSING.replace(b"ValidationError", b"AccessDenied").replace(b"does not", b"can not"),
         "403 Forbidden", ClientError, r"\(AccessDenied\) when calling the DescribeStacks"),
        (described({}), "200 OK", NoStackError, "stack 'Mine' is not a Catalog stack"),
        (described({"DataKeyArn": "x"}), "200 OK", UserError, "output QueueKeyArn is missing"),
    ],
)  # fmt: skip
def test_an_error_is_that_of_boto3s(
    server: FaultyServer,
    monkeypatch: pytest.MonkeyPatch,
    body: bytes,
    status: str,
    error: type[Exception],
    message: str,
) -> None:
    for made in both(server, monkeypatch):
        server.script = [Answer(reply(body, status))]
        with pytest.raises(error, match=message) as raised:
            deployed_catalog.find(made, "Mine")
        assert type(raised.value) is error


@pytest.mark.parametrize("body", [b"", b"{}", b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>"])
def test_a_damaged_reply_is_an_error(server: FaultyServer, body: bytes) -> None:
    server.script = [Answer(reply(body))] * 3
    client = session(AWS_ENDPOINT_URL=server.url).stacks()
    client._service.sleep = lambda _: None  # type: ignore[attr-defined]
    with pytest.raises(ResponseStreamingError):
        deployed_stack.describe(client, "Mine")
    assert len(server.requests) == 3
