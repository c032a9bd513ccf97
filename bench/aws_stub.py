"""A stub of AWS on the loopback, with TLS: it answers at once, so that the client is measured.

It has the objects and rows of `bench.stub_rows`. Whatever is written there is accepted and
forgotten. Of the table `EXISTING` every key has a row, of all others none: so a batch of PartiQL
statements is refused where DynamoDB would refuse it.
"""

import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, unquote

import botocore
import trustme

from bench.stub_rows import StubRows, stack

EXISTING = "existing"

_PUBLISHED = """<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">
<PublishBatchResult><Failed/><Successful><member><Id>0</Id>
<MessageId>8a0a4f2e-5d1e-5c53-9a5b-171ae1a0a8b5</MessageId>
<SequenceNumber>10000000000000003000</SequenceNumber></member></Successful></PublishBatchResult>
<ResponseMetadata><RequestId>d74b8436-ae13-5ab4-a9ff-ce54dfea72a0</RequestId></ResponseMetadata>
</PublishBatchResponse>"""
"""SNS's reply for a batch of one message."""

_WRITES = {"DeleteItem", "PutItem", "TransactWriteItems", "UpdateItem"}


@dataclass(frozen=True)
class Stub:
    """A running stub: its URL, and the file with the certificate of its authority."""

    url: str
    authority: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point a client of AWS at it."""
        return {
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "s",
            "AWS_SESSION_TOKEN": "t",
            "AWS_REGION": "eu-west-1",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_CA_BUNDLE": self.authority,
            "SSL_CERT_FILE": self.authority,
        }


@contextmanager
def running(folder: Path) -> Iterator[Stub]:
    """Run a stub, in a process of its own, during the body of this context."""
    authority, certificate, key = _certificate(folder)
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        # Not forked: this process may have threads.
        process = get_context("spawn").Process(
            target=_serve, args=(listener, certificate, key), daemon=True
        )
        process.start()
        try:
            yield Stub(f"https://localhost:{listener.getsockname()[1]}", authority)
        finally:
            process.terminate()
            process.join()


def _certificate(folder: Path) -> tuple[str, str, str]:
    authority = trustme.CA()
    # As many as every client of AWS loads, and one more.
    usual = Path(botocore.__file__).with_name("cacert.pem").read_bytes()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    names = [str(folder / name) for name in ("ca.pem", "certificate.pem", "key.pem")]
    Path(names[0]).write_bytes(usual + authority.cert_pem.bytes())
    issued.cert_chain_pems[0].write_to_path(names[1])
    issued.private_key_pem.write_to_path(names[2])
    return names[0], names[1], names[2]


def _serve(listener: socket.socket, certificate: str, key: str) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    rows = StubRows()
    while True:
        connection, _ = listener.accept()
        Thread(target=_converse, args=(connection, tls, rows), daemon=True).start()


def _converse(connection: socket.socket, tls: ssl.SSLContext, rows: StubRows) -> None:
    try:
        with tls.wrap_socket(connection, server_side=True) as secured:
            secured.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with secured.makefile("rb") as lines:
                while first := lines.readline():
                    length, operation = 0, ""
                    while line := lines.readline().strip():
                        name, _, value = line.decode().partition(": ")
                        if name.lower() == "content-length":
                            length = int(value)
                        elif name.lower() == "x-amz-target":
                            operation = value.partition(".")[2]
                        elif name.lower() == "expect":
                            secured.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                    body = lines.read(length)
                    secured.sendall(_response(rows, first.decode(), operation, body))
    except OSError:
        return  # The client is gone.


def _response(rows: StubRows, line: str, operation: str, body: bytes) -> bytes:
    try:
        content = _content(rows, line.split()[1], operation, body).encode()
        status = "200 OK"
    except (KeyError, ValueError) as error:
        # Not retried, and printed by every client.
        problem = {"__type": "com.amazon.coral#ValidationException", "message": repr(error)}
        content, status = json.dumps(problem).encode(), "400 Bad Request"
    kind = "text/xml" if content.startswith(b"<") else "application/x-amz-json-1.0"
    head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(content)}\r\n\r\n"
    return head.encode() + content


def _content(rows: StubRows, target: str, operation: str, body: bytes) -> str:
    if not operation and not body:
        path, _, query = target.partition("?")
        parameters = dict(parse_qsl(query, keep_blank_values=True))
        if "versions" not in parameters:
            raise ValueError(f"the stub has no {target}")
        return rows.versions(unquote(path.strip("/")), parameters)
    if not operation:
        parameters = dict(parse_qsl(body.decode()))
        if parameters["Action"] == "PublishBatch":
            return _PUBLISHED
        if parameters["Action"] != "DescribeStacks":
            raise ValueError(f"the stub has no {parameters['Action']}")
        return stack(parameters["StackName"])
    if operation in _WRITES:
        return "{}"
    request: dict[str, Any] = json.loads(body)
    if operation == "BatchExecuteStatement":
        replies = [_statement(each["Statement"]) for each in request["Statements"]]
        return json.dumps({"Responses": replies})
    if operation == "Query":
        return rows.query(request)
    raise ValueError(f"the stub has no {operation}")


def _statement(statement: str) -> dict[str, Any]:
    verb, table = statement.split(" ", 1)[0], statement.split('"', 2)[1]
    if (verb == "INSERT") == (table != EXISTING):
        return {"TableName": table}
    code = "DuplicateItem" if verb == "INSERT" else "ConditionalCheckFailed"
    return {"Error": {"Code": code, "Message": code}, "TableName": table}
