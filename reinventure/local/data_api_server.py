"""The stand-in of the RDS Data API on the local cloud, in front of MariaDB.

`python -m reinventure.local.data_api_server` serves it. An AWS client uses it with its URL as the
endpoint of `rds-data`. It has the operations that the SQL mirror uses: ExecuteStatement,
BeginTransaction and RollbackTransaction, as for Aurora MySQL. Names, paths, types and errors are
those of the service's model in botocore. It does not authenticate callers: it listens on the
loopback only.
"""

import argparse
import base64
import json
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pymysql
from pymysql.constants import FIELD_TYPE

from reinventure.local import mariadb
from reinventure.local.named_parameters import MissingError, by_position

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from pymysql.cursors import Cursor

MAX_REQUEST = 4 * 2**20
MAX_ANSWER = 2**20
MAX_ROW = 64 * 2**10
"""Bytes; the service's limits."""

IDLE_SECONDS = 3 * 60
"""Time without a call after which a transaction ends."""

_WHOLE = {
    FIELD_TYPE.TINY: "TINYINT",
    FIELD_TYPE.SHORT: "SMALLINT",
    FIELD_TYPE.INT24: "MEDIUMINT",
    FIELD_TYPE.LONG: "INT",
    FIELD_TYPE.LONGLONG: "BIGINT",
    FIELD_TYPE.YEAR: "YEAR",
}
_REAL = {FIELD_TYPE.FLOAT: "FLOAT", FIELD_TYPE.DOUBLE: "DOUBLE"}
_NAMES = {
    **_WHOLE,
    **_REAL,
    FIELD_TYPE.DECIMAL: "DECIMAL",
    FIELD_TYPE.NEWDECIMAL: "DECIMAL",
    FIELD_TYPE.DATE: "DATE",
    FIELD_TYPE.TIME: "TIME",
    FIELD_TYPE.DATETIME: "DATETIME",
    FIELD_TYPE.TIMESTAMP: "TIMESTAMP",
}
"""The types' names by their numbers in the protocol. Text and bytes share a number."""

_DECODERS: dict[int, Any] = {**dict.fromkeys(_WHOLE, int), **dict.fromkeys(_REAL, float)}
"""The driver's conversions. A value of any other type stays text, as the service returns it."""

_BINARY = 63
"""The character set of bytes."""


class DataApiError(Exception):
    """An error as the service returns it: `code` of its model, HTTP `status` and message."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


@dataclass(frozen=True)
class Login:
    """A user of the database, as in a secret."""

    user: str
    password: str


@dataclass
class _Transaction:
    connection: "Connection[Cursor]"
    secret: str
    used: float
    lock: threading.Lock = field(default_factory=threading.Lock)


class DataApi:
    """The API of the database `cluster` (ARN), to which `connect` connects.

    `login` returns the user of a secret's ARN; it raises KeyError when no such secret exists.
    """

    def __init__(
        self,
        cluster: str,
        login: Callable[[str], Login],
        connect: "Callable[[Login, str], Connection[Cursor]]",
    ) -> None:
        self._cluster = cluster
        self._login = login
        self._connect = connect
        self._transactions: dict[str, _Transaction] = {}
        self._operations: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "/Execute": self._execute,
            "/BeginTransaction": self._begin,
            "/RollbackTransaction": self._roll_back,
        }

    def answer(self, path: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the response of the operation at `path` to `request`. Raises DataApiError."""
        if path not in self._operations:
            raise DataApiError("UnknownOperationException", f"no operation at {path}", 404)
        if request.get("resourceArn") != self._cluster:
            raise DataApiError(
                "DatabaseNotFoundException", f"no database {request.get('resourceArn')}", 404
            )
        try:
            return self._operations[path](request)
        except MissingError as missing:
            raise DataApiError(
                "BadRequestException", f"Cannot find parameter: {missing}"
            ) from missing
        except pymysql.err.MySQLError as error:
            number, text = (*error.args, "")[:2]
            raise DataApiError("DatabaseErrorException", f"{text}; Error code: {number}") from error

    def _execute(self, request: Mapping[str, Any]) -> dict[str, Any]:
        sql, values = by_position(request["sql"], _values(request.get("parameters", [])))
        with self._connection(request) as connection, connection.cursor() as cursor:
            updated = cursor.execute(sql, values)
            if cursor.description is None:
                return {"numberOfRecordsUpdated": updated, "generatedFields": []}
            columns = _columns(cursor)
            records = [[_field(value) for value in row] for row in cursor.fetchall()]
        if any(len(json.dumps(record)) > MAX_ROW for record in records):
            raise DataApiError("DatabaseErrorException", "Packet for query is too large")
        answer: dict[str, Any] = {"records": records, "numberOfRecordsUpdated": 0}
        if request.get("includeResultMetadata"):
            answer["columnMetadata"] = columns
        return answer

    def _begin(self, request: Mapping[str, Any]) -> dict[str, Any]:
        connection = self._open(request)
        connection.begin()
        name = uuid4().hex
        secret = request["secretArn"]
        self._transactions[name] = _Transaction(connection, secret, time.monotonic())
        return {"transactionId": name}

    def _roll_back(self, request: Mapping[str, Any]) -> dict[str, Any]:
        with self._in_transaction(request) as connection:
            connection.rollback()
        del self._transactions[request["transactionId"]]
        connection.close()
        return {"transactionStatus": "Transaction Rolledback"}

    @contextmanager
    def _connection(self, request: Mapping[str, Any]) -> "Iterator[Connection[Cursor]]":
        """Yield the connection of the request's transaction, or one of its own."""
        if request.get("transactionId"):
            with self._in_transaction(request) as connection:
                yield connection
            return
        connection = self._open(request)
        try:
            yield connection
        finally:
            connection.close()

    @contextmanager
    def _in_transaction(self, request: Mapping[str, Any]) -> "Iterator[Connection[Cursor]]":
        self._expire()
        name = request["transactionId"]
        found = self._transactions.get(name)
        if found is None or found.secret != request.get("secretArn"):
            raise DataApiError(
                "TransactionNotFoundException", f"Transaction {name} is not found", 404
            )
        with found.lock:
            yield found.connection
            found.used = time.monotonic()

    def _expire(self) -> None:
        for name, transaction in list(self._transactions.items()):
            if time.monotonic() - transaction.used > IDLE_SECONDS and not transaction.lock.locked():
                self._transactions.pop(name, None)
                transaction.connection.close()

    def _open(self, request: Mapping[str, Any]) -> "Connection[Cursor]":
        try:
            login = self._login(request["secretArn"])
        except KeyError as missing:
            raise DataApiError(
                "SecretsErrorException", f"Secrets Manager can't find the secret {missing}"
            ) from None
        connection = self._connect(login, request.get("database", ""))
        connection.decoders = _DECODERS
        return connection


