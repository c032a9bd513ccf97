"""Requests to a server with faults: what is retried, how often, and what is raised."""

import json
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from pathlib import Path
from zlib import crc32

import pytest
import trustme
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
    ResponseStreamingError,
    SSLError,
)

from s3_catalog.aws_api.dynamodb_client import DynamoDB
from s3_catalog.aws_api.http_transport import Request, Transport
from s3_catalog.aws_api.service import Service
from s3_catalog.aws_api.signature import Credentials
from tests.unit.aws_api.faulty_server import OK, Answer, FaultyServer, faulty_server, reply

SECRETS = Credentials("AKIDEXAMPLE", "the-secret-key", "the-session-token")


def error(code: str, status: str = "400 Bad Request", *headers: str) -> Answer:
    content = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "why"}
    return Answer(reply(json.dumps(content).encode(), status, *headers))


class Client:
    """A client of `url`, and the pauses that it made."""

    def __init__(self, url: str, attempts: int = 4, ca_bundle: str | None = None) -> None:
        self.pauses: list[float] = []
        self.transport = Transport(url, 2, 0.3, ca_bundle)
        self.dynamodb = DynamoDB(
            Service(
                "dynamodb",
                "eu-west-1",
                lambda: SECRETS,
                self.transport,
                attempts=attempts,
                sleep=self.pauses.append,
            )
        )

    def get(self) -> dict[str, object]:
        reply: dict[str, object] = self.dynamodb.get_item(TableName="t", Key={"pk": {"S": "a"}})
        return reply


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with faulty_server() as server:
        yield server


TRANSIENT = {
    "500": error("InternalServerError", "500 Internal Server Error"),
    "503": error("ServiceUnavailable", "503 Service Unavailable"),
    "503 of a proxy": Answer(reply(b"<html>busy</html>", "503 Service Unavailable")),
    "502 without a body": Answer(reply(b"", "502 Bad Gateway")),
    "throttled": error("ThrottlingException"),
    "throughput": error("ProvisionedThroughputExceededException"),
    "reset": Answer(then="reset"),
    "closed": Answer(then="close"),
    "truncated": Answer(reply(b'{"Item"', length=100), "close"),
    "reset within": Answer(reply(b'{"Item"', length=100), "reset"),
    "shorter than sent": Answer(reply(b'{"Item": {}}', length=7)),
    "no HTTP": Answer(b"\x16\x03\x01 what\r\n\r\n", "close"),
    "status alone": Answer(b"HTTP/1.1 200", "close"),
    "no JSON": Answer(reply(b"<html/>")),
    "no object": Answer(reply(b"[]")),
    "checksum": Answer(reply(b"{}", "200 OK", "x-amz-crc32: 1")),
    "slow": Answer(then="hang"),
    "slow body": Answer(reply(b'{"Item"', length=100), "hang"),
}


@pytest.mark.parametrize("fault", TRANSIENT)
def test_a_transient_fault_is_retried_on_a_connection_that_works(
    server: FaultyServer, fault: str
) -> None:
    client = Client(server.url)
    server.script = [TRANSIENT[fault], TRANSIENT[fault], Answer(reply(b'{"Item": {}}'))]
    assert client.get() == {"Item": {}}
    assert len(server.requests) == 3
    assert len(client.pauses) == 2
    assert 0 <= client.pauses[0] <= 1
    assert 0 <= client.pauses[1] <= 2


RAISED: dict[str, type[Exception]] = {
    **dict.fromkeys(TRANSIENT, ClientError),
    **dict.fromkeys(("reset", "closed", "truncated", "reset within"), ConnectionClosedError),
    "no HTTP": ConnectionClosedError,
    **dict.fromkeys(("status alone", "shorter than sent"), ResponseStreamingError),
    **dict.fromkeys(("no JSON", "no object", "checksum"), ResponseStreamingError),
    **dict.fromkeys(("slow", "slow body"), ReadTimeoutError),
}


@pytest.mark.parametrize("fault", TRANSIENT)
def test_the_last_fault_is_raised_without_secrets(server: FaultyServer, fault: str) -> None:
    server.script = [TRANSIENT[fault]] * 4
    with pytest.raises(RAISED[fault]) as raised:
        Client(server.url).get()
    assert len(server.requests) == 4
    assert "the-s" not in f"{raised.value!r} {raised.value} {vars(raised.value)}"


@pytest.mark.parametrize("code", ["ValidationException", "AccessDeniedException", "ExpiredToken"])
def test_a_refusal_is_raised_at_once(server: FaultyServer, code: str) -> None:
    server.script = [error(code, "400 Bad Request", "x-amzn-RequestId: id")]
    with pytest.raises(ClientError) as raised:
        Client(server.url).get()
    assert len(server.requests) == 1
    assert raised.value.operation_name == "GetItem"
    assert raised.value.response["Error"] == {"Code": code, "Message": "why"}
    assert raised.value.response["ResponseMetadata"]["RequestId"] == "id"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_redirection_is_an_error(server: FaultyServer) -> None:
    server.script = [Answer(reply(b"", "301 Moved Permanently", "location: http://127.0.0.1:1/"))]
    with pytest.raises(ClientError) as raised:
        Client(server.url).get()
    assert raised.value.response["Error"]["Code"] == "301"


