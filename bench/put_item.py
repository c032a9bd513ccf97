"""CPU of one conditional put over TLS, of this project's client and of others, in the same run.

    PYTHONPATH=.:lambdas python -m bench.put_item [--peers PYTHON] [--rounds 5]

A server on the loopback answers at once. Each client puts in processes of its own, in turns, so
that all have the same share of a noisy machine. `--peers` is the Python of an environment with
pydynox and awscrt, which the project does not install. Prints medians: the CPU of a whole process
until its first row is written, that of its first put alone, and of each further put.
"""

import argparse
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from multiprocessing import Process
from pathlib import Path
from statistics import median

PUTS = 500
WARM = 50
ITEM: dict[str, object] = {
    "pk": {"S": "photos-example#3"},
    "sk": {"S": "2026/11/26/picture-000123.jpg"},
    "sequencer": {"S": "0067453F2A8B1C0D3E" + "0" * 14},
    "event_time": {"S": "2026-11-26T12:00:00.005Z"},
    "event_name": {"S": "ObjectCreated:Put"},
    "size": {"N": "1234567"},
    "etag": {"S": "d41d8cd98f00b204e9800998ecf8427e"},
}
PLAIN = {
    name: int(value["N"]) if "N" in value else value["S"]  # type: ignore[operator,index]
    for name, value in ITEM.items()
}
CONDITION = "attribute_not_exists(pk) OR sequencer < :sequencer"
REPLY = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: 2\r\n\r\n{}"
)

Put = Callable[[], object]


def _ours() -> Put:
    # As in a Lambda function.
    os.environ["AWS_LAMBDA_FUNCTION_NAME"] = "ingest"
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]
    os.environ.pop("REQUESTS_CA_BUNDLE", None)
    from s3_catalog import clients  # noqa: PLC0415

    client = clients.dynamodb()
    request: dict[str, object] = {
        "TableName": "t",
        "Item": ITEM,
        "ConditionExpression": CONDITION,
        "ExpressionAttributeValues": {":sequencer": ITEM["sequencer"]},
    }
    return lambda: client.put_item(**request)  # type: ignore[arg-type]


def _botocore() -> Put:
    from botocore.session import Session  # noqa: PLC0415

    client = Session().create_client("dynamodb")
    values = {":sequencer": ITEM["sequencer"]}
    return lambda: client.put_item(
        TableName="t",
        Item=ITEM,
        ConditionExpression=CONDITION,
        ExpressionAttributeValues=values,
    )


def _boto3() -> Put:
    import boto3  # noqa: PLC0415

    table = boto3.resource("dynamodb").Table("t")
    values = {":sequencer": PLAIN["sequencer"]}
    return lambda: table.put_item(
        Item=PLAIN, ConditionExpression=CONDITION, ExpressionAttributeValues=values
    )


def _pydynox() -> Put:
    from pydynox import DynamoDBClient  # noqa: PLC0415

    client = DynamoDBClient(endpoint_url=os.environ["AWS_ENDPOINT_URL"])
    values = {":sequencer": PLAIN["sequencer"]}
    return lambda: client.sync_put_item(
        "t", PLAIN, condition_expression=CONDITION, expression_attribute_values=values
    )


def _awscrt() -> Put:
    """Sign and send with the AWS Common Runtime, and do nothing else: no retries, no errors."""
    from awscrt import auth, http, io  # noqa: PLC0415

    credentials = auth.AwsCredentialsProvider.new_static("a", "s", "t")
    host, port = os.environ["AWS_ENDPOINT_URL"].removeprefix("https://").split(":")
    options = io.TlsContextOptions()
    options.override_default_trust_store_from_path(None, os.environ["AWS_CA_BUNDLE"])
    tls = io.ClientTlsContext(options).new_connection_options()
    tls.set_server_name(host)
    connection = http.HttpClientConnection.new(host, int(port), tls_connection_options=tls).result()
    config = {
        "algorithm": auth.AwsSigningAlgorithm.V4,
        "signature_type": auth.AwsSignatureType.HTTP_REQUEST_HEADERS,
        "credentials_provider": credentials,
        "region": "eu-west-1",
        "service": "dynamodb",
    }

    def put() -> object:
        body = json.dumps(
            {
                "TableName": "t",
                "Item": ITEM,
                "ConditionExpression": CONDITION,
                "ExpressionAttributeValues": {":sequencer": ITEM["sequencer"]},
            }
        ).encode()
        headers = http.HttpHeaders(
            [
                ("host", f"{host}:{port}"),
                ("content-type", "application/x-amz-json-1.0"),
                ("x-amz-target", "DynamoDB_20120810.PutItem"),
                ("content-length", str(len(body))),
            ]
        )
        request = http.HttpRequest("POST", "/", headers, io.InputStream(_stream(body)))
        signed = auth.aws_sign_request(request, auth.AwsSigningConfig(**config)).result()
        received: list[bytes] = []
        stream = connection.request(signed, on_body=lambda chunk, **_: received.append(chunk))
        stream.activate()
        stream.completion_future.result()
        return json.loads(b"".join(received))

    return put


