"""A browser without a screen: it sends requests to an ASGI application, and keeps its cookies."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message

PORT = 4711
TOKEN = "right-token"  # noqa: S105
ORIGIN = f"http://127.0.0.1:{PORT}"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Headers
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()


@dataclass
class Browser:
    """Sends what a browser sends from a page of the console, unless told otherwise."""

    app: ASGIApp
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        return self._send("GET", path, {**_USUAL, **(headers or {})})

    def post(
        self,
        path: str,
        form: Mapping[str, str] | bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        usual = {**_USUAL, "origin": ORIGIN, "content-type": "application/x-www-form-urlencoded"}
        return self._send(
            "POST",
            path,
            {**usual, **(headers or {})},
            form if isinstance(form, bytes) else urlencode(form).encode(),
        )

    def put(
        self, path: str, chunks: Sequence[bytes], headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send a body in `chunks`, after which the browser is gone if the last one is empty."""
        length = str(sum(map(len, chunks)))
        usual = {**_USUAL, "origin": ORIGIN, "content-length": length}
        return self._send("PUT", path, {**usual, **(headers or {})}, *chunks)

    def scope(
        self, method: str, path: str, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """The request as ASGI has it, with the cookies."""
        sent = {name: value for name, value in (headers or _USUAL).items() if value}
        if self.cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        where, _, query = path.partition("?")
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.1"},
            "method": method,
            "path": where,
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        }

    def _send(self, method: str, path: str, headers: Mapping[str, str], *body: bytes) -> Reply:
        reply = asyncio.run(_exchange(self.app, self.scope(method, path, headers), body))
        for line in reply.headers.getlist("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
        return reply


_USUAL = {"host": f"127.0.0.1:{PORT}", "sec-fetch-site": "same-origin"}


GONE = b""
"""The last chunk of a body whose sender is gone before its end."""


async def _exchange(app: ASGIApp, scope: dict[str, Any], body: Sequence[bytes]) -> Reply:
    messages: list[Message] = [
        {"type": "http.request", "body": chunk, "more_body": True} for chunk in body
    ]
    if len(body) > 1 and body[-1] == GONE:
        messages[-1] = {"type": "http.disconnect"}
    else:
        messages.append({"type": "http.request", "body": b"", "more_body": False})
    sent: list[Message] = []

    async def receive() -> Message:
        if messages:
            return messages.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    content = b"".join(message.get("body", b"") for message in sent[1:])
    return Reply(sent[0]["status"], Headers(raw=sent[0]["headers"]), content)
