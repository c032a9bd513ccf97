"""HTTPS connections to one endpoint, kept for the next request.

Each request takes an idle connection or opens one, so there are as many as requests at once.
"""

import select
import ssl
import weakref
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import botocore
from botocore.exceptions import (
    BotoCoreError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
    SSLError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.message import Message


@dataclass(frozen=True, slots=True)
class Request:
    """A request to an endpoint. `path` and `query` are percent-encoded, the query sorted."""

    method: str
    query: str = ""
    headers: "Mapping[str, str]" = field(default_factory=dict)
    body: bytes = b""
    path: str = "/"


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, headers and whole body of a response."""

    status: int
    headers: "Message"
    body: bytes


_CLOSED = (ConnectionError, ssl.SSLEOFError)


class Transport:
    """Sends requests to the endpoint `url`.

    `connect_timeout` and `read_timeout` are in seconds. `ca_bundle` is a file with the trusted CA
    certificates; without one, botocore's are trusted.
    """

    def __init__(
        self, url: str, connect_timeout: float, read_timeout: float, ca_bundle: str | None = None
    ) -> None:
        parts = urlsplit(url)
        self.url = url
        self.host = parts.netloc
        self.path = parts.path.rstrip("/") or "/"
        self._tls = parts.scheme == "https"
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._ca_bundle = ca_bundle
        self._idle: deque[HTTPConnection] = deque()
        weakref.finalize(self, _close, self._idle)

    def connect(self) -> None:
        """Open a connection for the first request. If that fails, the request tries again."""
        with suppress(BotoCoreError):
            self._idle.append(self._connect())

    def send(self, request: Request) -> Reply:
        """Send `request`, and return the reply to it, whatever its status.

        Raises botocore's HTTPClientError or ConnectionError. The request may have been executed.
        """
        lines = [f"{request.method} {request.path}{request.query and '?'}{request.query} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        if any("\r" in line or "\n" in line for line in lines):
            # Without the value, which may be a token.
            raise HTTPClientError(error="a header has a line break")
        sent = "\r\n".join([*lines, "", ""]).encode() + request.body
        kept = self._kept()
        if kept:
            # The endpoint may close an idle connection while a request is on its way.
            with suppress(*_CLOSED):
                return self._exchange(kept, sent)
        try:
            return self._exchange(self._connect(), sent)
        except _CLOSED as error:
            raise ConnectionClosedError(endpoint_url=self.url, error=error) from error

    def _kept(self) -> HTTPConnection | None:
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return None
            # An idle connection has something to read only when the other side closed it, or sent
            # more than its reply.
            tls = connection.sock if isinstance(connection.sock, ssl.SSLSocket) else None
            poll = select.poll()
            poll.register(connection.sock, select.POLLIN)
            if not poll.poll(0) and not (tls and tls.pending()):
                return connection
            connection.close()

    def _connect(self) -> HTTPConnection:
        timeout = self._connect_timeout
        connection = (
            HTTPSConnection(self.host, timeout=timeout, context=_tls_context(self._ca_bundle))
            if self._tls
            else HTTPConnection(self.host, timeout=timeout)
        )
        try:
            connection.connect()
        except TimeoutError as error:
            raise ConnectTimeoutError(endpoint_url=self.url, error=error) from error
        except ssl.SSLError as error:
            raise SSLError(endpoint_url=self.url, error=error) from error
        except OSError as error:
            raise EndpointConnectionError(endpoint_url=self.url, error=error) from error
        connection.sock.settimeout(self._read_timeout)
        return connection

    def _exchange(self, connection: HTTPConnection, sent: bytes) -> Reply:
        """Raise an error of _CLOSED when the connection is closed before the reply begins."""
        begun = kept = False
        response = HTTPResponse(connection.sock)
        try:
            connection.send(sent)
            response.begin()
            begun = True
            reply = Reply(response.status, response.headers, response.read())
            kept = not response.will_close
        except TimeoutError as error:
            raise ReadTimeoutError(endpoint_url=self.url, error=error) from error
        except (HTTPException, OSError) as error:
            if isinstance(error, _CLOSED) and not begun:
                raise
            raise ConnectionClosedError(endpoint_url=self.url, error=error) from error
        finally:
            response.close()
            if kept:
                self._idle.append(connection)
            else:
                connection.close()
        return reply


@cache
def _tls_context(ca_bundle: str | None) -> ssl.SSLContext:
    trusted = ca_bundle or str(Path(botocore.__file__).with_name("cacert.pem"))
    return ssl.create_default_context(cafile=trusted)


def _close(connections: deque[HTTPConnection]) -> None:
    for connection in connections:
        connection.close()
