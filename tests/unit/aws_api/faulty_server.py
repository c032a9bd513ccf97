"""An HTTP server on the loopback that answers as a script says: with faults, in order."""

import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import BinaryIO

RESET = struct.pack("ii", 1, 0)
"""Linger for no time: closing such a socket sends RST in place of FIN."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server sends, and what it does to the connection then.

    `then` is "keep", "close", "reset", or "hang": until the client closes it.
    """

    data: bytes = b""
    then: str = "keep"


def reply(
    body: bytes = b"{}", status: str = "200 OK", *headers: str, length: int | None = None
) -> bytes:
    """Return an HTTP response; its `length` may be wrong."""
    size = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status}", f"content-length: {size}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


OK = Answer(reply())


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it arrived: its first line, its headers by lower-case name, and its body."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class FaultyServer:
    """A server with its URL. `script` has the next answers; without any it is `OK`."""

    url: str
    script: list[Answer] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    _lock: Lock = field(default_factory=Lock)

    def serve(self, listener: socket.socket, tls: ssl.SSLContext | None) -> None:
        """Accept connections until the listener is shut down."""
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
            Thread(target=self._converse, args=(connection, tls), daemon=True).start()

    def _converse(self, connection: socket.socket, tls: ssl.SSLContext | None) -> None:
        try:
            if tls:
                connection = tls.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as lines:
                while request := _read(lines):
                    with self._lock:
                        self.requests.append(request)
                        answer = self.script.pop(0) if self.script else OK
                    connection.sendall(answer.data)
                    if answer.then == "hang":
                        connection.recv(1)
                    if answer.then == "reset":
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    if answer.then != "keep":
                        return
        except OSError:  # The client closed the connection, or refused the certificate.
            connection.close()


def _read(lines: BinaryIO) -> Request | None:
    first = lines.readline()
    if not first:
        return None
    headers: dict[str, str] = {}
    while (line := lines.readline().strip()) != b"":
        name, _, value = line.decode().partition(": ")
        headers[name.lower()] = value
    body = lines.read(int(headers.get("content-length", "0")))
    return Request(first.decode().strip(), headers, body)


@contextmanager
def faulty_server(tls: ssl.SSLContext | None = None) -> Iterator[FaultyServer]:
    """Run a server on a free port of the loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        scheme = "https" if tls else "http"
        server = FaultyServer(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}")
        thread = Thread(target=server.serve, args=(listener, tls), daemon=True)
        thread.start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
