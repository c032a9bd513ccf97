"""The pages, as the application sends them."""

from reinventure.console import pages
from reinventure.console.served import Served
from tests.unit.console.asgi_browser import Browser


def test_every_page_of_the_navigation_is_there(browser: Browser) -> None:
    for each in pages.listed():
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
