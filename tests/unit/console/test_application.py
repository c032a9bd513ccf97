"""The pages, as the application sends them."""

import asyncio
import re

from starlette.types import Message

from reinventure.console import pages
from reinventure.console.served import Served
from tests.unit.console.asgi_browser import PORT, Browser
from tests.unit.console.conftest import opened


def test_every_page_of_the_navigation_is_there(breakable: Served) -> None:
    browser = opened(breakable)
    for each in pages.listed(breakable=True):
        reply = browser.get(each.PATH)
        assert reply.status == 200, each.PATH
        assert reply.headers["content-type"] == "text/html; charset=utf-8"
        if each.NAME:
            assert f'<a href="{each.PATH}" aria-current="page"' in reply.text


def test_a_page_that_is_not_there(browser: Browser) -> None:
    reply = browser.get("/nothing")
    assert reply.status == 404
    assert "There is no such page." in reply.text


def test_the_live_page_draws_the_bucket_twice_wide_and_narrow(
    browser: Browser, here: Served
) -> None:
    text = browser.get("/").text
    assert text.count("<svg") == 2
    assert text.count(f"<title>{here.catalog.bucket}</title>") == 2


def streamed(browser: Browser, path: str, headers: dict[str, str], parts: int) -> str:
    """The first `parts` of the stream at `path`; then the page is left."""

    async def visit() -> str:
        found: list[str] = []
        left = asyncio.Event()
        requests = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> Message:
            if requests:
                return requests.pop()
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                assert (b"content-type", b"text/event-stream; charset=utf-8") in message["headers"]
            elif not left.is_set():
                found.append(message["body"].decode())
                if len(found) == parts:
                    left.set()

        await browser.app(browser.scope("GET", path, headers), receive, send)
        return "".join(found)

    return asyncio.run(visit())


HOST = {"host": f"127.0.0.1:{PORT}"}


def test_the_stream_of_a_page_that_is_left_is_closed(browser: Browser, here: Served) -> None:
    assert streamed(browser, "/events?after=x", HOST, 2).endswith("event: reload\ndata: null\n\n")
    assert here.events.readers == 0


def test_a_browser_that_connects_again_gets_what_came_since_its_last_event(
    browser: Browser, here: Served
) -> None:
    loaded = here.events.position()
    here.events.publish("change", 1)
    last = here.events.position()
    here.events.publish("change", 2)
    assert "data: 1\n" in streamed(browser, f"/events?after={loaded}", HOST, 2)
    again = streamed(browser, f"/events?after={loaded}", {**HOST, "last-event-id": last}, 2)
    assert "data: 2\n" in again
    assert "data: 1\n" not in again


def test_the_files_are_served_with_their_types(browser: Browser) -> None:
    types = {"console.css": "text/css", "frame.js": "text/javascript", "icon.svg": "image/svg+xml"}
    for name, expected in types.items():
        reply = browser.get(f"/static/{name}")
        assert reply.status == 200
        assert reply.headers["content-type"].partition(";")[0] == expected
        assert reply.headers["cache-control"] == "no-store"
    assert browser.get("/static/../server.py").status == 404


def test_no_page_has_a_script_or_a_style_within(browser: Browser) -> None:
    for each in pages.listed(breakable=True):
        text = browser.get(each.PATH).text
        assert " style=" not in text
        assert "<style" not in text
        assert re.findall(r"<script[^>]*>([^<]*)</script>", text).count("") == text.count("<script")
        assert not re.findall(r" on[a-z]+=", text)
        # Nothing is loaded from elsewhere.
        assert not re.findall(r'(?:src|href|action)="(?!/|#|")', text)
