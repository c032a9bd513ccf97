"""HTTPS connections to one endpoint, kept for the next request.

Each request takes an idle connection or opens one, so there are as many as requests at once.
"""

import select
import ssl
import weakref
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import Message
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from threading import Lock
from urllib.parse import urlsplit

import botocore
from botocore import exceptions


@dataclass(frozen=True, slots=True)
class Request:
    """A request to an endpoint. `path` and `query` are percent-encoded, the query sorted."""

    method: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    path: str = "/"


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, headers and whole body of a response."""

    status: int
    headers: Message
    body: bytes


@dataclass(eq=False)
class Transport:
    """Sends requests to the endpoint `url`.

    `connect_timeout` and `read_timeout` are in seconds. `ca_bundle` is a file with the trusted CA
    certificates; without one, botocore's are trusted.
    """

    url: str
    connect_timeout: float
    read_timeout: float
    ca_bundle: str | None = None
    _idle: deque[HTTPConnection] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self._scheme, self.host, path, *_ = urlsplit(self.url)
        self.path = path.rstrip("/") or "/"
        weakref.finalize(self, _close, self._idle)

    def connect(self) -> None:
        """Open a connection for the first request. If that fails, the request tries again."""
        with suppress(exceptions.BotoCoreError):
            self._idle.append(self._connect())

    def send(self, request: Request) -> Reply:
        """Send `request`, and return the reply to it, whatever its status.

        Raises botocore's HTTPClientError or ConnectionError. The request may have been executed.
        """
        lines = [f"{request.method} {request.path}{request.query and '?'}{request.query} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        if any("\r" in line or "\n" in line for line in lines):
            # Without the value, which may be a token.
            raise exceptions.HTTPClientError(error="a header has a line break")
        connection, kept = self._kept() or self._connect(), False
        response = HTTPResponse(connection.sock)
        try:
            connection.send("\r\n".join([*lines, "", ""]).encode() + request.body)
            response.begin()
            reply = Reply(response.status, response.headers, response.read())
            kept = not response.will_close
        except TimeoutError as error:
            raise exceptions.ReadTimeoutError(endpoint_url=self.url, error=error) from error
        except (HTTPException, OSError) as error:
            raise exceptions.ConnectionClosedError(endpoint_url=self.url, error=error) from error
        finally:
            response.close()
            if kept:
                self._idle.append(connection)
            else:
                connection.close()
        return reply

    def _kept(self) -> HTTPConnection | None:
        with suppress(IndexError):
            while True:
                connection = self._idle.pop()
                # An idle connection has something to read only when the other side closed it, or
                # sent more than its reply.
                tls = connection.sock if isinstance(connection.sock, ssl.SSLSocket) else None
                poll = select.poll()
                poll.register(connection.sock, select.POLLIN)
                if not poll.poll(0) and not (tls and tls.pending()):
                    return connection
                connection.close()
        return None

    def _connect(self) -> HTTPConnection:
        connection = HTTPConnection(self.host, timeout=self.connect_timeout)
        if self._scheme == "https":
            with _LOADING:
                context = _tls_context(self.ca_bundle)
            connection = HTTPSConnection(self.host, timeout=self.connect_timeout, context=context)
        try:
            connection.connect()
        except TimeoutError as error:
            raise exceptions.ConnectTimeoutError(endpoint_url=self.url, error=error) from error
        except ssl.SSLError as error:
            raise exceptions.SSLError(endpoint_url=self.url, error=error) from error
        except OSError as error:
            raise exceptions.EndpointConnectionError(endpoint_url=self.url, error=error) from error
        connection.sock.settimeout(self.read_timeout)
        return connection


_LOADING = Lock()
"""One thread loads the certificates, and the others wait for them: it takes 20 ms of CPU."""


@cache
def _tls_context(ca_bundle: str | None) -> ssl.SSLContext:
    trusted = ca_bundle or str(Path(botocore.__file__).with_name("cacert.pem"))
    return ssl.create_default_context(cafile=trusted)


def _close(connections: deque[HTTPConnection]) -> None:
    for connection in connections:
        connection.close()