def _stream(body: bytes) -> object:
    import io as streams  # noqa: PLC0415

    return streams.BytesIO(body)


CLIENTS = {
    "boto3, Table.put_item": _boto3,
    "botocore, client.put_item": _botocore,
    "this project": _ours,
    "pydynox": _pydynox,
    "awscrt, signed by hand": _awscrt,
}
PEERS = {"pydynox", "awscrt, signed by hand"}


def _measure(name: str) -> None:
    """Put, and print the CPU in seconds: until the first row, of its put, and of a further one."""
    put = CLIENTS[name]()
    ready = time.process_time()
    put()
    first = time.process_time()
    for _ in range(WARM):
        put()
    start = time.process_time()
    for _ in range(PUTS):
        put()
    each = (time.process_time() - start) / PUTS
    print(json.dumps([first, first - ready, each]), flush=True)
    os._exit(0)  # The interpreter's teardown is part of no start.


def _serve(listener: socket.socket, certificate: str, key: str) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    while True:
        connection, _ = listener.accept()
        try:
            with tls.wrap_socket(connection, server_side=True) as secured:
                _converse(secured)
        except OSError:
            continue


def _converse(connection: ssl.SSLSocket) -> None:
    with connection.makefile("rb") as lines:
        while lines.readline():
            length = 0
            while (line := lines.readline().strip().lower()) != b"":
                if line.startswith(b"content-length:"):
                    length = int(line.partition(b":")[2])
            lines.read(length)
            connection.sendall(REPLY)


def _certificate(folder: Path) -> tuple[str, str, str]:
    import botocore  # noqa: PLC0415
    import trustme  # noqa: PLC0415

    authority = trustme.CA()
    # As many as every AWS client loads, and one more.
    usual = Path(botocore.__file__).with_name("cacert.pem").read_bytes()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    names = [str(folder / name) for name in ("ca.pem", "certificate.pem", "key.pem")]
    Path(names[0]).write_bytes(usual + authority.cert_pem.bytes())
    issued.cert_chain_pems[0].write_to_path(names[1])
    issued.private_key_pem.write_to_path(names[2])
    return names[0], names[1], names[2]


def _compare(peers: str | None, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
        authority, certificate, key = _certificate(Path(folder))
        serving = Process(target=_serve, args=(server, certificate, key), daemon=True)
        serving.start()
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": ".:lambdas",
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "s",
            "AWS_SESSION_TOKEN": "t",
            "AWS_REGION": "eu-west-1",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ENDPOINT_URL": f"https://localhost:{server.getsockname()[1]}",
            "AWS_CA_BUNDLE": authority,
            "SSL_CERT_FILE": authority,
        }
        found: dict[str, list[list[float]]] = {}
        for _ in range(rounds):
            for name in CLIENTS:
                python = peers if name in PEERS else sys.executable
                if python:
                    found.setdefault(name, []).append(_run(python, name, environment))
        serving.terminate()
    _print(found)


def _run(python: str, name: str, environment: Mapping[str, str]) -> list[float]:
    command = [python, "-m", "bench.put_item", "--measure", name]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    seconds: list[float] = json.loads(done.stdout.splitlines()[-1])
    return seconds


def _print(found: Mapping[str, list[list[float]]]) -> None:
    print("| client | process to first row, ms | its first put, ms | each further put, us |")
    print("|---|---|---|---|")
    medians = {
        name: [median(column) for column in zip(*pairs, strict=True)]
        for name, pairs in found.items()
    }
    base = next(iter(medians.values()))
    for name, (whole, first, each) in medians.items():
        print(
            f"| {name} | {whole * 1e3:.0f} ({whole / base[0]:.2f}x) | {first * 1e3:.1f} "
            f"| {each * 1e6:.0f} ({each / base[2]:.2f}x) |"
        )


def main() -> None:
    """Compare the clients, or measure one in this process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers", help="Python with pydynox and awscrt")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        _measure(options.measure)
    else:
        _compare(options.peers, options.rounds)


if __name__ == "__main__":
    main()