def test_a_right_checksum_is_accepted(server: FaultyServer) -> None:
    server.script = [Answer(reply(b"{}", "200 OK", f"x-amz-crc32: {crc32(b'{}')}"))]
    assert Client(server.url, attempts=1).get() == {}


def test_a_chunked_reply_is_read_to_its_end(server: FaultyServer) -> None:
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    server.script = [
        Answer(head + b'5\r\n{"Ite\r\n', "close"),
        Answer(head + b'5\r\n{"Ite\r\n7\r\nm": {}}\r\n0\r\n\r\n'),
    ]
    client = Client(server.url)
    assert client.get() == {"Item": {}}
    assert client.get() == {}
    assert server.connections == 2


def test_a_repeated_transaction_has_one_effect(server: FaultyServer) -> None:
    client = Client(server.url).dynamodb
    server.script = [Answer(then="reset")]
    for token in ({}, {}, {"ClientRequestToken": "mine"}):
        client.transact_write_items(TransactItems=[], **token)
    tokens = [json.loads(request.body)["ClientRequestToken"] for request in server.requests]
    assert tokens[0] == tokens[1] != tokens[2]
    assert {len(token) for token in tokens[:3]} == {32}
    assert tokens[3:] == ["mine"]


def test_requests_share_a_connection(server: FaultyServer) -> None:
    client = Client(server.url)
    for _ in range(5):
        client.get()
    assert server.connections == 1
    [idle] = client.transport._idle
    assert idle.sock.gettimeout() == 0.3  # That of reading, not of connecting.


def test_each_attempt_has_the_credentials_of_its_moment(server: FaultyServer) -> None:
    keys = iter("ab")
    client = Client(server.url)
    client.dynamodb._service.credentials = lambda: Credentials(next(keys), "secret")
    server.script = [Answer(then="reset")]
    client.get()
    headers = [request.headers["authorization"] for request in server.requests]
    assert ["Credential=a/" in headers[0], "Credential=b/" in headers[1]] == [True, True]


def test_a_connection_may_be_opened_before_the_first_request(server: FaultyServer) -> None:
    client = Client(server.url)
    client.transport.connect()
    [early] = client.transport._idle
    client.get()
    assert list(client.transport._idle) == [early]
    assert server.connections == 1


def test_an_early_connection_that_fails_leaves_the_error_to_the_request() -> None:
    with faulty_server() as server:
        url = server.url
    client = Client(url, attempts=1)
    client.transport.connect()
    with pytest.raises(EndpointConnectionError):
        client.get()


def test_threads_have_connections_of_their_own_which_are_kept(server: FaultyServer) -> None:
    client = Client(server.url)
    for _ in range(3):
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(lambda _: client.get(), range(40))) == [{}] * 40
    assert server.connections <= 4


@pytest.mark.parametrize("then", ["close", "reset"])
def test_a_connection_that_the_server_closes_meanwhile_costs_an_attempt(
    server: FaultyServer, then: str
) -> None:
    client = Client(server.url, attempts=2)
    client.get()
    server.script = [Answer(then=then)]
    assert client.get() == {}
    assert len(client.pauses) == 1
    assert len(server.requests) == 3
    assert server.connections == 2


def test_an_idle_connection_that_was_closed_gets_no_request(server: FaultyServer) -> None:
    client = Client(server.url, attempts=1)
    server.script = [Answer(reply(), "close")]
    client.get()
    [idle] = client.transport._idle
    idle.sock.settimeout(5)
    assert idle.sock.recv(1, socket.MSG_PEEK) == b""  # The end has arrived.
    assert client.get() == {}
    assert len(server.requests) == 2


def test_a_connection_is_not_kept_where_the_server_closes_it(server: FaultyServer) -> None:
    server.script = [Answer(reply(b"{}", "200 OK", "connection: close"), "close")]
    client = Client(server.url, attempts=1)
    client.get()
    assert not client.transport._idle


def test_a_budget_ends_the_retries_of_a_service_that_fails_for_long(server: FaultyServer) -> None:
    client = Client(server.url)
    server.script = [error("InternalServerError", "500 Internal Server Error")] * 1000
    for _ in range(40):
        with pytest.raises(ClientError):
            client.get()
    assert len(client.pauses) == 100  # 500 tokens, 5 a retry.
    assert len(server.requests) == 140
    server.script = []
    for _ in range(5):
        client.get()
    server.script = [error("ThrottlingException")]
    assert client.get() == {}
    assert len(client.pauses) == 101


