"""Who may send what to the console."""

import asyncio
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from reinventure.console.guard import Guard
from tests.unit.console.asgi_browser import ORIGIN, PORT, TOKEN, Browser

COOKIE = f"reinventure-console-{PORT}"


def guarded(*, read_only: bool = False) -> Guard:
    return Guard(
        PlainTextResponse("inside"),
        port=PORT,
        token=TOKEN,
        read_only=read_only,
        readings=["/compare"],
    )


@pytest.fixture
def stranger() -> Browser:
    return Browser(guarded())


@pytest.fixture
def guest() -> Browser:
    return Browser(guarded(), {COOKIE: TOKEN})


def test_the_address_is_exchanged_for_a_cookie_that_no_script_and_no_other_site_gets(
    stranger: Browser,
) -> None:
    assert guarded().address == f"{ORIGIN}/?token={TOKEN}"
    reply = stranger.get(f"/failures?x=a%26b&token={TOKEN}")
    assert (reply.status, reply.headers["location"]) == (303, "/failures?x=a%26b")
    cookie = {part.strip().lower() for part in reply.headers["set-cookie"].split(";")}
    assert {f"{COOKIE}={TOKEN}", "httponly", "samesite=strict", "path=/"} <= cookie
    assert stranger.get("/failures").text == "inside"


@pytest.mark.parametrize("path", ["//evil.example/", "/\\evil.example/"])
def test_the_token_leads_to_no_other_host(stranger: Browser, path: str) -> None:
    location = stranger.get(f"{path}?token={TOKEN}").headers["location"]
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))


@pytest.mark.parametrize(
    "path", ["/", "/?token=", "/?token=wrong", f"/?token={TOKEN}x", f"/?token={TOKEN}&token=wrong"]
)
def test_without_the_token_there_is_nothing(stranger: Browser, path: str) -> None:
    reply = stranger.get(path)
    assert reply.status == 403
    assert "inside" not in reply.text
    assert TOKEN not in reply.text
    assert "set-cookie" not in reply.headers


def test_a_wrong_cookie_is_none(stranger: Browser) -> None:
    stranger.cookies[COOKIE] = "wrong"
    assert stranger.get("/").status == 403
    stranger.cookies = {"reinventure-console-1": TOKEN}
    assert stranger.get("/").status == 403


def test_a_token_in_the_address_of_a_form_is_none(stranger: Browser) -> None:
    assert stranger.post(f"/?token={TOKEN}").status == 403


@pytest.mark.parametrize(
    "host", ["", "evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:80", "localhost"]
)
def test_a_name_that_was_made_to_resolve_to_this_machine_is_refused(
    guest: Browser, host: str
) -> None:
    assert guest.get("/", {"host": host}).status == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": f"https://127.0.0.1:{PORT}"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_another_site_can_send_nothing(guest: Browser, headers: dict[str, str]) -> None:
    assert guest.post("/", headers=headers).status == 403
    assert guest.get("/", headers).status == 403


def test_a_form_without_origin_is_refused(guest: Browser) -> None:
    assert guest.post("/", headers={"origin": ""}).status == 403
    assert guest.post("/").text == "inside"


def test_a_person_who_types_the_address_is_of_no_site(guest: Browser) -> None:
    assert guest.get("/", {"sec-fetch-site": "none"}).text == "inside"
    assert guest.get("/", {"sec-fetch-site": ""}).text == "inside"


def test_read_only_refuses_every_change() -> None:
    browser = Browser(guarded(read_only=True), {COOKIE: TOKEN})
    assert browser.get("/").text == "inside"
    assert browser.post("/compare").text == "inside"
    reply = browser.post("/repair")
    assert reply.status == 403
    assert "--read-only" in reply.text


@pytest.mark.parametrize("token", [f"?token={TOKEN}", "?token=wrong", ""])
def test_every_reply_has_the_headers(guest: Browser, token: str) -> None:
    headers = guest.get(f"/{token}").headers
    policy = {
        name: values
        for name, *values in (
            part.split() for part in headers["content-security-policy"].split(";")
        )
    }
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == ["'self'"]
    assert policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
    assert policy["form-action"] == ["'self'"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    # With no-referrer, a form of this site would have the origin `null`.
    assert headers["referrer-policy"] == "same-origin"


def test_a_web_socket_is_refused() -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message["type"])

    asyncio.run(guarded()({"type": "websocket", "headers": []}, receive, send))
    assert sent == ["websocket.close"]
