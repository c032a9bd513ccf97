"""What protects the console: it serves one person, on this machine, in a browser.

Any page that the person has open may send requests to 127.0.0.1, and any name can be made to
resolve to it (DNS rebinding). So a request must name this host and port, come from no other origin,
and have the token. The token is in the address that the command prints; the first request exchanges
it for a cookie that the browser sends from this site only, and no script reads.
"""

import secrets
from collections.abc import Collection
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOST = "127.0.0.1"

TOKEN = "token"  # noqa: S105 (the name of the parameter)
"""Parameter of the address that has the token."""

_SAFE = frozenset({"GET", "HEAD"})
"""Methods that change nothing (RFC 9110, 9.2.1)."""

POLICY = "Content-Security-Policy"

HEADERS = {
    POLICY: (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # With no-referrer, browsers would send `Origin: null` with a form of this site.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Keys and metadata of objects: nothing of it stays on the disk.
    "Cache-Control": "no-store",
}
"""Headers of every response, refusals included."""


class Guard:
    """The ASGI application `app`, for those who have `token`, at 127.0.0.1:`port`.

    With `read_only`, only the paths `readings` take other methods than GET and HEAD.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        port: int,
        token: str,
        read_only: bool = False,
        readings: Collection[str] = (),
    ) -> None:
        self._app, self._token = app, token
        self._host = f"{HOST}:{port}"
        # Cookies are of a host, for all its ports: two consoles must not share one.
        self._cookie = f"reinventure-console-{port}"
        self._read_only, self._readings = read_only, frozenset(readings)

    @property
    def address(self) -> str:
        """The URL of the console, with the token."""
        return f"http://{self._host}/?{urlencode({TOKEN: self._token})}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, or pass it on. The lifespan passes; a web socket is refused."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                stricter = headers.get(POLICY)
                headers.update(HEADERS)
                if stricter:
                    # Of several policies, all hold: another one never allows more.
                    headers.append(POLICY, stricter)
            await send(message)

        answer = self._refusal(scope) or self._admission(scope) or self._app
        await answer(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        """Return the response to a request that is not from a page of this console, or None."""
        headers, method = Headers(scope=scope), scope["method"]
        # Of several, none counts.
        if headers.getlist("host") != [self._host]:
            return _refused(HTTPStatus.MISDIRECTED_REQUEST, f"Only http://{self._host} is served.")
        origin = headers.get("origin")
        if origin is None and method not in _SAFE:
            return _refused(HTTPStatus.FORBIDDEN, "The request has no Origin.")
        if origin not in (None, f"http://{self._host}"):
            return _refused(HTTPStatus.FORBIDDEN, "The request is from another site.")
        # Older browsers do not send it.
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return _refused(HTTPStatus.FORBIDDEN, "The request is from another site.")
        return None

    def _admission(self, scope: Scope) -> Response | None:
        """Return the response to a request without the cookie, or that read-only excludes."""
        method, path = scope["method"], scope["path"]
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = [value for name, value in query if name == TOKEN]
        if given and method in _SAFE:
            if not all(map(self._is_token, given)):
                return self._stranger()
            rest = urlencode([(name, value) for name, value in query if name != TOKEN])
            # One slash: with two, the rest would be the name of another host.
            where = f"/{path.lstrip('/')}{'?' if rest else ''}{rest}"
            response = RedirectResponse(where, HTTPStatus.SEE_OTHER)
            response.set_cookie(self._cookie, self._token, httponly=True, samesite="strict")
            return response
        cookies = cookie_parser(Headers(scope=scope).get("cookie", ""))
        if not self._is_token(cookies.get(self._cookie, "")):
            return self._stranger()
        if self._read_only and method not in _SAFE and path not in self._readings:
            return _refused(HTTPStatus.FORBIDDEN, "The console was started with --read-only.")
        return None

    def _is_token(self, text: str) -> bool:
        return secrets.compare_digest(text.encode(), self._token.encode())

    def _stranger(self) -> Response:
        return _refused(
            HTTPStatus.FORBIDDEN,
            "Open the address that `reinventure console` printed: it has a token.",
        )


def _refused(status: HTTPStatus, reason: str) -> Response:
    return PlainTextResponse(f"{reason}\n", status)