def _values(parameters: list[dict[str, Any]]) -> dict[str, object]:
    return {each["name"]: _value(each["value"]) for each in parameters}


def _value(parameter: Mapping[str, Any]) -> object:
    match parameter:
        case {"isNull": True}:
            return None
        case {"blobValue": blob}:
            return base64.b64decode(blob)
        case {"stringValue": value} | {"longValue": value} | {"booleanValue": value}:
            return value
        case {"doubleValue": value}:
            return float(value)
    raise DataApiError("BadRequestException", f"no value of a parameter: {sorted(parameter)}")


def _columns(cursor: Any) -> list[dict[str, Any]]:
    """Return the service's metadata of each column of the cursor's result."""
    # The cursor's public description does not distinguish text from bytes.
    return [
        {
            "name": described.org_name or described.name,
            "label": described.name,
            "typeName": _NAMES.get(described.type_code)
            or ("VARBINARY" if described.charsetnr == _BINARY else "VARCHAR"),
            "schemaName": "",
            "tableName": described.table_name,
            "precision": described.length,
            "scale": described.scale,
            "nullable": 1,
        }
        for described in cursor._result.fields
    ]


def _field(value: object) -> dict[str, Any]:
    match value:
        case None:
            return {"isNull": True}
        case bytes():
            return {"blobValue": base64.b64encode(value).decode()}
        case int():
            return {"longValue": value}
        case float():
            return {"doubleValue": value}
    return {"stringValue": str(value)}


def serve(api: DataApi, listener: socket.socket, tls: ssl.SSLContext | None) -> ThreadingHTTPServer:
    """Return a server for `api` on `listener`; it answers while `serve_forever` runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # Head and body in one packet; two would be 40 ms apart.

        def do_POST(self) -> None:
            try:
                status, answer, code = 200, self._answer(), None
            except DataApiError as error:
                status, answer, code = error.status, {"message": str(error)}, error.code
            content = json.dumps(answer).encode()
            self.send_response(status)
            if code:
                self.send_header("x-amzn-ErrorType", code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with suppress(ConnectionError):
                self.wfile.write(content)
                self.wfile.flush()

        def _answer(self) -> dict[str, Any]:
            size = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(size)
            if size > MAX_REQUEST:
                raise DataApiError("BadRequestException", "the request is larger than 4 MiB")
            try:
                request = json.loads(body)
            except ValueError as error:
                raise DataApiError("BadRequestException", f"not JSON: {error}") from error
            answer = api.answer(self.path, request)
            if len(json.dumps(answer.get("records", []))) > MAX_ANSWER:
                raise DataApiError(
                    "DatabaseErrorException", "Database response exceeded size limit"
                )
            return answer

        def log_message(self, *_: object) -> None:
            """Log nothing: statements may contain confidential values."""

    server = ThreadingHTTPServer(listener.getsockname()[:2], Handler, bind_and_activate=False)
    server.daemon_threads = True
    server.socket.close()
    server.socket = tls.wrap_socket(listener, server_side=True) if tls else listener
    return server


def main() -> None:
    """Serve until killed. The environment points at the local cloud that has the secrets."""
    parser = argparse.ArgumentParser(description="The stand-in of the RDS Data API.")
    parser.add_argument("--database", required=True, help="The database's socket.", type=Path)
    parser.add_argument("--listener", required=True, help="A listening descriptor.", type=int)
    parser.add_argument("--cluster", required=True, help="The cluster's ARN in requests.")
    parser.add_argument("--certificate", required=True, help="Its certificate.", type=Path)
    parser.add_argument("--key", required=True, help="The certificate's key.", type=Path)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    secrets = boto3.client("secretsmanager")

    def login(arn: str) -> Login:
        try:
            secret = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
        except secrets.exceptions.ResourceNotFoundException:
            raise KeyError(arn) from None
        return Login(secret["username"], secret["password"])

    def connect(login: Login, database: str) -> "Connection[Cursor]":
        return mariadb.connect(given.database, login.user, login.password, database)

    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(given.certificate, given.key)
    api = DataApi(given.cluster, login, connect)
    serve(api, socket.socket(fileno=given.listener), tls).serve_forever()


if __name__ == "__main__":
    main()
