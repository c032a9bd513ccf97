"""The page of what failed: with hostile keys, refusals, and what a redrive gives to whom."""

from dataclasses import replace
from urllib.parse import quote_plus

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.console.current_numbers import CurrentNumbers
from reinventure.console.part_numbers import PartNumbers
from reinventure.console.served import Served
from tests.unit.aws.letters import in_queue, send, send_failures
from tests.unit.console.asgi_browser import Browser
from tests.unit.console.conftest import opened

HOSTILE = '"><img src=x onerror=alert(1)>'


def failed_event(key: str, reason: str) -> dict[str, object]:
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventTime": "2026-11-23T10:15:30.000Z",
        "eventName": "ObjectCreated:Put",
        "s3": {
            "bucket": {"name": "photos"},
            "object": {
                "key": quote_plus(key),
                "size": 1,
                "eTag": "e",
                "sequencer": "00692000000000000A",
            },
        },
    }
    return {
        "requestContext": {"functionArn": "function:ingest", "condition": "RetriesExhausted"},
        "requestPayload": {"Records": [record]},
        "responsePayload": {"errorMessage": reason},
    }


def test_nothing_failed(browser: Browser) -> None:
    text = browser.get("/failures").text
    assert "Nothing failed" in text
    assert "<button>Redrive" not in text
    assert 'action="/failures/redrive"' not in text


def test_each_message_shows_why_it_failed_and_where_it_would_go(
    browser: Browser, catalog: DeployedCatalog
) -> None:
    send(catalog, failed_event(HOSTILE, "<b>boom</b>"))
    send_failures(catalog, "totals")
    send(catalog, failed_event("forged", "x"), sender="AROAOTHER:session")
    text = browser.get("/failures").text
    assert "3 messages failed" in text
    assert "&lt;b&gt;boom&lt;/b&gt;" in text
    assert "&quot;&gt;&lt;img" in text or '"&gt;&lt;img src=x onerror=alert(1)&gt;' in text
    assert "<img" not in text
    assert "goes to ingest" in text
    assert "totals cannot be redriven" in text
    assert "not trusted: sender AROAOTHER:session" in text
    # One that can be redriven: a button of its own, and one for all of that kind.
    assert text.count('action="/failures/redrive"') == 2
    assert ">Redrive 1</button>" in text
    # The number on the drawing leads to them.
    assert '<section id="totals">' in text
    # They are all still there.
    assert len(in_queue(catalog)) == 3


class TwoFailures:
    """Reads the numbers of a system in which two messages failed."""

    def read(self) -> dict[str, PartNumbers]:
        return {"ingest": PartNumbers(waiting=2)}


def test_the_navigation_has_their_number(browser: Browser, here: Served) -> None:
    assert 'class="count"' not in browser.get("/").text
    numbers = CurrentNumbers(TwoFailures(), here.events)
    numbers.read()
    text = opened(replace(here, numbers=numbers)).get("/differences").text
    assert 'Failures<span class="count">2</span>' in text