@pytest.mark.parametrize("code", ["InvalidSignatureException", "RequestTimeTooSkewed"])
@pytest.mark.parametrize("seconds", [-3600, 3600])
def test_a_wrong_clock_is_corrected_by_the_services(
    server: FaultyServer, code: str, seconds: float
) -> None:
    there = time.time() + seconds
    client = Client(server.url)
    server.script = [error(code, "400 Bad Request", f"Date: {formatdate(there, usegmt=True)}")]
    assert client.get() == {}
    assert client.get() == {}
    assert len(client.pauses) == 1
    assert len(server.requests) == 3
    for request in server.requests[1:]:
        sent = time.strptime(request.headers["x-amz-date"] + " UTC", "%Y%m%dT%H%M%SZ %Z")
        assert abs(time.mktime(sent) - time.mktime(time.gmtime(there))) < 60


def test_a_wrong_signature_at_the_right_time_is_raised(server: FaultyServer) -> None:
    date = f"Date: {formatdate(usegmt=True)}"
    server.script = [error("InvalidSignatureException", "400 Bad Request", date)]
    with pytest.raises(ClientError, match="InvalidSignatureException"):
        Client(server.url).get()
    assert len(server.requests) == 1


def test_a_message_has_no_token_even_if_the_service_repeats_it(server: FaultyServer) -> None:
    message = "The Canonical String should have been 'x-amz-security-token:the-session-token'"
    content = {"__type": "InvalidSignatureException", "message": message}
    server.script = [Answer(reply(json.dumps(content).encode(), "400 Bad Request"))]
    with pytest.raises(ClientError) as raised:
        Client(server.url).get()
    assert "x-amz-security-token:..." in str(raised.value)
    assert "the-session-token" not in f"{raised.value} {raised.value.response}"


def test_a_header_with_a_line_break_is_not_sent_and_not_shown(server: FaultyServer) -> None:
    transport = Transport(server.url, 2, 2)
    with pytest.raises(HTTPClientError) as raised:
        transport.send(Request("GET", headers={"x-amz-security-token": "the-token\r\nx: y"}))
    assert "the-token" not in str(raised.value)
    assert server.requests == []


def test_no_endpoint_and_one_that_does_not_answer() -> None:
    with faulty_server() as server:
        url = server.url
    client = Client(url, attempts=2)
    with pytest.raises(EndpointConnectionError):
        client.get()
    assert len(client.pauses) == 1
    with pytest.raises(EndpointConnectionError):
        Client("http://no-such-host.invalid", attempts=1).get()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def serving(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def test_tls_with_a_trusted_certificate(authority: trustme.CA, trusted: str) -> None:
    with faulty_server(serving(authority, "127.0.0.1")) as server:
        client = Client(server.url, ca_bundle=trusted)
        assert client.get() == {}
        server.script = [Answer(then="close"), OK]
        assert client.get() == {}
        assert client.get() == {}
        assert len(client.pauses) == 1
        assert server.connections == 2


@pytest.mark.parametrize("size", [0, 5_000, 12_000, 100_000])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_more_than_the_reply_is_not_taken_for_the_next_one(
    authority: trustme.CA, trusted: str, scheme: str, size: int
) -> None:
    tls = serving(authority, "127.0.0.1") if scheme == "https" else None
    first = json.dumps({"a": "a" * size}).encode()
    with faulty_server(tls) as server:
        client = Client(server.url, attempts=1, ca_bundle=trusted)
        server.script = [Answer(reply(first) + reply(b'{"of": "another"}') * 180)]
        assert client.get() == {"a": "a" * size}
        assert client.get() == {}


@pytest.mark.parametrize(
    ("names", "ca"),
    [
        (("127.0.0.1",), lambda _: None),
        (("example.com",), lambda trusted: trusted),
    ],
    ids=["of an unknown authority", "of another host"],
)
def test_a_certificate_that_is_not_trusted_gets_no_request(
    authority: trustme.CA,
    trusted: str,
    names: tuple[str, ...],
    ca: Callable[[str], str | None],
) -> None:
    with faulty_server(serving(authority, *names)) as server:
        client = Client(server.url, ca_bundle=ca(trusted))
        with pytest.raises(SSLError):
            client.get()
        assert server.requests == []
        assert client.pauses == []


def test_a_connection_attempt_has_a_time_out() -> None:
    # Its queue of connections is full, so it never accepts another one.
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        transport = Transport(f"http://127.0.0.1:{address[1]}", 0.2, 2)
        with pytest.raises(ConnectTimeoutError):
            transport.send(Request("GET"))
        for one in waiting:
            one.close()


def test_threads_that_connect_at_once_load_the_certificates_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bundle = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(bundle))
    load, loaded = ssl.create_default_context, list[str]()

    def slowly(cafile: str) -> ssl.SSLContext:
        loaded.append(cafile)
        time.sleep(0.05)
        return load(cafile=cafile)

    monkeypatch.setattr(ssl, "create_default_context", slowly)
    transport = Transport("https://127.0.0.1:9", 1, 1, str(bundle))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: transport.connect(), range(8)))
    assert loaded == [str(bundle)]
